package org.neuralattention.bench.tasks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.neuralattention.train.TokenSource;

/**
 * Variable tracking, in the form of RULER's vt: a chain begins with (set, variable, value) and goes on with (set, next variable, variable before);
 * at the end it is asked who holds a value: (ask, value), the answer is all variables of its chain. A variable counts wherever it is among the answer.
 *
 * <p>Assignments lie at random places among random filler, those of a chain in order, chains among each other as they fall. RULER has one chain of
 * four hops; here another one beside it makes finding all variables not enough. The prompt ends with the question.
 *
 * <p>Source: github.com/hsiehjackson/RULER, scripts/data/synthetic/variable_tracking.py: its skeleton, without English.
 *
 * @param vocabulary ids; variables are keys
 * @param chains chains in a sequence, of which one is asked
 * @param hops assignments of a chain behind its first
 * @param length tokens of a sequence
 */
public record VariableTracking(Vocabulary vocabulary, int chains, int hops, int length) implements Task {

    private static final int WIDTH = 3;

    private static final int VARIABLES = 0;
    private static final int VALUES = 1;
    private static final int SLOTS = 2;
    private static final int FILLER = 3;
    private static final int QUESTIONS = 4;

    public VariableTracking {
        if (chains < 1 || hops < 1 || (long) chains * (hops + 1) > vocabulary.keys() || chains > vocabulary.values()) {
            throw new IllegalArgumentException("chains = " + chains + ", hops = " + hops + ": each must be at least 1, and all variables different of "
                    + vocabulary.keys());
        }
        if (slots(length, 1, hops) < chains * (hops + 1)) {
            throw new IllegalArgumentException("length = " + length + ": too short for " + chains + " chains of " + (hops + 1)
                    + " assignments and a question");
        }
    }

    /** Two chains of {@code hops} hops. */
    public static VariableTracking of(int hops, int length) {
        return new VariableTracking(Vocabulary.STANDARD, 2, hops, length);
    }

    @Override
    public String name() {
        return "variables " + hops + " hops in " + length;
    }

    @Override
    public int vocabSize() {
        return vocabulary.size();
    }

    private static int slots(int length, int asked, int hops) {
        return Math.max(0, length - asked * (hops + WIDTH)) / WIDTH;
    }

    /** The second half asks chains at random, again and again, as far as there is room. Targets are the answers only. */
    @Override
    public TokenSource training(long seed) {
        Task.heldOut(seed); // checks it
        int room = length - WIDTH * chains * (hops + 1);
        int questions = Math.max(1, Math.min(length / 2, room) / (hops + WIDTH));
        return Task.rows(name(), length, (ids, targets, offset, index) -> {
            Arrays.fill(targets, offset, offset + length, TokenSource.NOT_ASKED);
            Draws draws = new Draws(seed, index);
            int[] which = IntStream.range(0, questions).map(i -> draws.below(chains, QUESTIONS, i)).toArray();
            for (Question question : lay(ids, offset, new BitSet(), which, draws)) {
                for (int i = 0; i <= hops; i++) {
                    targets[offset + question.at() + i] = question.answer().get(i);
                }
            }
        });
    }

    @Override
    public Example example(long seed, long index) {
        int[] ids = new int[length];
        BitSet needed = new BitSet();
        Draws draws = new Draws(Task.heldOut(seed), index);
        List<Question> questions = lay(ids, 0, needed, new int[] {draws.below(chains, QUESTIONS, 0)}, draws);
        return new Example(ids, questions.getFirst().at() + 1, questions, needed);
    }

    /** Writes a sequence that asks the chains of the numbers {@code which}; sets the places of its assignments in {@code needed}. */
    private List<Question> lay(int[] ids, int offset, BitSet needed, int[] which, Draws draws) {
        for (int i = 0; i < length; i++) {
            ids[offset + i] = vocabulary.filler(draws.below(vocabulary.filler(), FILLER, i));
        }
        int links = hops + 1;
        int[] variable = draws.distinct(chains * links, vocabulary.keys(), VARIABLES);
        int[] value = draws.distinct(chains, vocabulary.values(), VALUES);
        int[] slots = draws.distinct(chains * links, slots(length, which.length, hops), SLOTS);
        for (int chain = 0; chain < chains; chain++) {
            Arrays.sort(slots, chain * links, (chain + 1) * links);
            for (int link = 0; link < links; link++) {
                int i = chain * links + link;
                int at = WIDTH * slots[i];
                ids[offset + at] = vocabulary.set();
                ids[offset + at + 1] = variable[i];
                ids[offset + at + 2] = link == 0 ? vocabulary.value(value[chain]) : variable[i - 1];
                needed.set(at, at + WIDTH);
            }
        }
        List<Question> questions = new ArrayList<>();
        int at = length - which.length * (2 + links);
        for (int chain : which) {
            ids[offset + at] = vocabulary.ask();
            ids[offset + at + 1] = vocabulary.value(value[chain]);
            System.arraycopy(variable, chain * links, ids, offset + at + 2, links);
            List<Integer> answer = Arrays.stream(variable, chain * links, (chain + 1) * links).boxed().toList();
            questions.add(new Question(at + 1, answer, true, Question.Scoring.EACH));
            at += 2 + links;
        }
        return questions;
    }
}
