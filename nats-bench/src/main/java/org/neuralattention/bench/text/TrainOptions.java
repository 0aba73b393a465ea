package org.neuralattention.bench.text;

import java.nio.file.Path;
import java.util.List;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.train.Loss;
import org.neuralattention.train.Optimizer;
import org.neuralattention.train.PriceSchedule;
import org.neuralattention.train.RoleLearning;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Tuning;
import picocli.CommandLine.Option;

/** What decides the result of {@code nats train}, beside the seed. The defaults are a byte model that two cores train in minutes. */
final class TrainOptions extends RunOptions {

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

    @Option(names = "--price", paramLabel = "NATS", defaultValue = "0.3",
            description = "what keeping every token costs, in nats a token; more makes the cache smaller (${DEFAULT-VALUE})")
    double price;

    TrainOptions() {
        super(256, 500, "0.002", 100);
    }

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
        int[] roleWindows = ascending(windows);
        long width = hidden != null ? hidden : (8L * dim / 3 + 31) / 32 * 32;
        try {
            ModelConfig model = ModelConfig.llama(vocabSize, dim, layers, heads, kvHeads, Math.toIntExact(width), seqLen)
                    .withRoleWindows(noRoles ? new int[0] : roleWindows);
            checkHeap(model.parameters());
            return model;
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new UserError("There is no such model: " + e.getMessage(), e);
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
        check();
        price(price);
        try {
            // Keeping is free for a fifth of the run, so that the model first learns what to look for.
            return new TrainConfig(batch, seqLen, accumulation, steps, lrSchedule(), Optimizer.DEFAULT,
                    RoleLearning.of(new PriceSchedule(noRoles ? 0 : price, steps / 5, steps / 5)).withGradientOneIn(roleGradientOneIn()).withDetached(detached()),
                    new Tuning.All(), new Loss.LanguageModel(), seed);
        } catch (IllegalArgumentException e) {
            throw new UserError("There is no such step: " + e.getMessage(), e);
        }
    }

    private static void divides(String option, int value, String of, int whole) {
        if (whole % value != 0) {
            throw new UserError(option + " " + value + " does not divide " + of + " " + whole + ".");
        }
    }
}
