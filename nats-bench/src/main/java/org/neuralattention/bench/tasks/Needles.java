package org.neuralattention.bench.tasks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.neuralattention.train.TokenSource;

/**
 * Needles in filler, in the form of RULER's niah tasks: each key has some values, each pair (key, value) lies somewhere, and at the end some keys are
 * asked. A question is (ask, key), its answer the key's values in the order in which they stood; a value counts wherever it is among the answer.
 *
 * <p>Single needle: one key with one value. Multi-key: several, one asked. Multi-value: one key with several values. Multi-query: several keys, all
 * asked. Pairs lie at random even places before the questions. The prompt ends with the first question.
 *
 * <p>Source: Hsieh et al., RULER, and github.com/hsiehjackson/RULER, scripts/data/synthetic/niah.py: its skeleton, without English.
 *
 * @param vocabulary ids
 * @param keys keys in a sequence
 * @param valuesPerKey values of each
 * @param asked keys asked, each once
 * @param repeated whether the filler is one stretch of 16 tokens again and again, as in niah_single_1, or random
 * @param length tokens of a sequence
 */
public record Needles(Vocabulary vocabulary, int keys, int valuesPerKey, int asked, boolean repeated, int length) implements Task {

    private static final int STRETCH = 16;

    /** Keys of a training sequence at least, so that there is something to choose from. */
    private static final int TRAINING_KEYS = 4;

    private static final int RECALL_PAIRS = 8;

    private static final int KEYS = 0;
    private static final int VALUES = 1;
    private static final int SLOTS = 2;
    private static final int FILLER = 3;
    private static final int QUESTIONS = 4;

    public Needles {
        if (keys < 1 || valuesPerKey < 1 || asked < 1 || asked > keys) {
            throw new IllegalArgumentException("keys = " + keys + ", valuesPerKey = " + valuesPerKey + ", asked = " + asked
                    + ": each must be at least 1, asked at most keys");
        }
        if (keys > vocabulary.keys() || (long) keys * valuesPerKey > vocabulary.values()) {
            throw new IllegalArgumentException(keys + " keys with " + valuesPerKey + " values each: the vocabulary has " + vocabulary.keys() + " keys and "
                    + vocabulary.values() + " values, which are all different in a sequence");
        }
        if (slots(length, asked, valuesPerKey) < keys * valuesPerKey) {
            throw new IllegalArgumentException("length = " + length + ": too short for " + keys * valuesPerKey + " pairs and " + asked + " questions");
        }
    }

    /** niah_single_1. */
    public static Needles single(int length) {
        return new Needles(Vocabulary.STANDARD, 1, 1, 1, true, length);
    }

    /** niah_multikey: one of several keys is asked. */
    public static Needles multiKey(int keys, int length) {
        return new Needles(Vocabulary.STANDARD, keys, 1, 1, false, length);
    }

    /** niah_multivalue. */
    public static Needles multiValue(int values, int length) {
        return new Needles(Vocabulary.STANDARD, 1, values, 1, false, length);
    }

    /** niah_multiquery. */
    public static Needles multiQuery(int keys, int length) {
        return new Needles(Vocabulary.STANDARD, keys, 1, keys, false, length);
    }

    @Override
    public String name() {
        String form = valuesPerKey > 1 ? "multi-value " + valuesPerKey : asked > 1 ? "multi-query " + asked : keys > 1 ? "multi-key " + keys : "needle";
        return form + " in " + length;
    }

    @Override
    public int vocabSize() {
        return vocabulary.size();
    }

    private static int slots(int length, int asked, int valuesPerKey) {
        return Math.max(0, length - asked * (2 + valuesPerKey)) / 2;
    }

