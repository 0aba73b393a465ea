package org.neuralattention.bench.jmh;

import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.RmsNorm;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;

/** RmsNorm of 512 rows of 576: the width of a 135M model. */
public class RmsNormBench extends ForwardBackward {

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

    @Override
    @Benchmark
    public void forward() {
        RmsNorm.forward(out, 0, rstd, 0, x, 0, weight, 0, ROWS, DIM, 1e-5f, team);
    }

    @Override
    @Benchmark
    public void backward() {
        RmsNorm.backward(dx, 0, dWeight, 0, dOut, 0, x, 0, weight, 0, rstd, 0, ROWS, DIM, team);
    }

    /** Forward 4, backward 10 operations per element; backward adds to dx. */
    @Override
    public Work work(String method) {
        double n = ROWS * DIM;
        return method.equals("forward") ? Work.floats(4 * n, 2 * n) : Work.floats(10 * n, 4 * n);
    }
}
