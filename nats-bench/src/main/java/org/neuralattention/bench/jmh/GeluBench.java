package org.neuralattention.bench.jmh;

import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Gelu;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** Gelu of 512 rows of 1536, in both forms. */
public class GeluBench extends ForwardBackward {

    private static final int N = 512 * 1536;

    @Param
    public Gelu.Form form;

    private final Team team = Team.serial();
    private final float[] x = Data.random(N);
    private final float[] dOut = Data.random(N);
    private final float[] out = new float[N];
    private final float[] dx = new float[N];

    @Override
    @Benchmark
    public void forward() {
        Gelu.forward(out, 0, x, 0, N, form, team);
    }

    @Override
    @Benchmark
    public void backward() {
        Gelu.backward(dx, 0, dOut, 0, x, 0, N, form, team);
    }

    /** Some 10 operations per element forward and 15 backward, a tanh or erf counted as one; backward adds to dx. */
    @Override
    public Work work(String method) {
        return method.equals("forward") ? Work.floats(10.0 * N, 2.0 * N) : Work.floats(15.0 * N, 4.0 * N);
    }
}
