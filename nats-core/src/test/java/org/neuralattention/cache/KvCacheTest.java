package org.neuralattention.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.DecodeAttention;
import org.neuralattention.kernels.KeySpans;
import org.neuralattention.kernels.PastKeys;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.roles.Lifetimes;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleSpace;

class KvCacheTest {

    private static final Team TEAM = Team.serial();
    private static final int HEAD_DIM = 8;

    @Property(tries = 10_000, shrinking = ShrinkingMode.OFF)
    void theTrainMaskIsTheSetOfKeysTheCacheHoldsAtEveryDecodeStep(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int nWindows, @ForAll @IntRange(min = 1, max = 80) int rows) {
        Random random = new Random(seed);
        int[] windows = windows(random, nWindows);
        int attentionWindow = random.nextInt(3) == 0 ? 1 + random.nextInt(30) : 0;
        int[] roles = roles(random, 2 + nWindows, rows);
        int[] lastRow = new int[rows];
        Lifetimes.lastRow(lastRow, 0, roles, 0, RoleSpace.of(windows), attentionWindow, 1, 1, rows, TEAM);
        KvCache cache = new KvCache(1, 1, 1, windows, attentionWindow, KvDtype.F32, Long.MAX_VALUE);
        float[] key = new float[1];
        long pairs = 0;
        for (int m = 0; m < rows; m++) {
            int row = m;
            long[] masked = IntStream.range(0, m).filter(n -> lastRow[n] >= row).asLongStream().toArray();
            long[] held = cache.positions(0, 0);
            Arrays.sort(held);
            assertArrayEquals(masked, held, "row " + m + " of roles " + Arrays.toString(roles) + ", windows " + Arrays.toString(windows));
            pairs += held.length + 1;
            cache.append(0, roles, m, key, 0, key, 0, 1);
        }
        assertEquals(Lifetimes.visiblePairs(lastRow, 0, 1, rows), pairs);
        assertEquals(Lifetimes.share(lastRow, 0, 1, rows), cache.stats().kvShare(), 1e-12);
    }

    @Property(tries = 2_000, shrinking = ShrinkingMode.OFF)
    void decodeStepsPiecesAndClearAgreeWithAListThatForgetsNothing(@ForAll long seed) {
        new Model(new Random(seed)).run();
    }

    /** A cache, one oracle per head, and keys and values that say layer, head and position. */
    private static final class Model {
        private final Random random;
        private final int nLayers;
        private final int nKvHeads;
        private final int[] windows;
        private final int attentionWindow;
        private final KvCache cache;
        private CacheOracle[] oracles;
        private long start;
        private long tokens;
        private long pairs;

        Model(Random random) {
            this.random = random;
            nLayers = 1 + random.nextInt(2);
            nKvHeads = 1 + random.nextInt(3);
            windows = windows(random, random.nextInt(4));
            attentionWindow = random.nextInt(3) == 0 ? 1 + random.nextInt(40) : 0;
            cache = new KvCache(nLayers, nKvHeads, HEAD_DIM, windows, attentionWindow, KvDtype.F32, Long.MAX_VALUE);
        }

        void run() {
            restart();
            for (int op = 0; op < 12; op++) {
                switch (random.nextInt(8)) {
                    case 0 -> {
                        cache.clear();
                        restart();
                    }
                    case 1, 2, 3 -> step(1 + random.nextInt(40));
                    default -> {
                        for (int i = random.nextInt(12); i >= 0; i--) {
                            step(1);
                        }
                    }
                }
            }
        }

        private void restart() {
            long[] starts = {0, 0, (1 << 24) - 20, (1L << 31) - 20, (1L << 32) - 20, 1L << 40};
            start = starts[random.nextInt(starts.length)];
            if (start != 0) {
                cache.startAt(start);
            }
            tokens = 0;
            pairs = 0;
            oracles = new CacheOracle[nLayers * nKvHeads];
            Arrays.setAll(oracles, i -> new CacheOracle(windows, attentionWindow));
            checkStats();
        }

