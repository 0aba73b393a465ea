package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.DecodeAttention;
import org.neuralattention.kernels.KeySpans;
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

/** One token's attention in one layer of a 135M model (9 heads on 3 KV heads of 64): keys per head, keys per span, threads. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class DecodeAttentionBench implements Counted {

    private static final int HEADS = 9;
    private static final int KV_HEADS = 3;
    private static final int HEAD_DIM = 64;

    @Param({"128", "1024", "4096", "16384"})
    public int keys;

    /** The cache's blocks hold 8 keys; 0 is one span. */
    @Param({"8", "16", "0"})
    public int span;

    @Param({"1", "2"})
    public int threads;

    private final float[] q = Data.random(HEADS * HEAD_DIM);
    private final float[] out = new float[HEADS * HEAD_DIM];
    private KeySpans[] spans;
    private Team team;

    @Setup
    public void fill() {
        team = Team.of(threads);
        spans = new KeySpans[KV_HEADS];
        int most = span == 0 ? keys : span;
        for (int g = 0; g < KV_HEADS; g++) {
            spans[g] = new KeySpans();
            for (int from = 0; from < keys; from += most) {
                int count = Math.min(most, keys - from);
                float[] rows = Data.random(2 * count * HEAD_DIM);
                spans[g].add(rows, 0, rows, count * HEAD_DIM, count);
            }
        }
    }

    @TearDown
    public void stop() {
        team.close();
    }

    @Benchmark
    public void forward() {
        DecodeAttention.forward(out, 0, q, 0, spans, HEADS, KV_HEADS, HEAD_DIM, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public void forwardScalar() {
        forward();
    }

    @Override
    public Work work(String method) {
        return Work.floats(4.0 * HEADS * keys * HEAD_DIM, 2.0 * KV_HEADS * keys * HEAD_DIM);
    }
}
