package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.train.Init;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.TokenSource;
import org.neuralattention.train.RoleLearning;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Trainer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Whole training steps (forward, backward, AdamW) of a 5M-parameter Llama on 4096 tokens, in sequences of 1024 or of 4096, in tokens per second. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class TrainingStepBench implements Counted {

    private static final int TOKENS = 4096;
    private static final ModelConfig CONFIG = ModelConfig.llama(2048, 256, 6, 8, 4, 688, TOKENS).withTiedHead(true).withRoleWindows(16);

    /**
     * dense: no roles; learning: roles sampled and learned with the exact role gradient; sampled: with that of one query tile in four; frozen: random roles, nothing
     * learned.
     */
    @Param({"dense", "learning", "sampled", "frozen"})
    public String roles;

    @Param({"1024", "4096"})
    public int seqLen;

    @Param({"1", "2"})
    public int threads;

    /** Tokens that cost nothing to make. */
    public static final TokenSource SOURCE = (ids, targets, offset, step, row, seqLen) -> {
        for (int i = 0; i < seqLen; i++) {
            ids[offset + i] = (int) ((step * 31 + i * 7L) % CONFIG.vocabSize());
            targets[offset + i] = (ids[offset + i] + 1) % CONFIG.vocabSize();
        }
    };

    private Team team;
    private Trainer trainer;

    @Setup
    public void model() {
        team = Team.of(threads);
        trainer = trainer(roles, TOKENS / seqLen, seqLen, team);
    }

    /** A trainer of the suite's model; {@code roles} as the parameter. */
    public static Trainer trainer(String roles, int batch, int tokens, Team team) {
        Weights weights = new Weights(CONFIG);
        Init.GPT2.apply(weights, 1, team);
        Trainer trainer = new Trainer(weights, TrainConfig.of(batch, tokens, 1_000_000, 1e-5)
                .withRoles(RoleLearning.FREE.withGradientOneIn(roles.equals("sampled") ? 4 : 1)), team);
        if (roles.equals("dense")) {
            trainer.fixRoles(RoleChoice.FULL);
        } else if (roles.equals("frozen")) {
            trainer.fixRoles(Models.choice(CONFIG, "roles"));
        }
        return trainer;
    }

    @TearDown
    public void close() {
        team.close();
    }

    @Benchmark
    @OperationsPerInvocation(TOKENS)
    public StepReport step() {
        return trainer.step(SOURCE);
    }

    /** A token of a dense step; with roles only the products with the weights are counted. */
    @Override
    public Work work(String method) {
        return ModelWork.training(CONFIG, roles.equals("dense") ? (seqLen + 1) / 2.0 : 0);
    }
}
