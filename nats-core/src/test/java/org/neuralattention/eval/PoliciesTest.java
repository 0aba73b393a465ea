package org.neuralattention.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;

/** Every policy keeps what its paper's rule keeps, recomputed plainly for the whole model: the same positions, and so the same logits. */
class PoliciesTest {

    private static final int LENGTH = 70;
    private static final int KEYS = 9;

    @Test
    void fullKeepsAll() {
        holdsWhatTheRuleSays(new FullCache(), 0, new BitSet(), Small.GROUPED, () -> (layer, seen, attention, position) -> {});
    }

    @Test
    void aWindowKeepsTheLastTokens() {
        holdsWhatTheRuleSays(new SinkWindow(0, new Budget.Keys(KEYS)), 0, new BitSet(), Small.GROUPED,
                () -> (layer, seen, attention, position) -> seen.forEach(set -> set.removeIf(p -> position + 1 - p > KEYS)));
    }

    @Test
    void sinkAndWindowKeepsTheFirstTokensToo() {
        holdsWhatTheRuleSays(new SinkWindow(4, new Budget.Keys(KEYS)), 0, new BitSet(), Small.GROUPED,
                () -> (layer, seen, attention, position) -> seen.forEach(set -> set.removeIf(p -> p >= 4 && position + 1 - p > KEYS - 4)));
    }

    /** Half of what is kept are the last tokens; the others those with the largest sums of attention, which they have had since they came. */
    @Test
    void heavyHittersAreThoseWithMostAttentionSoFar() {
        int recent = 5;
        holdsWhatTheRuleSays(new HeavyHitters(new Budget.Keys(KEYS)), 0, new BitSet(), Small.GROUPED, () -> {
            Map<List<Integer>, Double> sums = new HashMap<>();
            return (layer, seen, attention, position) -> {
                for (int g = 0; g < seen.size(); g++) {
                    TreeSet<Integer> set = seen.get(g);
                    int group = attention.size() / seen.size();
                    List<Integer> older = new ArrayList<>();
                    for (int p : set) {
                        for (int h = g * group; h < (g + 1) * group; h++) {
                            sums.merge(List.of(layer, g, p), attention.get(h).get(p), Double::sum);
                        }
                        if (p <= position - recent) {
                            older.add(p);
                        }
                    }
                    int head = g;
                    older.sort(Comparator.comparingDouble(p -> -sums.get(List.of(layer, head, p))));
                    older.stream().skip(KEYS - recent).forEach(set::remove);
                }
            };
        });
    }

    @Test
    void tovaDropsWhatTheLastRowPaidLeastAttention() {
        holdsWhatTheRuleSays(new Tova(new Budget.Keys(KEYS)), 0, new BitSet(), Small.GROUPED,
                () -> (layer, seen, attention, position) -> {
                    List<Integer> all = new ArrayList<>(seen.getFirst());
                    all.sort(Comparator.comparingDouble(p -> -attention.stream().mapToDouble(head -> head.get(p)).average().orElseThrow()));
                    all.stream().skip(KEYS).forEach(p -> seen.forEach(set -> set.remove(p)));
                });
    }

    @Test
    void snapKvKeepsWhatTheLastTokensOfThePromptVoteFor() {
        for (SnapKv.Pooling pooling : SnapKv.Pooling.values()) {
            for (int kernel : new int[] {1, 5, 7}) {
                holdsWhatTheRuleSays(new SnapKv(new Budget.Keys(20), 6, kernel, pooling), 50, new BitSet(), Small.GROUPED, () -> snap(50, 20, 6, kernel, pooling));
            }
        }
    }

    private static PlainDecoder.Rule snap(int prompt, int keys, int window, int kernel, SnapKv.Pooling pooling) {
        Map<List<Integer>, TreeMap<Integer, Double>> rows = new HashMap<>(); // (layer, head, row) -> attention
        return (layer, seen, attention, position) -> {
            for (int h = 0; h < attention.size(); h++) {
                rows.put(List.of(layer, h, position), attention.get(h));
            }
            if (position != prompt - 1) {
                return;
            }
            int group = attention.size() / seen.size();
            for (int g = 0; g < seen.size(); g++) {
                double[] votes = new double[prompt + kernel]; // zeros at both ends
                for (int n = 0; n < prompt - window; n++) {
                    for (int h = g * group; h < (g + 1) * group; h++) {
                        for (int row = prompt - window; row < prompt; row++) {
                            votes[n + kernel / 2] += rows.get(List.of(layer, h, row)).get(n);
                        }
                    }
                }
                List<Integer> before = new ArrayList<>(seen.get(g).headSet(prompt - window));
                before.sort(Comparator.comparingDouble(n -> {
                    var pool = Arrays.stream(votes, n, n + kernel);
                    return -(pooling == SnapKv.Pooling.AVERAGE ? pool.sum() : pool.max().orElseThrow());
                }));
                before.stream().skip(keys - window).forEach(seen.get(g)::remove);
            }
        };
    }

