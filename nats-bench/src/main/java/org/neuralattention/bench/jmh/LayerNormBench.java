package org.neuralattention.bench.jmh;

import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.LayerNorm;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;

/** LayerNorm of 512 rows of 768: the width of GPT-2. */
public class LayerNormBench extends ForwardBackward {

    private static final int ROWS = 512;
    private static final int DIM = 768;

    private final Team team = Team.serial();
    private final float[] x = Data.random(ROWS * DIM);
    private final float[] weight = Data.random(DIM);
    private final float[] bias = Data.random(DIM);
    private final float[] dOut = Data.random(ROWS * DIM);
    private final float[] out = new float[ROWS * DIM];
    private final float[] mean = Data.random(ROWS);
    private final float[] rstd = Data.random(ROWS);
    private final float[] dx = new float[ROWS * DIM];
    private final float[] dWeight = new float[DIM];
    private final float[] dBias = new float[DIM];

    @Override
    @Benchmark
    public void forward() {
        LayerNorm.forward(out, 0, mean, 0, rstd, 0, x, 0, weight, 0, bias, 0, ROWS, DIM, 1e-5f, team);
    }

    @Override
    @Benchmark
    public void backward() {
        LayerNorm.backward(dx, 0, dWeight, 0, dBias, 0, dOut, 0, x, 0, weight, 0, mean, 0, rstd, 0, ROWS, DIM, team);
    }

    /** Forward 8, backward 14 operations per element; backward adds to dx. */
    @Override
    public Work work(String method) {
        double n = ROWS * DIM;
        return method.equals("forward") ? Work.floats(8 * n, 2 * n) : Work.floats(14 * n, 4 * n);
    }
}
