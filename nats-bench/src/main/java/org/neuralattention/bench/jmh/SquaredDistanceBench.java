package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.SquaredDistance;
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

/** SquaredDistance of 512 rows of 576. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SquaredDistanceBench implements Counted {

    private static final int ROWS = 512;
    private static final int DIM = 576;

    private final Team team = Team.serial();
    private final float[] x = Data.random(ROWS * DIM);
    private final float[] teacher = Data.random(ROWS * DIM);
    private final float[] losses = new float[ROWS];
    private final float[] dx = new float[ROWS * DIM];
    private final int[] targets = new int[ROWS];

    @Benchmark
    public double forwardBackward() {
        return SquaredDistance.forwardBackward(losses, 0, dx, 0, x, 0, teacher, 0, targets, 0, 1f / ROWS, ROWS, DIM, team);
    }

    @Override
    public Work work(String method) {
        double n = ROWS * DIM;
        return Work.floats(5 * n, 4 * n);
    }
}
