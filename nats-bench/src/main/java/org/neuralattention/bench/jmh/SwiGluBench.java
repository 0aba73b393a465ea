package org.neuralattention.bench.jmh;

import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.SwiGlu;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;

/** SwiGlu of 512 rows of 1536. */
public class SwiGluBench extends ForwardBackward {

    private static final int N = 512 * 1536;

    private final Team team = Team.serial();
    private final float[] gate = Data.random(N);
    private final float[] up = Data.random(N);
    private final float[] dOut = Data.random(N);
    private final float[] out = new float[N];
    private final float[] dGate = new float[N];
    private final float[] dUp = new float[N];

    @Override
    @Benchmark
    public void forward() {
        SwiGlu.forward(out, 0, gate, 0, up, 0, N, team);
    }

    @Override
    @Benchmark
    public void backward() {
        SwiGlu.backward(dGate, 0, dUp, 0, dOut, 0, gate, 0, up, 0, N, team);
    }

    /** Forward 5, backward 11 operations per element, an exp counted as one; backward adds to its two gradients. */
    @Override
    public Work work(String method) {
        return method.equals("forward") ? Work.floats(5.0 * N, 3.0 * N) : Work.floats(11.0 * N, 7.0 * N);
    }
}
