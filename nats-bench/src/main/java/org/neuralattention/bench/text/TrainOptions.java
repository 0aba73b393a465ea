package org.neuralattention.bench.text;

import java.nio.file.Path;
import java.util.List;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.train.LrSchedule;
import org.neuralattention.train.Optimizer;
import org.neuralattention.train.Loss;
import org.neuralattention.train.PriceSchedule;
import org.neuralattention.train.RoleLearning;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Tuning;
import picocli.CommandLine.Option;

/** What decides the result of a training run, beside the seed. The defaults are a byte model that two cores train in minutes. */
final class TrainOptions {

    @Option(names = "--text", paramLabel = "FILE", arity = "1..*", description = "files, or folders of files, to train on")
    List<Path> text = List.of();

    @Option(names = "--valid", paramLabel = "FILE", arity = "1..*",
            description = "files, or folders, to measure on (the last twentieth of each file of --text, which is then not trained on)")
    List<Path> valid = List.of();

    @Option(names = "--tokenizer", paramLabel = "PATH", description = "a tokenizer.json or its folder (every byte is a token)")
    Path tokenizer;

    @Option(names = "--layers", paramLabel = "N", defaultValue = "4", description = "transformer blocks (${DEFAULT-VALUE})")
    int layers;

    @Option(names = "--dim", paramLabel = "N", defaultValue = "192", description = "width of the residual stream (${DEFAULT-VALUE})")
    int dim;

    @Option(names = "--heads", paramLabel = "N", defaultValue = "6", description = "query heads; divides --dim (${DEFAULT-VALUE})")
    int heads;

    @Option(names = "--kv-heads", paramLabel = "N", defaultValue = "3", description = "KV heads; divides --heads (${DEFAULT-VALUE})")
    int kvHeads;

    @Option(names = "--hidden", paramLabel = "N", description = "width of the feed-forward layer (8/3 of --dim, up to a multiple of 32)")
    Integer hidden;

    @Option(names = "--windows", paramLabel = "W", split = ",", defaultValue = "16",
            description = "windows of the sliding roles, ascending: 16,64,256 (${DEFAULT-VALUE})")
    List<Integer> windows;

