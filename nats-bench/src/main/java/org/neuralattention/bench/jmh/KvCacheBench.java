package org.neuralattention.bench.jmh;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.cache.KvCache;
import org.neuralattention.kernels.DecodeAttention;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.Role;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the cache costs per token and what it saves: attention and append in 4 layers of 9 heads on 3 KV heads of 64, after {@code context}
 * tokens, all of them kept or with roles in fixed proportions; time per token, and the bytes then. The cache is filled
 * anew before each iteration of few tokens, so that the context stays what it says.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 10)
@Measurement(iterations = 10)
@OperationsPerInvocation(KvCacheBench.TOKENS)
public class KvCacheBench implements Counted {

    /** Tokens decoded in one iteration. */
    static final int TOKENS = 64;

    private static final int LAYERS = 4;
    private static final int HEADS = 9;
    private static final int KV_HEADS = 3;
    private static final int HEAD_DIM = 64;

    @Param({"1024", "4096", "16384", "65536"})
    public int context;

    @Param({"F32", "BF16", "Q8"})
    public KvDtype dtype;

    /** NAtS: 12 % global, 28 % local, 60 % sliding over windows of 16 and 64. */
    @Param({"full", "nats"})
    public String roles;

    private final Team team = Team.serial();
    private final float[] q = Data.random(HEADS * HEAD_DIM);
    private final float[] k = Data.random(KV_HEADS * HEAD_DIM);
    private final float[] v = Data.random(KV_HEADS * HEAD_DIM + 1);
    private final float[] out = new float[HEADS * HEAD_DIM];
    private final int[] tokenRoles = new int[KV_HEADS];
    private KvCache cache;
    private SplittableRandom random;

    @Setup(Level.Iteration)
    public void fill() {
        cache = new KvCache(LAYERS, KV_HEADS, HEAD_DIM, new int[] {16, 64}, 0, dtype, Long.MAX_VALUE);
        random = new SplittableRandom(context);
        while (cache.position() < context) {
            for (int layer = 0; layer < LAYERS; layer++) {
                append(layer);
            }
        }
    }

    private void append(int layer) {
        for (int g = 0; g < KV_HEADS; g++) {
            int x = random.nextInt(100);
            tokenRoles[g] = roles.equals("full") || x < 12 ? Role.GLOBAL : x < 40 ? Role.LOCAL : Role.sliding(x % 2);
        }
        cache.append(layer, tokenRoles, 0, k, 0, v, 0, 1);
    }

    /** Bytes the cache holds, reported beside the time. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Bytes {
        public long kvBytes;
    }

    /** Tokens through the attention of all layers. */
    @Benchmark
    public void decode(Bytes bytes) {
        for (int token = 0; token < TOKENS; token++) {
            for (int layer = 0; layer < LAYERS; layer++) {
                DecodeAttention.forward(out, 0, q, 0, cache.spans(layer, k, 0, v, 0), HEADS, KV_HEADS, HEAD_DIM, team);
                append(layer);
            }
        }
        bytes.kvBytes = cache.bytesHeld();
    }

    /** The cache's own part of it: lists of spans and append. */
    @Benchmark
    public void cacheAlone() {
        for (int token = 0; token < TOKENS; token++) {
            for (int layer = 0; layer < LAYERS; layer++) {
                cache.spans(layer, k, 0, v, 0);
                append(layer);
            }
        }
    }

    /** Attention over every key; with roles it depends on what the cache holds. */
    @Override
    public Work work(String method) {
        if (!method.equals("decode") || !roles.equals("full")) {
            return Work.NONE;
        }
        double kept = context + TOKENS / 2.0;
        return new Work(4.0 * LAYERS * HEADS * HEAD_DIM * kept, LAYERS * KV_HEADS * kept * dtype.bytes(HEAD_DIM));
    }
}
