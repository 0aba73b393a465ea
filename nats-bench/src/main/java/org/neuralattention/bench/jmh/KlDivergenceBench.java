package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.KlDivergence;
import org.neuralattention.kernels.Team;
import org.neuralattention.kernels.WeightMatrix;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** KlDivergence of 512 rows of 256 over 2,048 tokens, to a teacher with the same head. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class KlDivergenceBench implements Counted {

    private static final int ROWS = 512;
    private static final int DIM = 256;
    private static final int VOCAB_SIZE = 2048;

    private final Team team = Team.serial();
    private final float[] x = Data.random(ROWS * DIM);
    private final float[] teacher = Data.random(ROWS * DIM);
    private final float[] losses = new float[ROWS];
    private final float[] dx = new float[ROWS * DIM];
    private final int[] targets = new int[ROWS];
    private final float[] head = Data.random(VOCAB_SIZE * DIM);
    private final float[] dHead = new float[VOCAB_SIZE * DIM];

    @Benchmark
    public double forwardBackward() {
        return KlDivergence.forwardBackward(losses, 0, dx, 0, dHead, 0, x, 0, teacher, 0, head, 0,
                new WeightMatrix.F32(head, 0, VOCAB_SIZE, DIM), targets, 0, 1f / ROWS, ROWS, DIM, VOCAB_SIZE, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public double forwardBackwardScalar() {
        return forwardBackward();
    }

    /** Two products for the logits, and two for dx and dHead, which are read and written. */
    @Override
    public Work work(String method) {
        double x = ROWS * DIM;
        double w = (double) VOCAB_SIZE * DIM;
        return Work.floats(8 * x * VOCAB_SIZE, 4 * x + 3 * w);
    }
}