    /**
     * Every other row teaches recall itself, as {@link Mqar}'s training does, in the same ids. The others have {@value #TRAINING_KEYS} keys or more, if
     * they fit, and their second half asks them at random, again and again. Targets are the answers only.
     *
     * <p>Without the rows of MQAR a model of two layers was still guessing among the values told after 1,500 steps of 4,096 tokens; with them
     * it answered both after 500 (4 keys in 64 tokens).
     */
    @Override
    public TokenSource training(long seed) {
        Task.heldOut(seed); // checks it
        int questions = Math.max(asked, length / 2 / (2 + valuesPerKey));
        int most = Math.min(slots(length, questions, valuesPerKey) / valuesPerKey, Math.min(vocabulary.keys(), vocabulary.values() / valuesPerKey));
        int more = Math.min(most, Math.max(keys, TRAINING_KEYS));
        Mqar recall = recall();
        return Task.rows(name(), length, (ids, targets, offset, index) -> {
            Arrays.fill(targets, offset, offset + length, TokenSource.NOT_ASKED);
            if (index % 2 == 0) {
                Arrays.fill(ids, offset + recall.length(), offset + length, vocabulary.filler(0));
                recall.training(ids, offset, targets, offset, seed, index);
                return;
            }
            Draws draws = new Draws(seed, index);
            int[] which = IntStream.range(0, questions).map(i -> draws.below(more, QUESTIONS, i)).toArray();
            for (Question question : lay(ids, offset, new BitSet(), more, which, draws)) {
                for (int i = 0; i < valuesPerKey; i++) {
                    targets[offset + question.at() + i] = question.answer().get(i);
                }
            }
        });
    }

    private Mqar recall() {
        int multiple = length / 4 * 4;
        int pairs = Math.min(RECALL_PAIRS, Math.min(multiple / 4, Math.min(vocabulary.keys(), vocabulary.values())));
        return new Mqar(vocabulary.keys(), vocabulary.values(), vocabulary.filler(), pairs, multiple);
    }

    @Override
    public Example example(long seed, long index) {
        int[] ids = new int[length];
        BitSet needed = new BitSet();
        Draws draws = new Draws(Task.heldOut(seed), index);
        List<Question> questions = lay(ids, 0, needed, keys, draws.distinct(asked, keys, QUESTIONS), draws);
        return new Example(ids, questions.getFirst().at() + 1, questions, needed);
    }

    /** Writes a sequence of {@code keys} keys that asks those of the numbers {@code which}; sets the places of its pairs in {@code needed}. */
    private List<Question> lay(int[] ids, int offset, BitSet needed, int keys, int[] which, Draws draws) {
        for (int i = 0; i < length; i++) {
            ids[offset + i] = vocabulary.filler(draws.below(vocabulary.filler(), FILLER, repeated ? i % STRETCH : i));
        }
        int[] key = draws.distinct(keys, vocabulary.keys(), KEYS);
        int[] value = draws.distinct(keys * valuesPerKey, vocabulary.values(), VALUES);
        int[] slots = draws.distinct(keys * valuesPerKey, slots(length, which.length, valuesPerKey), SLOTS);
        for (int k = 0; k < keys; k++) {
            Arrays.sort(slots, k * valuesPerKey, (k + 1) * valuesPerKey);
            for (int i = k * valuesPerKey; i < (k + 1) * valuesPerKey; i++) {
                ids[offset + 2 * slots[i]] = key[k];
                ids[offset + 2 * slots[i] + 1] = vocabulary.value(value[i]);
                needed.set(2 * slots[i], 2 * slots[i] + 2);
            }
        }
        List<Question> questions = new ArrayList<>();
        int at = length - which.length * (2 + valuesPerKey);
        for (int k : which) {
            ids[offset + at] = vocabulary.ask();
            ids[offset + at + 1] = key[k];
            List<Integer> answer = Arrays.stream(value, k * valuesPerKey, (k + 1) * valuesPerKey).map(vocabulary::value).boxed().toList();
            for (int i = 0; i < valuesPerKey; i++) {
                ids[offset + at + 2 + i] = answer.get(i);
            }
            questions.add(new Question(at + 1, answer, true, Question.Scoring.EACH));
            at += 2 + valuesPerKey;
        }
        return questions;
    }
}
