package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.AdamW;
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

/** One AdamW step of 4M parameters, far more than the caches hold. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AdamWBench implements Counted {

    private static final int N = 1 << 22;

    private final Team team = Team.serial();
    private final float[] param = Data.random(N);
    private final float[] grad = Data.random(N);
    private final float[] m = new float[N];
    private final float[] v = new float[N];
    private long step;

    @Benchmark
    public void step() {
        AdamW.step(param, 0, m, 0, v, 0, grad, 0, N, 1e-6f, 0.9f, 0.95f, 1e-8f, 0.1f, 1, ++step, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public void stepScalar() {
        step();
    }

    /** A step: 12 operations per parameter; parameter and both moments are read and written, the gradient read. */
    @Override
    public Work work(String method) {
        return Work.floats(12.0 * N, 7.0 * N);
    }
}
