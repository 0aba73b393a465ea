package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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
 * Sparse attention of 8 heads: dense causal against learned roles with windows of 128 and 512. Dense: 4 (forward) or 10 (backward) x headDim flops x 8 heads x rows (rows + 1) / 2.
 * Time and bytes up to 65,536 rows: {@code nats bench} shows their growth.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SparseAttentionBench implements Counted {

    @Param({"1024", "4096"})
    public int rows;

    @Param({"64", "128"})
    public int headDim;

    @Param({"dense", "roles", "roles512"})
    public String mix;

    @Param({"1", "2"})
    public int threads;

    private Team team;
    private AttentionData a;
    private float[] dq;
    private float[] dk;
    private float[] dv;

    @Setup(Level.Trial)
    public void setup() {
        team = Team.of(threads);
        a = new AttentionData(rows, mix, headDim);
        dq = new float[a.q.length];
        dk = new float[a.k.length];
        dv = new float[a.v.length];
        forward();
    }

    @TearDown(Level.Trial)
    public void close() {
        team.close();
    }

    @Benchmark
    public void forward() {
        SparseAttention.forward(a.out, 0, a.lse, 0, a.q, 0, a.k, 0, a.v, 0, a.lastRow, 0, null, a.shape, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    @Warmup(iterations = 1, time = 1)
    @Measurement(iterations = 1, time = 1)
    public void forwardScalar() {
        forward();
    }

    @Benchmark
    public void backward() {
        SparseAttention.backward(dq, 0, dk, 0, dv, 0, a.dOut, 0, a.out, 0, a.lse, 0, a.q, 0, a.k, 0, a.v, 0, a.lastRow, 0, a.shape, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    @Warmup(iterations = 1, time = 1)
    @Measurement(iterations = 1, time = 1)
    public void backwardScalar() {
        backward();
    }

    /** Forward two products over the visible pairs, backward five; backward adds to its three gradients. */
    @Override
    public Work work(String method) {
        AttentionData data = new AttentionData(rows, mix, headDim);
        double pair = 2.0 * data.shape.headDim() * data.visiblePairs();
        return method.equals("forward") ? Work.floats(2 * pair, 4.0 * data.q.length) : Work.floats(5 * pair, 11.0 * data.q.length);
    }
}
