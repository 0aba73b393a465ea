package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.MatMul;
import org.neuralattention.kernels.Team;
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
 * MatMul in its three forms: cubes, and the products of small models (a step of 2048 tokens of 64 features, an MLP of 256 to
 * 688). GFLOP/s are 2 m n k / time / 1000, with the time in microseconds. One shape:
 *
 * <pre>java --add-modules jdk.incubator.vector -cp nats.jar org.openjdk.jmh.Main MatMulBench -p shape="abt 1024 688 256"</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MatMulBench implements Counted {

    /** Form, m, n, k: out[m, n] is a sum over k. */
    @Param({"abt 512 512 512", "abt 1024 1024 1024", "abt 2048 2048 2048", "ab 1024 1024 1024", "atb 1024 1024 1024",
            "abt 2048 64 64", "abt 2048 256 64", "atb 256 64 2048", "abt 1024 688 256", "ab 1024 256 688", "atb 688 256 1024",
            "abt 1024 3072 768", "abt 2048 50257 768", "ab 33 576 1536", "abt 33 576 1536", "atb 33 576 1536",
            "abt 16 2048 2048"})
    public String shape;

    @Param({"1", "2"})
    public int threads;

    private Team team;
    private String form;
    private int m;
    private int n;
    private int k;
    private float[] out;
    private float[] a;
    private float[] b;

    @Setup
    public void setup() {
        String[] words = shape.split(" ");
        form = words[0];
        m = Integer.parseInt(words[1]);
        n = Integer.parseInt(words[2]);
        k = Integer.parseInt(words[3]);
        out = new float[m * n];
        a = Data.random(m * k);
        b = Data.random(n * k);
        team = Team.of(threads);
    }

    @TearDown
    public void close() {
        team.close();
    }

    @Benchmark
    public float[] product() {
        switch (form) {
            case "ab" -> MatMul.ab(out, 0, a, 0, b, 0, m, n, k, false, team);
            case "abt" -> MatMul.abt(out, 0, a, 0, b, 0, m, n, k, false, team);
            case "atb" -> MatMul.atb(out, 0, a, 0, b, 0, m, n, k, false, team);
            default -> throw new IllegalArgumentException("shape = " + shape + ": must begin with ab, abt or atb");
        }
        return out;
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public float[] productScalar() {
        return product();
    }

    @Override
    public Work work(String method) {
        String[] words = shape.split(" ");
        double m = Integer.parseInt(words[1]);
        double n = Integer.parseInt(words[2]);
        double k = Integer.parseInt(words[3]);
        return Work.floats(2 * m * n * k, m * k + n * k + m * n);
    }
}
