package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.RmsNorm;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** RmsNorm of 512 rows of 576: the width of a 135M model. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RmsNormBench implements Counted {

    private static final int ROWS = 512;
    private static final int DIM = 576;

    private final Team team = Team.serial();
    private final float[] x = Data.random(ROWS * DIM);
    private final float[] weight = Data.random(DIM);
    private final float[] dOut = Data.random(ROWS * DIM);
    private final float[] out = new float[ROWS * DIM];
    private final float[] rstd = Data.random(ROWS);
    private final float[] dx = new float[ROWS * DIM];
    private final float[] dWeight = new float[DIM];

    @Benchmark
    public void forward() {
        RmsNorm.forward(out, 0, rstd, 0, x, 0, weight, 0, ROWS, DIM, 1e-5f, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public void forwardScalar() {
        forward();
    }

    @Benchmark
    public void backward() {
        RmsNorm.backward(dx, 0, dWeight, 0, dOut, 0, x, 0, weight, 0, rstd, 0, ROWS, DIM, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public void backwardScalar() {
        backward();
    }

    /** Forward 4, backward 10 operations per element; backward adds to dx. */
    @Override
    public Work work(String method) {
        double n = ROWS * DIM;
        return method.equals("forward") ? Work.floats(4 * n, 2 * n) : Work.floats(10 * n, 4 * n);
    }
}
