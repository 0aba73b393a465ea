package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Bias;
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

/** Bias of 512 rows of 576. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BiasBench implements Counted {

    private static final int ROWS = 512;
    private static final int DIM = 576;

    private final Team team = Team.serial();
    private final float[] out = Data.random(ROWS * DIM);
    private final float[] bias = Data.random(DIM);
    private final float[] dBias = new float[DIM];

    @Benchmark
    public void forward() {
        Bias.forward(out, 0, bias, 0, ROWS, DIM, team);
    }

    @Benchmark
    public void backward() {
        Bias.backward(dBias, 0, out, 0, ROWS, DIM, team);
    }

    @Override
    public Work work(String method) {
        double n = ROWS * DIM;
        return Work.floats(n, method.equals("forward") ? 2 * n : n);
    }
}
