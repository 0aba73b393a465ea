package org.neuralattention.bench.jmh;

import java.util.EnumSet;
import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.cli.MemoryTeller;
import org.neuralattention.bench.result.Work;
import org.neuralattention.bench.text.SearchHeap;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations.Keep;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.train.Projection;
import org.neuralattention.train.RoleLearning;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Trainer;
import org.neuralattention.train.Tuning;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a step of {@code nats search} costs beside a dense one, in time and memory: SmolLM-135M's shape, one sequence. Roles are global, local and
 * sliding by 16, 64 and 256.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1)
@Measurement(iterations = 3)
public class SearchStepBench implements Counted {

    private static final ModelConfig ROLES = SmolLm.CONFIG.withRoleSpace(RoleSpace.of(16, 64, 256));

    /** Steps of the search whose first ones are measured: bonus and price are those of its beginning. */
    private static final long STEPS = 1000;

    /**
     * dense: no roles; exact: the beginning of a search of all weights, nearly all keys global; settled: the same without the bonus, the roles as new
     * scorers draw them; sampled: as exact, with the role gradient of one query tile in four; lora: as exact, changes of rank 8 to the four projections of attention; scorers: as
     * exact, no weight changes.
     */
    @Param({"dense", "exact", "settled", "sampled", "lora", "scorers"})
    public String step;

    /** What survives a layer's forward pass; with INPUTS it runs again in the backward pass. */
    @Param({"ALL", "INPUTS"})
    public Keep keep;

    @Param("2048")
    public int seqLen;

    @Param("2")
    public int threads;

    private Team team;
    private Trainer trainer;
    private long heapBytes;

    @Setup
    public void trainer() {
        team = Team.of(threads);
        trainer = new Trainer(SmolLm.random(model(), team), config(), team, keep);
    }

    private ModelConfig model() {
        return step.equals("dense") ? SmolLm.CONFIG : ROLES;
    }

    private TrainConfig config() {
        RoleLearning roles = RoleLearning.fineTune(0.2, STEPS);
        TrainConfig config = TrainConfig.of(1, seqLen, STEPS, 1e-5);
        return switch (step) {
            case "dense" -> config;
            case "settled" -> config.withRoles(roles.withGlobalBonus(0, 0));
            case "sampled" -> config.withRoles(roles.withGradientOneIn(4));
            case "lora" -> config.withRoles(roles).withTuning(new Tuning.Lora(8, 16, EnumSet.of(Projection.Q, Projection.K, Projection.V, Projection.O)));
            case "scorers" -> config.withRoles(roles).withTuning(new Tuning.ScorersOnly());
            default -> config.withRoles(roles);
        };
    }

    /** What the trainer holds between steps, after one that did not count. */
    @Setup(Level.Iteration)
    public void heap() {
        System.gc();
        heapBytes = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @TearDown
    public void close() {
        team.close();
    }

    /** Memory, reported beside the time. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Bytes {
        public long heapBytes;
        public long foretoldHeapBytes;
        public long residentBytes;
    }

    @Benchmark
    public StepReport step(Bytes bytes) {
        StepReport report = trainer.step(TrainingStepBench.SOURCE);
        bytes.heapBytes = heapBytes;
        bytes.foretoldHeapBytes = SearchHeap.ofTrainer(model(), config(), keep);
        bytes.residentBytes = MemoryTeller.residentPeak().orElse(0);
        return report;
    }

    /** Of a dense step that keeps everything; of the others attention and what does not learn depend on the roles and the tuning. */
    @Override
    public Work work(String method) {
        Work token = ModelWork.training(SmolLm.CONFIG, (seqLen + 1) / 2.0);
        return step.equals("dense") && keep == Keep.ALL ? Work.floats(seqLen * token.flops(), 0) : Work.NONE;
    }
}