    @Test
    void theOracleKeepsWhatIsNeeded() {
        BitSet needed = new BitSet();
        needed.set(3);
        needed.set(17, 19);
        needed.set(40);
        holdsWhatTheRuleSays(new Oracle(2, 5), 30, needed, Small.GROUPED,
                () -> (layer, seen, attention, position) ->
                        seen.forEach(set -> set.removeIf(p -> p >= 2 && !needed.get(p) && position + 1 - p > 5)));
    }

    /** Whatever a policy keeps, the model's own attention window ends every key's life. */
    @Test
    void theModelsWindowHoldsForAll() {
        ModelConfig c = Small.GROUPED;
        ModelConfig windowed = new ModelConfig(c.vocabSize(), c.dim(), c.nLayers(), c.nHeads(), c.nKvHeads(), c.headDim(), c.hiddenDim(), c.maxSeqLen(),
                c.norm(), c.normEps(), c.positions(), c.activation(), c.biases(), c.qkNorm(), c.tiedHead(), 23, c.roleSpace());
        holdsWhatTheRuleSays(new FullCache(), 0, new BitSet(), windowed, () -> (layer, seen, attention, position) -> {});
        holdsWhatTheRuleSays(new SinkWindow(4, new Budget.Keys(KEYS)), 0, new BitSet(), windowed,
                () -> (layer, seen, attention, position) -> seen.forEach(set -> set.removeIf(p -> p >= 4 && position + 1 - p > KEYS - 4)));
    }

    private interface Fresh {
        PlainDecoder.Rule rule();
    }

    private static void holdsWhatTheRuleSays(Policy policy, int prompt, BitSet needed, ModelConfig config, Fresh plain) {
        for (long seed = 1; seed <= 4; seed++) {
            Transformer model = Small.model(config, seed, Team.serial());
            int[] ids = Small.text(LENGTH, seed);
            PlainDecoder expected = new PlainDecoder(model, plain.rule());
            PolicyDecoder decoder = new PolicyDecoder(model);
            decoder.begin(policy, new Sequence(0, LENGTH, prompt, needed));
            long behind = 0;
            for (int n = 0; n < LENGTH; n++) {
                String at = policy.name() + ", seed " + seed + ", row " + n;
                behind = n == prompt ? expected.pairs() : behind;
                float[] logits = expected.decode(ids[n]);
                decoder.take(ids, n, 1);
                for (int layer = 0; layer < config.nLayers(); layer++) {
                    for (int g = 0; g < config.nKvHeads(); g++) {
                        int[] positions = decoder.positions(layer, g);
                        Arrays.sort(positions);
                        assertEquals(expected.seen(layer, g), Arrays.stream(positions).boxed().toList(), at + ", layer " + layer + ", head " + g);
                    }
                }
                assertArrayEquals(logits, decoder.logits(), 2e-4f, at);
            }
            KvUse use = decoder.use();
            int keyBytes = 2 * config.headDim() * 4;
            int heads = config.nLayers() * config.nKvHeads();
            assertEquals(expected.pairs(), use.headPairs().stream().mapToLong(Long::longValue).sum());
            assertEquals(expected.pairs() * (double) keyBytes / LENGTH, use.meanBytes(), 1e-9);
            assertEquals(expected.peak() * keyBytes, use.peakBytes());
            assertEquals(expected.pairs() / (heads * LENGTH * (LENGTH + 1) / 2.0), use.share(), 1e-12);
            assertEquals((expected.pairs() - behind) / (heads * (LENGTH * (LENGTH + 1) / 2.0 - prompt * (prompt + 1) / 2.0)), use.shareBehindPrompt(), 1e-12);
        }
    }

    @Test
    void aPolicyThatWantsRolesIsRefusedByAModelWithoutThem() {
        PolicyDecoder decoder = new PolicyDecoder(Small.model(Small.GROUPED, 1, Team.serial()));
        assertThrows(IllegalArgumentException.class, () -> decoder.begin(Roles.learned(), Sequence.of(5)));
    }
}
