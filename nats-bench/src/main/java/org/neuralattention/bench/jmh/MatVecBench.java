package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.MatVec;
import org.neuralattention.kernels.Team;
import org.neuralattention.kernels.WeightMatrix;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * MatVec for one to sixteen x: small ones that stay in the cache, a layer of 2048 and an output layer from memory. GFLOP/s are
 * 2 count n k / time / 1000, with the time in microseconds. One shape:
 *
 * <pre>java --add-modules jdk.incubator.vector -cp nats.jar org.openjdk.jmh.Main MatVecBench -p shape="1 2048 2048"</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MatVecBench implements Counted {

    /** count, n, k. */
    @Param({"1 256 256", "4 256 256", "1 2048 2048", "4 2048 2048", "16 2048 2048", "1 32000 1024"})
    public String shape;

    /** How the weights are stored. */
    @Param
    public Dtype dtype;

    @Param({"1", "2"})
    public int threads;

    private Team team;
    private int count;
    private float[] out;
    private float[] x;
    private WeightMatrix w;

    @Setup
    public void setup() {
        String[] words = shape.split(" ");
        count = Integer.parseInt(words[0]);
        int n = Integer.parseInt(words[1]);
        int k = Integer.parseInt(words[2]);
        out = new float[count * n];
        x = Data.random(count * k);
        float[] row = Data.random(2 * k);
        w = WeightMatrix.read(dtype, n, k, (rows, from, rowCount) -> {
            for (int i = 0; i < rowCount; i++) {
                System.arraycopy(row, (from + i) % k, rows, i * k, k);
            }
        });
        team = Team.of(threads);
    }

    @TearDown
    public void close() {
        team.close();
    }

    @Benchmark
    public float[] forward() {
        MatVec.forward(out, 0, x, 0, w, count, team);
        return out;
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public float[] forwardScalar() {
        return forward();
    }

    @Override
    public Work work(String method) {
        String[] words = shape.split(" ");
        double count = Integer.parseInt(words[0]);
        long n = Integer.parseInt(words[1]);
        long k = Integer.parseInt(words[2]);
        return new Work(2 * count * n * k, dtype.bytes(n * k) + Float.BYTES * count * (n + k));
    }
}
