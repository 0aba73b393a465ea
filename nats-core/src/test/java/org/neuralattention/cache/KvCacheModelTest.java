package org.neuralattention.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.neuralattention.kernels.DecodeAttention;
import org.neuralattention.kernels.KeySpans;
import org.neuralattention.kernels.PastKeys;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.Role;

class KvCacheModelTest {

    private static final Team TEAM = Team.serial();
    private static final int HEAD_DIM = 8;

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
            windows = KvCacheCases.windows(random, random.nextInt(4));
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
                int[] roles = IntStream.range(0, nKvHeads).flatMap(g -> Arrays.stream(KvCacheCases.roles(random, 2 + windows.length, rows))).toArray();
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
}
