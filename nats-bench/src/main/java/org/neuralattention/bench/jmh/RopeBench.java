package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Rope;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Rope and its backward pass on 512 rows of 9 heads of 64, in both layouts, and its table of angles. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RopeBench implements Counted {

    private static final int ROWS = 512;
    private static final int HEADS = 9;
    private static final int HEAD_DIM = 64;

    @Param({"false", "true"})
    public boolean adjacentPairs;

    private final Team team = Team.serial();
    private final float[] x = Data.random(ROWS * HEADS * HEAD_DIM);
    private final float[] cos = new float[ROWS * HEAD_DIM / 2];
    private final float[] sin = new float[ROWS * HEAD_DIM / 2];
    private Rope rope;

    @Setup
    public void angles() {
        rope = Rope.of(HEAD_DIM, 10_000, adjacentPairs);
        table();
    }

    @Benchmark
    public void forward() {
        rope.forward(x, 0, cos, 0, sin, 0, ROWS, HEADS, team);
    }

    @Benchmark
    public void backward() {
        rope.backward(x, 0, cos, 0, sin, 0, ROWS, HEADS, team);
    }

    @Benchmark
    public void table() {
        rope.table(cos, 0, sin, 0, 1L << 20, ROWS);
    }

    @Override
    public Work work(String method) {
        double angles = ROWS * HEAD_DIM;
        return method.equals("table") ? Work.floats(angles, angles) : Work.floats(3 * angles * HEADS, 2 * angles * HEADS + angles);
    }
}
