package org.neuralattention.bench.jmh;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.DecodeAttention;
import org.neuralattention.kernels.KeySpans;
import org.neuralattention.kernels.KvBlock;
import org.neuralattention.kernels.KvDtype;
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

/** One token's attention in one layer of a 135M model (9 heads on 3 KV heads of 64): keys per head, keys per span, their form, threads. */
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

    @Param({"128", "1024", "4096", "16384", "65536"})
    public int keys;

    /** Keys per block, which is a span: the cache's hold 8 to 512; 0 is one block for all. */
    @Param({"8", "512", "0"})
    public int span;

    @Param({"F32", "BF16", "Q8"})
    public KvDtype dtype;

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
        Arrays.setAll(spans, g -> new KeySpans());
        for (int from = 0; from < keys; from += most) { // the heads' blocks alternate in memory, as in a cache
            for (int g = 0; g < KV_HEADS; g++) {
                int count = Math.min(most, keys - from);
                KvBlock block = KvBlock.of(dtype, count, HEAD_DIM);
                float[] rows = Data.random(2 * count * HEAD_DIM);
                for (int i = 0; i < count; i++) {
                    block.put(i, rows, i * HEAD_DIM, rows, (count + i) * HEAD_DIM);
                }
                spans[g].add(block, 0, count);
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
        return new Work(4.0 * HEADS * keys * HEAD_DIM, (double) KV_HEADS * keys * dtype.bytes(HEAD_DIM));
    }
}
