package org.neuralattention.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.DecodeAttention;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.roles.Lifetimes;
import org.neuralattention.roles.RoleSpace;

class KvCacheTest {

    private static final Team TEAM = Team.serial();
    private static final int HEAD_DIM = 8;

    @Property(tries = 10_000, shrinking = ShrinkingMode.OFF)
    void theTrainMaskIsTheSetOfKeysTheCacheHoldsAtEveryDecodeStep(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int nWindows, @ForAll @IntRange(min = 1, max = 80) int rows) {
        Random random = new Random(seed);
        int[] windows = KvCacheCases.windows(random, nWindows);
        int attentionWindow = random.nextInt(3) == 0 ? 1 + random.nextInt(30) : 0;
        int[] roles = KvCacheCases.roles(random, 2 + nWindows, rows);
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

    @Test
    void piecesOfAnySizeAttendLikeOneByOne() {
        Random random = new Random(5);
        int rows = 150;
        int nKvHeads = 2;
        int[] windows = {3, 20, 50};
        float[] q = KvCacheCases.randomFloats(random, rows * 2 * nKvHeads * HEAD_DIM);
        float[] k = KvCacheCases.randomFloats(random, rows * nKvHeads * HEAD_DIM);
        float[] v = KvCacheCases.randomFloats(random, rows * nKvHeads * HEAD_DIM);
        int[] roles = KvCacheCases.roles(random, 5, nKvHeads * rows);
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
