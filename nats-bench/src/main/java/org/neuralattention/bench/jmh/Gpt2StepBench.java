package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.train.Init;
import org.neuralattention.train.StepReport;
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

/** Whole training steps (forward, backward, AdamW) of GPT-2 models on 4 sequences, the shapes that llm.c's train_gpt2 is timed on, in tokens per second. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 4)
@Measurement(iterations = 5, time = 4)
public class Gpt2StepBench implements Counted {

    private static final int BATCH = 4;
    private static final int TOKENS = 1024;

    /** 124M: 12 layers, 768 wide, 12 heads; 30M: 6 layers, 384 wide, 6 heads. Vocabulary 50,257. */
    @Param({"30M", "124M"})
    public String model;

    @Param({"64", "256"})
    public int seqLen;

    @Param({"1", "2"})
    public int threads;

    private Team team;
    private Trainer trainer;

    @Setup
    public void model() {
        team = Team.of(threads);
        Weights weights = new Weights(config(model));
        Init.GPT2.apply(weights, 1, team);
        trainer = new Trainer(weights, TrainConfig.of(BATCH, seqLen, 1_000_000, 1e-5), team);
    }

    /** Of the model of that name. */
    public static ModelConfig config(String model) {
        int nLayers = model.equals("124M") ? 12 : 6;
        int dim = 64 * nLayers;
        return new ModelConfig(50_257, dim, nLayers, nLayers, nLayers, 64, 4 * dim, 1024, Norm.LAYER, 1e-5f, new Positions.Learned(),
                Activation.GELU_TANH, new Biases(true, true, true), false, true, 0, RoleSpace.NONE);
    }

    @TearDown
    public void close() {
        team.close();
    }

    /** As many steps as take {@link #TOKENS} tokens. */
    @Benchmark
    @OperationsPerInvocation(TOKENS)
    public StepReport step() {
        StepReport last = null;
        for (int done = 0; done < TOKENS; done += BATCH * seqLen) {
            last = trainer.step(TrainingStepBench.SOURCE);
        }
        return last;
    }

    @Override
    public Work work(String method) {
        return ModelWork.training(config(model), (seqLen + 1) / 2.0);
    }
}
