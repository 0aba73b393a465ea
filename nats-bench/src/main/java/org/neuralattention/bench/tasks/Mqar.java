package org.neuralattention.bench.tasks;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;
import org.neuralattention.train.TokenSource;

/**
 * Multi-query associative recall, scattered: {@code pairs} pairs (key, value) lie at random slots of the first half among
 * filler; the second half asks keys, and the target at an asked key is its value. A slot is two tokens, its second is the
 * value of a pair or, behind an asked key, filler: answers are never shown, so no answer can be copied from another.
 *
 * <p>Queries are uniform over the second half, so no window can answer them: on average half the sequence lies between a
 * pair and its query. Ids: keys are [0, keys), values [keys, keys + values), filler [keys + values, vocabSize).
 *
 * <p>Source: after Arora et al., arXiv 2312.04927; why so, docs/running.md. Test vectors: vectors/mqar.json.
 *
 * @param keys number of key tokens
 * @param values number of value tokens
 * @param filler number of filler tokens
 * @param pairs pairs in a sequence; their keys and their values are all different
 * @param length tokens of a sequence, a multiple of 4
 */
public record Mqar(int keys, int values, int filler, int pairs, int length) implements Task {

    /** The target of a position that is not scored. */
    public static final int NOT_SCORED = -1;

    private static final int KEYS = 0;
    private static final int VALUES = 1;
    private static final int PAIR_SLOTS = 2;
    private static final int FILLER = 3;
    private static final int QUERY_SLOTS = 4;
    private static final int QUERIES = 5;
    /** Keeps training and evaluation apart: with the same seed and index they still differ. */
    private static final int EVALUATION = 16;

    public Mqar {
        if (keys < 1 || values < 1 || filler < 1) {
            throw new IllegalArgumentException("keys = " + keys + ", values = " + values + ", filler = " + filler + ": each must be at least 1");
        }
        if (length < 4 || length % 4 != 0) {
            throw new IllegalArgumentException("length = " + length + ": must be a positive multiple of 4");
        }
        int most = Math.min(length / 4, Math.min(keys, values));
        if (pairs < 1 || pairs > most) {
            throw new IllegalArgumentException("pairs = " + pairs + ": must be in [1, " + most + "] for " + length
                    + " tokens, " + keys + " keys and " + values + " values");
        }
    }

    /** With 64 keys, 64 values and 128 filler tokens. */
    public static Mqar of(int pairs, int length) {
        return new Mqar(64, 64, 128, pairs, length);
    }

    @Override
    public String name() {
        return "MQAR " + pairs + " of " + length;
    }

    @Override
    public int vocabSize() {
        return keys + values + filler;
    }

    /** The same task at another length. */
    public Mqar withLength(int length) {
        return new Mqar(keys, values, filler, pairs, length);
    }

    public boolean isKey(int id) {
        return id >= 0 && id < keys;
    }

    public boolean isValue(int id) {
        return id >= keys && id < keys + values;
    }

    /**
     * A training sequence: every slot of the second half asks a random key of the pairs, for many answers per sequence are
     * what makes the task learnable.
     *
     * @param ids [length], written
     * @param targets [length], written; {@link #NOT_SCORED} except at asked keys
     */
    public void training(int[] ids, int idsOffset, int[] targets, int targetsOffset, long seed, long index) {
        Draws draws = new Draws(seed, index);
        int[] pairKeys = draws.distinct(pairs, keys, KEYS);
        int[] pairValues = scatter(ids, idsOffset, targets, targetsOffset, draws, 0, pairKeys);
        for (int slot = 0; slot < length / 4; slot++) {
            int asked = draws.below(pairs, QUERIES, slot);
            ask(ids, idsOffset, targets, targetsOffset, slot, pairKeys[asked], pairValues[asked]);
        }
    }

    /** An evaluation sequence: each key of the pairs is asked once, at a random slot of the second half; arguments as in training. */
    public void evaluation(int[] ids, int idsOffset, int[] targets, int targetsOffset, long seed, long index) {
        Draws draws = new Draws(seed, index);
        int[] pairKeys = draws.distinct(pairs, keys, EVALUATION + KEYS);
        int[] pairValues = scatter(ids, idsOffset, targets, targetsOffset, draws, EVALUATION, pairKeys);
        int[] slots = draws.distinct(pairs, length / 4, EVALUATION + QUERY_SLOTS);
        for (int i = 0; i < pairs; i++) {
            ask(ids, idsOffset, targets, targetsOffset, slots[i], pairKeys[i], pairValues[i]);
        }
    }

    /** Sequences of the training form. */
    @Override
    public TokenSource training(long seed) {
        Task.heldOut(seed); // checks it
        return Task.rows(name(), length, (ids, targets, offset, index) -> training(ids, offset, targets, offset, seed, index));
    }

    /** Evaluation's form; the prompt is the first half, which holds all pairs, and they are what is needed. */
    @Override
    public Example example(long seed, long index) {
        int[] ids = new int[length];
        int[] targets = new int[length];
        evaluation(ids, 0, targets, 0, Task.heldOut(seed), index);
        BitSet needed = new BitSet();
        for (int i = 0; i < length / 2; i++) {
            needed.set(i, isKey(ids[i]) || isValue(ids[i]));
        }
        return Example.of(ids, targets, length / 2, needed);
    }

    /** Filler everywhere, then the pairs; returns their values. */
    private int[] scatter(int[] ids, int idsOffset, int[] targets, int targetsOffset, Draws draws, int form, int[] pairKeys) {
        Objects.checkFromIndexSize(idsOffset, length, ids.length);
        Objects.checkFromIndexSize(targetsOffset, length, targets.length);
        for (int i = 0; i < length; i++) {
            ids[idsOffset + i] = keys + values + draws.below(filler, form + FILLER, i);
        }
        Arrays.fill(targets, targetsOffset, targetsOffset + length, NOT_SCORED);
        int[] pairValues = draws.distinct(pairs, values, form + VALUES);
        int[] slots = draws.distinct(pairs, length / 4, form + PAIR_SLOTS);
        for (int i = 0; i < pairs; i++) {
            pairValues[i] += keys;
            ids[idsOffset + 2 * slots[i]] = pairKeys[i];
            ids[idsOffset + 2 * slots[i] + 1] = pairValues[i];
        }
        return pairValues;
    }

    private void ask(int[] ids, int idsOffset, int[] targets, int targetsOffset, int slot, int key, int value) {
        int position = length / 2 + 2 * slot;
        ids[idsOffset + position] = key;
        targets[targetsOffset + position] = value;
    }
}