        private void step(int rows) {
            long position = start + tokens;
            for (int layer = 0; layer < nLayers; layer++) {
                int[] roles = IntStream.range(0, nKvHeads).flatMap(g -> Arrays.stream(roles(random, 2 + windows.length, rows))).toArray();
                float[] k = new float[3 + rows * nKvHeads * HEAD_DIM];
                float[] v = new float[5 + rows * nKvHeads * HEAD_DIM];
                for (int n = 0; n < rows; n++) {
                    for (int g = 0; g < nKvHeads; g++) {
                        Arrays.fill(k, 3 + (n * nKvHeads + g) * HEAD_DIM, 3 + (n * nKvHeads + g + 1) * HEAD_DIM, key(layer, g, position + n));
                        Arrays.fill(v, 5 + (n * nKvHeads + g) * HEAD_DIM, 5 + (n * nKvHeads + g + 1) * HEAD_DIM, -key(layer, g, position + n));
                    }
                }
                if (rows == 1) {
                    checkSpans(layer, k, v);
                }
                PastKeys past = cache.past(layer, roles, 0, rows);
                for (int g = 0; g < nKvHeads; g++) {
                    CacheOracle oracle = oracles[layer * nKvHeads + g];
                    List<Long> held = oracle.seenBy(position);
                    for (int n = 0; n < rows; n++) {
                        oracle.append(position + n, roles[g * rows + n]);
                    }
                    checkPast(past, g, layer, held, oracle, rows);
                    for (int n = 0; n < rows; n++) {
                        pairs += oracle.visible(position + n);
                    }
                }
                cache.append(layer, roles, 0, k, 3, v, 5, rows);
            }
            tokens += rows;
            checkStats();
        }

        private static float key(int layer, int g, long position) {
            return 1 + (position % 4096) + 4096 * (g + 4 * layer);
        }

        private void checkSpans(int layer, float[] k, float[] v) {
            float[] out = new float[nKvHeads * HEAD_DIM];
            float[] q = new float[nKvHeads * HEAD_DIM];
            KeySpans[] spans = cache.spans(layer, k, 3, v, 5);
            DecodeAttention.forward(out, 0, q, 0, spans, nKvHeads, nKvHeads, HEAD_DIM, TEAM);
            for (int g = 0; g < nKvHeads; g++) {
                int head = g;
                List<Long> seen = new ArrayList<>(oracles[layer * nKvHeads + g].seenBy(start + tokens));
                seen.add(start + tokens);
                assertEquals(seen.size(), spans[g].keys());
                // With a query of zeros attention is the mean: a wrong, missing or poisoned value shows.
                double mean = seen.stream().mapToDouble(p -> -key(layer, head, p)).average().orElseThrow();
                for (int d = 0; d < HEAD_DIM; d++) {
                    assertEquals(mean, out[g * HEAD_DIM + d], 1e-5 * Math.abs(mean));
                }
            }
        }

        private void checkPast(PastKeys past, int g, int layer, List<Long> held, CacheOracle oracle, int rows) {
            int from = past.headStart()[g];
            assertEquals(held.size(), past.headStart()[g + 1] - from);
            for (int i = 0; i < held.size(); i++) {
                for (int d = 0; d < HEAD_DIM; d++) {
                    assertEquals(key(layer, g, held.get(i)), past.k()[(from + i) * HEAD_DIM + d]);
                    assertEquals(-key(layer, g, held.get(i)), past.v()[(from + i) * HEAD_DIM + d]);
                }
            }
            for (int i = 0; i < held.size(); i++) {
                long lastRow = oracle.lastRow(held.get(i)) - (start + tokens);
                assertEquals(Math.min(lastRow, rows - 1), Math.min(past.lastRow()[from + i], rows - 1), "held key " + i);
            }
        }