    @Option(names = "--no-roles", description = "a plain transformer: every token is kept")
    boolean noRoles;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "8", description = "sequences in a pass (${DEFAULT-VALUE})")
    int batch;

    @Option(names = "--seq-len", paramLabel = "N", defaultValue = "256", description = "tokens in a sequence (${DEFAULT-VALUE})")
    int seqLen;

    @Option(names = "--accumulation", paramLabel = "N", defaultValue = "1", description = "passes in a step (${DEFAULT-VALUE})")
    int accumulation;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "500", description = "steps (${DEFAULT-VALUE})")
    long steps;

    @Option(names = "--lr", paramLabel = "X", defaultValue = "0.002",
            description = "highest learning rate; a cosine takes it down to a tenth (${DEFAULT-VALUE})")
    double lr;

    @Option(names = "--warmup", paramLabel = "N", description = "steps until --lr is reached (a twentieth of the steps)")
    Long warmup;

    @Option(names = "--price", paramLabel = "NATS", defaultValue = "0.3",
            description = "what keeping every token costs, in nats a token; more makes the cache smaller (${DEFAULT-VALUE})")
    double price;

    @Option(names = "--role-gradient", paramLabel = "SHARE", defaultValue = "exact",
            description = "share of the query tiles that the role gradient looks at, drawn anew each step: exact, or 1/4, 1/8, ...: "
                    + "cheaper on long sequences, right on average (${DEFAULT-VALUE})")
    String roleGradient;

    @Option(names = "--eval-every", paramLabel = "N", defaultValue = "50", description = "steps between held-out losses (${DEFAULT-VALUE})")
    long evalEvery;

    @Option(names = "--checkpoint-every", paramLabel = "N", defaultValue = "100", description = "steps between checkpoints (${DEFAULT-VALUE})")
    long checkpointEvery;

    /** The model for a vocabulary. */
    ModelConfig model(int vocabSize) {
        atLeastOne("--layers", layers);
        atLeastOne("--dim", dim);
        atLeastOne("--heads", heads);
        atLeastOne("--kv-heads", kvHeads);
        divides("--heads", heads, "--dim", dim);
        divides("--kv-heads", kvHeads, "--heads", heads);
        if (hidden != null) {
            atLeastOne("--hidden", hidden);
        }
        ascending();
        long width = hidden != null ? hidden : (8L * dim / 3 + 31) / 32 * 32;
        try {
            ModelConfig model = ModelConfig.llama(vocabSize, dim, layers, heads, kvHeads, Math.toIntExact(width), seqLen)
                    .withRoleWindows(noRoles ? new int[0] : windows.stream().mapToInt(Integer::intValue).toArray());
            checkHeap(model.parameters());
            return model;
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new UserError("There is no such model: " + e.getMessage(), e);
        }
    }

    private void ascending() {
        for (int i = 0; i < windows.size(); i++) {
            if (windows.get(i) < 1 || i > 0 && windows.get(i) <= windows.get(i - 1)) {
                throw new UserError("--windows " + String.join(",", windows.stream().map(String::valueOf).toList()) + ": must be positive and ascending.");
            }
        }
    }

    /** Weights, gradients and two moments; activations come on top. */
    private static void checkHeap(long parameters) {
        double needed = 4.0 * Float.BYTES * parameters;
        long heap = Runtime.getRuntime().maxMemory();
        if (needed > heap) {
            throw new UserError("Training " + Numbers.compact(parameters) + " parameters takes more than " + Numbers.bytes(needed)
                    + ", and the heap is " + Numbers.bytes(heap) + ".");
        }
    }

    TrainConfig config(long seed) {
        atLeastOne("--batch", batch);
        atLeastOne("--seq-len", seqLen);
        atLeastOne("--accumulation", accumulation);
        atLeastOne("--steps", steps);
        atLeastOne("--eval-every", evalEvery);
        atLeastOne("--checkpoint-every", checkpointEvery);
        if (!(lr > 0) || lr > 1) {
            throw new UserError("--lr " + lr + ": must be positive, and at most 1.");
        }
        if (!(price >= 0) || price > 1e6) {
            throw new UserError("--price " + price + ": must not be negative, and at most a million.");
        }
        long rise = warmup != null ? warmup : steps / 20;
        if (rise < 0 || rise > steps) {
            throw new UserError("--warmup " + rise + ": must be in [0, " + steps + "], the number of steps.");
        }
        try {
            // Keeping is free for a fifth of the run, so that the model first learns what to look for.
            return new TrainConfig(batch, seqLen, accumulation, steps, LrSchedule.cosine(lr, lr / 10, rise, steps), Optimizer.DEFAULT,
                    RoleLearning.of(new PriceSchedule(noRoles ? 0 : price, steps / 5, steps / 5)).withGradientOneIn(roleGradientOneIn()),
                    new Tuning.All(), new Loss.LanguageModel(), seed);
        } catch (IllegalArgumentException e) {
            throw new UserError("There is no such step: " + e.getMessage(), e);
        }
    }

    /** N of {@code 1/N}, 1 of {@code exact}. */
    private int roleGradientOneIn() {
        if (roleGradient.equals("exact")) {
            return 1;
        }
        if (!roleGradient.matches("1/[1-9][0-9]{0,5}")) {
            throw new UserError("--role-gradient " + roleGradient + ": must be exact, or 1/4, 1/8, ...");
        }
        return Integer.parseInt(roleGradient.substring(2));
    }

    private static void atLeastOne(String option, long value) {
        if (value < 1) {
            throw new UserError(option + " " + value + ": must be at least 1.");
        }
    }

    private static void divides(String option, int value, String of, int whole) {
        if (whole % value != 0) {
            throw new UserError(option + " " + value + " does not divide " + of + " " + whole + ".");
        }
    }
}
