package org.neuralattention.bench.text;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import org.neuralattention.bench.ablation.PublishedRoleGradient;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.model.MaskGradient;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.train.LrSchedule;
import org.neuralattention.train.TextTokens;
import org.neuralattention.train.TokenSource;
import picocli.CommandLine.Option;

/** The options that decide the result of any run, whatever it trains; defaults come from the command. */
abstract class RunOptions {

    private static final String PUBLISHED = "published";

    @Option(names = "--text", paramLabel = "FILE", arity = "1..*", description = "files, or folders of files, to train on")
    List<Path> text = List.of();

    @Option(names = "--valid", paramLabel = "FILE", arity = "1..*",
            description = "files, or folders, to measure on (the last twentieth of each file of --text, which is then not trained on)")
    List<Path> valid = List.of();

    @Option(names = "--batch", paramLabel = "N", description = "sequences in a pass (${DEFAULT-VALUE})")
    int batch = 8;

    @Option(names = "--seq-len", paramLabel = "N", description = "tokens in a sequence (${DEFAULT-VALUE})")
    int seqLen;

    @Option(names = "--accumulation", paramLabel = "N", description = "passes in a step (${DEFAULT-VALUE})")
    int accumulation = 1;

    @Option(names = "--steps", paramLabel = "N", description = "steps (${DEFAULT-VALUE})")
    long steps;

    @Option(names = "--lr", paramLabel = "X", description = "highest learning rate; a cosine takes it down to a tenth (${DEFAULT-VALUE})")
    BigDecimal lr; // is shown as it was written

    @Option(names = "--warmup", paramLabel = "N", description = "steps until --lr is reached (a twentieth of the steps)")
    Long warmup;

    @Option(names = "--role-gradient", paramLabel = "SHARE",
            description = "share of the query tiles that the role gradient looks at, drawn anew each step: exact, or 1/4, 1/8, ...: "
                    + "cheaper on long sequences, right on average; or published, for comparisons: as the kernels of the paper approximate it (${DEFAULT-VALUE})")
    String roleGradient = "exact";

    @Option(names = "--scorer-gradient", paramLabel = "HOW",
            description = "whether what the roles learn stays in their scorers (detached) or also changes the features they read (through) (${DEFAULT-VALUE})")
    String scorerGradient = "detached";

    @Option(names = "--eval-every", paramLabel = "N", description = "steps between held-out losses (${DEFAULT-VALUE})")
    long evalEvery = 50;

    @Option(names = "--checkpoint-every", paramLabel = "N", description = "steps between checkpoints (${DEFAULT-VALUE})")
    long checkpointEvery;

    /** What differs between commands. */
    RunOptions(int seqLen, long steps, String lr, long checkpointEvery) {
        this.seqLen = seqLen;
        this.steps = steps;
        this.lr = new BigDecimal(lr);
        this.checkpointEvery = checkpointEvery;
    }

    /** Refuses numbers that no run can have. */
    void check() {
        atLeastOne("--batch", batch);
        atLeastOne("--seq-len", seqLen);
        atLeastOne("--accumulation", accumulation);
        atLeastOne("--steps", steps);
        atLeastOne("--eval-every", evalEvery);
        atLeastOne("--checkpoint-every", checkpointEvery);
        if (lr.signum() <= 0 || lr.compareTo(BigDecimal.ONE) > 0) {
            throw new UserError("--lr " + lr + ": must be positive, and at most 1.");
        }
        if (rise() < 0 || rise() > steps) {
            throw new UserError("--warmup " + rise() + ": must be in [0, " + steps + "], the number of steps.");
        }
    }

    private long rise() {
        return warmup != null ? warmup : steps / 20;
    }

    LrSchedule lrSchedule() {
        return LrSchedule.cosine(lr.doubleValue(), lr.doubleValue() / 10, rise(), steps);
    }

    /** N of {@code 1/N}, 1 of others. */
    int roleGradientOneIn() {
        if (roleGradient.equals("exact") || roleGradient.equals(PUBLISHED)) {
            return 1;
        }
        if (!roleGradient.matches("1/[1-9][0-9]{0,5}")) {
            throw new UserError("--role-gradient " + roleGradient + ": must be exact, 1/4, 1/8, ... or published.");
        }
        return Integer.parseInt(roleGradient.substring(2));
    }

    MaskGradient maskGradient() {
        return roleGradient.equals(PUBLISHED) ? PublishedRoleGradient::add : MaskGradient.EXACT;
    }

    boolean detached() {
        return switch (scorerGradient) {
            case "detached" -> true;
            case "through" -> false;
            default -> throw new UserError("--scorer-gradient " + scorerGradient + ": must be detached or through.");
        };
    }

    /** Windows of sliding roles, as an array. */
    static int[] ascending(List<Integer> windows) {
        for (int i = 0; i < windows.size(); i++) {
            if (windows.get(i) < 1 || i > 0 && windows.get(i) <= windows.get(i - 1)) {
                throw new UserError("--windows " + String.join(",", windows.stream().map(String::valueOf).toList()) + ": must be positive and ascending.");
            }
        }
        return windows.stream().mapToInt(Integer::intValue).toArray();
    }

    static double price(double price) {
        if (!(price >= 0) || price > 1e6) {
            throw new UserError("--price " + price + ": must not be negative, and at most a million.");
        }
        return price;
    }

    /** Reads the texts and refuses those that are too short for a sequence. */
    Corpus corpus(Tokenizer tokenizer) throws IOException {
        Corpus corpus = Corpus.read(text, valid, tokenizer);
        checkLength("The text to train on", corpus.training().length);
        checkLength("The held-out text", corpus.heldOut().stream().mapToInt(ids -> ids.length).sum());
        return corpus;
    }

    /** What a run learns from: places in the text. */
    TokenSource source(Corpus corpus, long seed) {
        return new TextTokens(corpus.training(), seed);
    }

    private void checkLength(String what, int tokens) {
        if (tokens <= seqLen) {
            throw new UserError(what + " has " + tokens + " tokens: too short for --seq-len " + seqLen + " and the token after.");
        }
    }

    static void atLeastOne(String option, long value) {
        if (value < 1) {
            throw new UserError(option + " " + value + ": must be at least 1.");
        }
    }
}