        private void checkStats() {
            KvStats stats = cache.stats();
            long live = 0;
            int most = 0;
            for (int layer = 0; layer < nLayers; layer++) {
                for (int g = 0; g < nKvHeads; g++) {
                    CacheOracle oracle = oracles[layer * nKvHeads + g];
                    KvStats.Head head = stats.heads().get(layer * nKvHeads + g);
                    List<Long> seen = oracle.seenBy(start + tokens);
                    assertEquals(seen, Arrays.stream(cache.positions(layer, g)).boxed().toList());
                    assertEquals(seen.size(), head.keys());
                    assertEquals(oracle.seenBy(start + tokens, Role.GLOBAL).size(), head.globals());
                    assertEquals(oracle.seenBy(start + tokens, Role.LOCAL).size(), head.locals());
                    live += seen.size();
                    most += room(head.globals()) + room(head.locals()) + head.sliding().stream().mapToInt(Model::room).sum();
                }
            }
            assertEquals(start + tokens, cache.position());
            assertEquals(tokens, stats.tokens());
            assertEquals(live, stats.liveKeys());
            assertEquals(live * 2 * HEAD_DIM * 4, stats.bytesLogical());
            assertEquals(tokens * nLayers * nKvHeads * 2 * HEAD_DIM * 4, stats.fullBytes());
            double causal = nLayers * nKvHeads * (tokens * (tokens + 1) / 2.0);
            assertEquals(tokens == 0 ? 1 : pairs / causal, stats.kvShare(), 1e-12);
            assertTrue(stats.bytesHeld() >= stats.bytesLogical() && stats.peakBytes() >= stats.bytesHeld());
            long used = most / BlockPool.LEAST * cache.pool.bytes(BlockPool.LEAST);
            long spare = 3 * nLayers * nKvHeads * cache.pool.bytes(BlockPool.LEAST) + used / 32;
            assertTrue(cache.pool.blockBytes() <= used + spare, cache.pool.blockBytes() + " bytes of blocks for at most " + used + " in use");
        }

        /** Keys that the blocks of a queue of so many may have room for: its first and its last may be partly empty. */
        private static int room(int keys) {
            return keys == 0 ? 0 : (keys + 2 * (BlockPool.LEAST - 1)) / BlockPool.LEAST * BlockPool.LEAST;
        }
    }

    @Test
    void piecesOfAnySizeAttendLikeOneByOne() {
        Random random = new Random(5);
        int rows = 150;
        int nKvHeads = 2;
        int[] windows = {3, 20, 50};
        float[] q = randomFloats(random, rows * 2 * nKvHeads * HEAD_DIM);
        float[] k = randomFloats(random, rows * nKvHeads * HEAD_DIM);
        float[] v = randomFloats(random, rows * nKvHeads * HEAD_DIM);
        int[] roles = roles(random, 5, nKvHeads * rows);
        for (KvDtype dtype : KvDtype.values()) {
            for (int attentionWindow : new int[] {0, 25}) {
                float[] whole = attend(q, k.clone(), v.clone(), roles, windows, attentionWindow, dtype, rows, nKvHeads, rows);
                for (int piece : new int[] {1, 2, 7, 64}) {
                    float[] out = attend(q, k.clone(), v.clone(), roles, windows, attentionWindow, dtype, rows, nKvHeads, piece);
                    assertArrayEquals(whole, out, 2e-6f, dtype + ", pieces of " + piece + ", attention window " + attentionWindow);
                }
            }
        }
    }

    private static float[] attend(float[] q, float[] k, float[] v, int[] roles, int[] windows, int attentionWindow, KvDtype dtype,
            int rows, int nKvHeads, int piece) {
        KvCache cache = new KvCache(1, nKvHeads, HEAD_DIM, windows, attentionWindow, dtype, Long.MAX_VALUE);
        int nHeads = 2 * nKvHeads;
        float[] out = new float[q.length];
        for (int from = 0; from < rows; from += piece) {
            int count = Math.min(piece, rows - from);
            int[] pieceRoles = new int[nKvHeads * count];
            for (int g = 0; g < nKvHeads; g++) {
                System.arraycopy(roles, g * rows + from, pieceRoles, g * count, count);
            }
            int at = from * nHeads * HEAD_DIM;
            int kAt = from * nKvHeads * HEAD_DIM;
            if (count == 1) {
                DecodeAttention.forward(out, at, q, at, cache.spans(0, k, kAt, v, kAt), nHeads, nKvHeads, HEAD_DIM, TEAM);
            } else {
                cache.round(k, kAt, v, kAt, count);
                int[] lastRow = new int[nKvHeads * count];
                Lifetimes.lastRow(lastRow, 0, pieceRoles, 0, RoleSpace.of(windows), attentionWindow, 1, nKvHeads, count, TEAM);
                SparseAttention.forward(out, at, new float[nHeads * count], 0, q, at, k, kAt, v, kAt, lastRow, 0,
                        cache.past(0, pieceRoles, 0, count), new AttentionShape(1, count, nHeads, nKvHeads, HEAD_DIM), TEAM);
            }
            cache.append(0, pieceRoles, 0, k, kAt, v, kAt, count);
        }
        return out;
    }

