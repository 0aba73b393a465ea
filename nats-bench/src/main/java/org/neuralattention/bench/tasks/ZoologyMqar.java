package org.neuralattention.bench.tasks;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;
import org.neuralattention.train.TokenSource;

/**
 * Multi-query associative recall as zoology defines it: the pairs come first and side by side, then each key is asked once,
 * at a slot g of the query area drawn without replacement with probability proportional to {@code a g^(a-1)}: a = 1 is
 * uniform, a small a asks mostly near the pairs. Ids: 0 elsewhere, keys [1, vocabSize / 2), values [vocabSize / 2, vocabSize).
 *
 * <p>Source: github.com/HazyResearch/zoology, zoology/data/multiquery_ar.py. Test vectors: vectors/mqar.json.
 *
 * @param vocabSize ids, more than {@code length}
 * @param length tokens of a sequence, even, at least 4 times {@code pairs}
 * @param pairs pairs of a sequence
 * @param a exponent of the slots' distribution, positive
 */
public record ZoologyMqar(int vocabSize, int length, int pairs, double a) implements Task {

    private static final int KEYS = 0;
    private static final int VALUES = 1;
    private static final int SLOTS = 2;

    public ZoologyMqar {
        if (length < 4 || length % 2 != 0) {
            throw new IllegalArgumentException("length = " + length + ": must be even and at least 4");
        }
        if (vocabSize <= length) {
            throw new IllegalArgumentException("vocabSize = " + vocabSize + ": must be more than the length " + length);
        }
        if (pairs < 1 || 4L * pairs > length) {
            throw new IllegalArgumentException("pairs = " + pairs + ": must be in [1, " + length / 4 + "] for " + length + " tokens");
        }
        if (!(a > 0) || Double.isInfinite(a)) {
            throw new IllegalArgumentException("a = " + a + ": must be positive and finite");
        }
    }

    @Override
    public String name() {
        return "zoology MQAR " + pairs + " of " + length;
    }

    @Override
    public TokenSource training(long seed) {
        Task.heldOut(seed); // checks it
        return Task.rows(name(), length, (ids, targets, offset, index) -> sequence(ids, offset, targets, offset, seed, index));
    }

    /** The prompt is the pairs, which is also what is needed. */
    @Override
    public Example example(long seed, long index) {
        int[] ids = new int[length];
        int[] targets = new int[length];
        sequence(ids, 0, targets, 0, Task.heldOut(seed), index);
        BitSet needed = new BitSet();
        needed.set(0, 2 * pairs);
        return Example.of(ids, targets, 2 * pairs, needed);
    }

    /**
     * Sequence {@code index} of the data set {@code seed}.
     *
     * @param ids [length], written
     * @param targets [length], written; {@link Mqar#NOT_SCORED} except at asked keys
     */
    public void sequence(int[] ids, int idsOffset, int[] targets, int targetsOffset, long seed, long index) {
        Draws draws = new Draws(seed, index);
        int[] keys = draws.distinct(pairs, vocabSize / 2 - 1, KEYS);
        int[] values = draws.distinct(pairs, vocabSize - vocabSize / 2, VALUES);
        for (int i = 0; i < pairs; i++) {
            keys[i] += 1;
            values[i] += vocabSize / 2;
        }
        double[] weights = new double[(length - 2 * pairs) / 2];
        for (int g = 1; g <= weights.length; g++) {
            weights[g - 1] = a * StrictMath.pow(g, a - 1);
        }
        lay(ids, idsOffset, targets, targetsOffset, keys, values, draws.distinctByWeight(pairs, weights, SLOTS));
    }

    /** Writes the pairs and, at {@code slots[i]} of the query area, the query of key i. */
    void lay(int[] ids, int idsOffset, int[] targets, int targetsOffset, int[] keys, int[] values, int[] slots) {
        Objects.checkFromIndexSize(idsOffset, length, ids.length);
        Objects.checkFromIndexSize(targetsOffset, length, targets.length);
        Arrays.fill(ids, idsOffset, idsOffset + length, 0);
        Arrays.fill(targets, targetsOffset, targetsOffset + length, Mqar.NOT_SCORED);
        for (int i = 0; i < pairs; i++) {
            ids[idsOffset + 2 * i] = keys[i];
            ids[idsOffset + 2 * i + 1] = values[i];
            int position = 2 * pairs + 2 * slots[i];
            ids[idsOffset + position] = keys[i];
            targets[targetsOffset + position] = values[i];
        }
    }
}
