package org.neuralattention.bench.text;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.tasks.PlantedFacts;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.train.Loss;
import org.neuralattention.train.Optimizer;
import org.neuralattention.train.PriceSchedule;
import org.neuralattention.train.Projection;
import org.neuralattention.train.RoleLearning;
import org.neuralattention.train.TokenSource;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Tuning;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What decides the result of {@code nats search}, beside the seed. */
final class SearchOptions extends RunOptions {

    private static final double ANY_SHARE = 0.5; // of a target that a price replaces

    @Option(names = "--model", paramLabel = "MODEL", description = "the model to begin with: a folder with config.json, a GGUF file, a llama2.c checkpoint")
    Path model;

    @Option(names = "--tokenizer", paramLabel = "PATH", description = "the tokenizer, where it is not with the model")
    Path tokenizer;

    @Option(names = "--target-kv", paramLabel = "SHARE", description = "the part of a full KV cache to end with: 0.2")
    Double targetKv;

    @Option(names = "--price", paramLabel = "NATS", description = "instead of --target-kv: what keeping every token costs, in nats a token")
    Double price;

    @Mixin
    RoleOptions among;

    @Option(names = "--tune", paramLabel = "WHAT", description = "what learns beside the roles: all weights, none (scorers), or low-rank changes (lora) (${DEFAULT-VALUE})")
    String tune = "all";

    @Option(names = "--lora-rank", paramLabel = "N", description = "rank of the changes of --tune lora (${DEFAULT-VALUE})")
    int loraRank = 8;

    @Option(names = "--lora-alpha", paramLabel = "X", description = "their weight, times the rank (${DEFAULT-VALUE})")
    double loraAlpha = 16;

    @Option(names = "--lora-on", paramLabel = "P", split = ",", description = "projections that they are added to: q, k, v, o, gate, up, down (q,k,v,o)")
    List<String> loraOn = List.of("q", "k", "v", "o");

    @Option(names = "--loss", paramLabel = "LOSS",
            description = "what it learns from: the text (lm), or the model as it was, with a full cache: its last hidden state (hidden) or its probabilities (kl) (${DEFAULT-VALUE})")
    String loss = "lm";

    @Option(names = "--facts", paramLabel = "N",
            description = "plant so many facts in half of the sequences, asked for at their end, as 'nats evaluate --tasks facts:N' does: what must not be forgotten (none)")
    int facts;

    SearchOptions() {
        super(1024, 200, "0.0003", 50);
    }

    /** Refuses what no search can have. */
    @Override
    void check() {
        if (model == null) {
            throw new UserError("--model is missing: the model to begin with.");
        }
        if (targetKv != null && price != null) {
            throw new UserError("--target-kv and --price: only one of them; a target finds its own price.");
        }
        if (targetKv != null && !(targetKv > 0 && targetKv < 1)) {
            throw new UserError("--target-kv " + targetKv + ": must be between 0 and 1.");
        }
        if (facts < 0) {
            throw new UserError("--facts " + facts + ": must not be negative.");
        }
        super.check();
    }

    @Override
    TokenSource source(Corpus corpus, long seed) {
        if (facts == 0) {
            return super.source(corpus, seed);
        }
        try {
            return new PlantedFacts(corpus.tokenizer(), corpus.training(), corpus.heldOut(Integer.MAX_VALUE), facts, seqLen).training(seed);
        } catch (IllegalArgumentException e) {
            throw new UserError("--facts " + facts + " in --seq-len " + seqLen + ": " + e.getMessage(), e);
        }
    }

    /**
     * The steps of a search among these roles.
     *
     * @param known whether the model it begins with has them
     */
    TrainConfig config(RoleSpace space, boolean known, long seed) {
        Tuning tuning = tuning();
        RoleLearning roles = space.isFixed() ? fixed(space) : known ? roles().withGlobalBonus(0, 0) : roles();
        try {
            return new TrainConfig(batch, seqLen, accumulation, steps, lrSchedule(), Optimizer.DEFAULT, roles, tuning, loss(), seed);
        } catch (IllegalArgumentException e) {
            throw new UserError("There is no such step: " + e.getMessage(), e);
        }
    }

    /** Where no token has a choice, a price would change nothing. */
    private RoleLearning fixed(RoleSpace space) {
        if (targetKv != null || price != null) {
            throw new UserError((targetKv != null ? "--target-kv " + targetKv : "--price " + price) + ": each layer has one role only (" + space
                    + "), and what it keeps cannot change. Leave the option out to tune the model as it is, or leave more roles to choose from.");
        }
        if (tune.equals("scorers")) {
            throw new UserError("--tune scorers: each layer has one role only (" + space + "), and nothing would be learned.");
        }
        return RoleLearning.FREE;
    }

    /** As for a target, also where a price is given: it rises while the bonus on global falls. */
    private RoleLearning roles() {
        if (targetKv == null && price == null) {
            throw new UserError("--target-kv is missing: the part of a full cache to end with, such as 0.2 (or --price).");
        }
        RoleLearning roles = RoleLearning.fineTune(targetKv != null ? targetKv : ANY_SHARE, steps).withGradientOneIn(roleGradientOneIn()).withDetached(detached());
        return targetKv != null ? roles : roles.withPrice(new PriceSchedule(price(price), 0, roles.bonusSteps()));
    }

    private Tuning tuning() {
        return switch (tune) {
            case "all" -> new Tuning.All();
            case "scorers" -> new Tuning.ScorersOnly();
            case "lora" -> lora();
            default -> throw new UserError("--tune " + tune + ": must be all, scorers or lora.");
        };
    }

    private Tuning lora() {
        Set<Projection> projections = EnumSet.noneOf(Projection.class);
        try {
            loraOn.forEach(key -> projections.add(Projection.of(key)));
            return new Tuning.Lora(loraRank, loraAlpha, projections);
        } catch (IllegalArgumentException e) {
            throw new UserError("--tune lora: " + e.getMessage(), e);
        }
    }

    private Loss loss() {
        return switch (loss) {
            case "lm" -> new Loss.LanguageModel();
            case "hidden" -> new Loss.HiddenDistillation();
            case "kl" -> new Loss.KlDistillation();
            default -> throw new UserError("--loss " + loss + ": must be lm, hidden or kl.");
        };
    }

    /** What learns, in words. */
    String learns() {
        return switch (tune) {
            case "scorers" -> "only the roles are learned";
            case "lora" -> "changes of rank " + loraRank + " to " + String.join(", ", loraOn) + " are learned";
            default -> "all weights are learned";
        };
    }
}