    @Test
    void atSixteenThousandTokensTheBytesHeldAreWithinATenthOfTheLiveOnes() {
        for (double[] mix : new double[][] {{0.15, 0.25}, {0.08, 0.3}, {1, 0}}) {
            KvCache cache = new KvCache(2, 2, 64, new int[] {16, 64, 256}, 0, KvDtype.F32, Long.MAX_VALUE);
            fill(cache, 2, 2, 64, 3, 16_384, mix, new Random(1));
            KvStats stats = cache.stats();
            double ratio = (double) stats.bytesHeld() / stats.bytesLogical();
            System.out.printf("16384 tokens, globals %.2f, locals %.2f: %d keys live of %d, %.3f x their bytes held%n",
                    mix[0], mix[1], stats.liveKeys(), 4 * stats.tokens(), ratio);
            assertTrue(ratio <= 1.10, "held / live bytes = " + ratio);
        }
    }

    /** Best of a few tries, for what else the JVM allocates meanwhile counts too. */
    @ParameterizedTest
    @EnumSource
    void theBytesReportedAreTheBytesOfTheHeap(KvDtype dtype) {
        double nearest = Double.MAX_VALUE;
        long remaining = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 5 && (nearest > 0.02 || remaining >= 8 << 20); attempt++) {
            long before = usedHeap();
            KvCache cache = new KvCache(2, 2, 64, new int[] {16, 64}, 0, dtype, Long.MAX_VALUE);
            fill(cache, 2, 2, 64, 2, 40_000, new double[] {0.8, 0.1}, new Random(2));
            long measured = usedHeap() - before;
            nearest = Math.min(nearest, Math.abs((double) measured / cache.bytesHeld() - 1));
            cache.clear();
            remaining = Math.min(remaining, usedHeap() - before);
            assertEquals(0, cache.stats().liveKeys());
        }
        assertTrue(remaining < 8 << 20, "clear gives the memory back, but " + remaining + " bytes remain");
        assertTrue(nearest <= 0.02, "measured and reported differ by " + nearest);
    }

    @ParameterizedTest
    @EnumSource
    void bytesFollowTheStoredForm(KvDtype dtype) {
        KvCache cache = new KvCache(2, 2, 64, new int[0], 0, dtype, Long.MAX_VALUE);
        fill(cache, 2, 2, 64, 0, 4096, new double[] {1, 0}, new Random(3));
        KvStats stats = cache.stats();
        long keyBytes = switch (dtype) {
            case F32 -> 2 * 64 * 4;
            case BF16 -> 2 * 64 * 2;
            case Q8 -> 2 * (64 + 2 * 2);
        };
        assertEquals(4 * 4096 * keyBytes, stats.bytesLogical());
        assertEquals(stats.bytesLogical(), stats.fullBytes());
        // Beside the rows: 4 bytes of position per key, and spare blocks.
        assertTrue(stats.bytesHeld() <= stats.bytesLogical() * (1 + 5.0 / keyBytes + 0.04), "held / live = " + (double) stats.bytesHeld() / stats.bytesLogical());
    }

    private static long usedHeap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static void fill(KvCache cache, int nLayers, int nKvHeads, int headDim, int nWindows, int tokens, double[] mix, Random random) {
        float[] k = new float[nKvHeads * headDim];
        int[] roles = new int[nKvHeads];
        for (int t = 0; t < tokens; t++) {
            for (int layer = 0; layer < nLayers; layer++) {
                Arrays.setAll(roles, g -> {
                    double x = random.nextDouble();
                    return x < mix[0] ? Role.GLOBAL : x < mix[0] + mix[1] ? Role.LOCAL : Role.sliding(random.nextInt(nWindows));
                });
                cache.append(layer, roles, 0, k, 0, k, 0, 1);
            }
        }
    }

    static int[] windows(Random random, int n) {
        return random.ints(1, 45).distinct().limit(n).sorted().toArray();
    }

    /** Roles in random proportions, so that long segments of locals and full rings occur. */
    static int[] roles(Random random, int nRoles, int rows) {
        int favourite = random.nextInt(nRoles);
        double share = random.nextDouble();
        return IntStream.range(0, rows).map(n -> random.nextDouble() < share ? favourite : random.nextInt(nRoles)).toArray();
    }

    static float[] randomFloats(Random random, int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    @Test
    void aModelsCacheHasItsLayersHeadsAndWindows() {
        ModelConfig config = ModelConfig.llama(64, 32, 3, 4, 2, 64, 128).withRoleWindows(4, 8);
        KvStats stats = KvCache.of(config).stats();
        assertEquals(6, stats.heads().size());
        assertEquals(new KvStats.Head(2, 1, 0, 0, List.of(0, 0)), stats.heads().get(5));
        assertEquals(1.0, stats.kvShare());
    }

    @Test
    void wrongArgumentsAreNamedAndChangeNothing() {
        KvCache cache = new KvCache(2, 1, 8, new int[] {4}, 0, KvDtype.F32, Long.MAX_VALUE);
        float[] k = new float[16];
        assertMessage("role 3", IllegalArgumentException.class, () -> cache.append(0, new int[] {0, 3}, 0, k, 0, k, 0, 2));
        assertMessage("role -1", IllegalArgumentException.class, () -> cache.past(0, new int[] {-1}, 0, 1));
        assertMessage("rows = 0", IllegalArgumentException.class, () -> cache.append(0, new int[1], 0, k, 0, k, 0, 0));
        assertMessage("roles is null", IllegalArgumentException.class, () -> cache.append(0, null, 0, k, 0, k, 0, 1));
        assertMessage("v: 8", IndexOutOfBoundsException.class, () -> cache.append(0, new int[1], 0, k, 0, k, 9, 1));
        assertMessage("k: 8", IndexOutOfBoundsException.class, () -> cache.spans(0, k, -1, k, 0));
        assertMessage("next is layer 0", IllegalStateException.class, () -> cache.append(1, new int[1], 0, k, 0, k, 0, 1));
        assertMessage("must not be negative", IllegalArgumentException.class, () -> cache.startAt(-1));
        assertThrows(IndexOutOfBoundsException.class, () -> cache.positions(0, 1));
        assertEquals(0, cache.stats().liveKeys());
        cache.append(0, new int[1], 0, k, 0, k, 0, 1);
        assertMessage("next is layer 1 with 1 rows", IllegalStateException.class, () -> cache.append(1, new int[2], 0, k, 0, k, 0, 2));
        assertMessage("next is layer 1", IllegalStateException.class, () -> cache.spans(0, k, 0, k, 0));
        assertThrows(IllegalStateException.class, () -> cache.startAt(5));
        cache.append(1, new int[1], 0, k, 0, k, 0, 1);
        assertEquals(1, cache.position());
        assertThrows(IllegalStateException.class, () -> cache.startAt(5));
        assertThrows(IllegalArgumentException.class, () -> new KvCache(0, 1, 8, new int[0], 0, KvDtype.F32, 1));
        assertThrows(IllegalArgumentException.class, () -> new KvCache(1, 1, 8, new int[] {3, 2}, 0, KvDtype.F32, 1));
        assertThrows(IllegalArgumentException.class, () -> new KvCache(1, 1, 8, new int[0], -1, KvDtype.F32, 1));
        assertThrows(IllegalArgumentException.class, () -> new KvCache(1, 1, 8, new int[0], 0, KvDtype.F32, 0));
    }

    private static void assertMessage(String part, Class<? extends Exception> type, org.junit.jupiter.api.function.Executable call) {
        String message = assertThrows(type, call).getMessage();
        assertTrue(message.contains(part), message);
    }
}
