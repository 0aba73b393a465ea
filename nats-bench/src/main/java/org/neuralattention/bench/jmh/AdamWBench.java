package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.kernels.AdamW;
import org.neuralattention.kernels.GradNorm;
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

/** One AdamW step and the norm of one gradient: 4M parameters, far more than the caches hold. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AdamWBench {

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

    @Benchmark
    public double norm() {
        return GradNorm.sumOfSquares(grad, 0, N, team);
    }
}
