package org.neuralattention.bench.tasks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.train.TextTokens;
import org.neuralattention.train.TokenSource;

/**
 * Facts in book text: sentences "The number of NAME is d d d d d." with made-up names of three syllables and random digits stand at random places,
 * where a word begins, in the first half of a sequence; at its end each is asked once, in random order, as "The number of NAME is". The answer is
 * right if all five digits are.
 *
 * <p>Every sentence is encoded by itself, so a fact and its question have the same tokens. The prompt ends with the first question. What is needed is
 * each fact's sentence from its name on.
 */
public final class PlantedFacts implements Task {

    private static final String CONSONANTS = "bdfgklmnprstvz";
    private static final String VOWELS = "aeiou";
    private static final int SYLLABLES = 3;
    private static final int DIGITS = 5;

    private static final int NAMES = 0;
    private static final int NUMBERS = 1;
    private static final int PLACES = 2;
    private static final int ORDER = 3;
    private static final int BOOK = 4;

    private final Tokenizer tokenizer;
    private final int[] book;
    private final int[] heldOut;
    private final int facts;
    private final int length;
    private final boolean[] beginsWord; // of each id
    private final int[] start;
    private final int[] is;
    private final int[] end;

    /**
     * @param book ids of the text to train on; not copied
     * @param heldOut ids of the text that held-out sequences are made of; not copied
     * @param facts facts in a sequence
     * @param length tokens of a sequence
     */
    public PlantedFacts(Tokenizer tokenizer, int[] book, int[] heldOut, int facts, int length) {
        if (facts < 1 || length < 1 || book.length < length || heldOut.length < length) {
            throw new IllegalArgumentException("facts = " + facts + ", length = " + length + ": both must be at least 1, and both texts as long as a sequence");
        }
        this.tokenizer = tokenizer;
        this.book = book;
        this.heldOut = heldOut;
        this.facts = facts;
        this.length = length;
        this.start = tokenizer.encode(" The number of");
        this.is = tokenizer.encode(" is");
        this.end = tokenizer.encode(".");
        this.beginsWord = new boolean[tokenizer.vocabSize()];
        for (int id = 0; id < beginsWord.length; id++) {
            byte[] bytes = tokenizer.bytes(id);
            beginsWord[id] = bytes.length > 0 && (bytes[0] == ' ' || bytes[0] == '\n');
        }
    }

    /** The same task with other sizes. */
    public PlantedFacts with(int facts, int length) {
        return new PlantedFacts(tokenizer, book, heldOut, facts, length);
    }

    @Override
    public String name() {
        return "facts " + facts + " in " + length;
    }

    @Override
    public int vocabSize() {
        return tokenizer.vocabSize();
    }

    /**
     * Rows with an odd number are plain text. Of the others every second one asks as evaluation does, the rest ask facts at random, again and again,
     * through all of their second half: many answers to few names are what teaches recall. Book text and answers are asked; names, digits that
     * nobody can know, and the rest of a question are not.
     */
    @Override
    public TokenSource training(long seed) {
        Task.heldOut(seed); // checks it
        TextTokens plain = new TextTokens(book, seed);
        TokenSource planted = Task.rows(name(), length, (ids, targets, offset, index) -> {
            Draws draws = new Draws(seed, index);
            List<Fact> told = facts(draws);
            int[] asked = index % 4 == 0 ? draws.distinct(facts, facts, ORDER) : again(told, draws);
            lay(ids, targets, offset, new BitSet(), book, told, asked, draws);
        });
        return (ids, targets, offset, step, row, seqLen) ->
                (row % 2 == 0 ? planted : plain).fill(ids, targets, offset, step, row, seqLen);
    }

    /** As many facts, by number and at random, as a half has room to ask. */
    private int[] again(List<Fact> told, Draws draws) {
        List<Integer> asked = new ArrayList<>();
        int room = length / 2;
        for (int i = draws.below(facts, ORDER, 0); sentence(told.get(i)) <= room; i = draws.below(facts, ORDER, asked.size())) {
            asked.add(i);
            room -= sentence(told.get(i));
        }
        return asked.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public Example example(long seed, long index) {
        int[] ids = new int[length];
        BitSet needed = new BitSet();
        Draws draws = new Draws(Task.heldOut(seed), index);
        List<Question> questions = lay(ids, new int[length], 0, needed, heldOut, facts(draws), draws.distinct(facts, facts, ORDER), draws);
        return new Example(ids, questions.getFirst().at() + 1, questions, needed);
    }

    private record Fact(int[] name, int[] number) {}

    /** Tokens of a fact's sentence, and of its question with the answer. */
    private int sentence(Fact fact) {
        return start.length + fact.name().length + is.length + fact.number().length + end.length;
    }

    /** Writes a sequence that tells some facts and asks those of the numbers {@code asked}. */
    private List<Question> lay(int[] ids, int[] targets, int offset, BitSet needed, int[] text, List<Fact> told, int[] asked, Draws draws) {
        int tokens = told.stream().mapToInt(this::sentence).sum();
        int filler = length - tokens - Arrays.stream(asked).map(i -> sentence(told.get(i))).sum();
        int firstHalf = length / 2 - tokens; // filler among which the facts stand
        if (firstHalf < facts || firstHalf > filler) {
            throw new IllegalArgumentException(name() + ": the facts take " + tokens + " tokens, which is more than a half has room for");
        }
        int from = draws.below(text.length - filler, BOOK, 0);
        int[] places = places(draws, text, from, firstHalf);
        Arrays.fill(targets, offset, offset + length, TokenSource.NOT_ASKED);
        Writer out = new Writer(ids, targets, offset);
        for (int i = 0, fact = 0; i < filler; i++) {
            while (fact < facts && places[fact] == i) {
                tell(out, told.get(fact++), needed, offset);
            }
            out.book(text[from + i], i + 1 < filler && Arrays.binarySearch(places, i + 1) < 0 ? text[from + i + 1] : TokenSource.NOT_ASKED);
        }
        List<Question> questions = new ArrayList<>();
        for (int i : asked) {
            out.write(start);
            out.write(told.get(i).name());
            out.write(is);
            int at = out.at - 1;
            out.answer(told.get(i).number());
            out.write(end);
            questions.add(new Question(at - offset, Arrays.stream(told.get(i).number()).boxed().toList(), true, Question.Scoring.EXACT));
        }
        return questions;
    }

    private void tell(Writer out, Fact fact, BitSet needed, int offset) {
        out.write(start);
        int from = out.at - offset;
        out.write(fact.name());
        out.write(is);
        out.write(fact.number());
        out.write(end);
        needed.set(from, out.at - offset);
    }

    /** Places in the filler before which a fact is told, ascending: where a word begins, all different if there are enough. */
    private int[] places(Draws draws, int[] text, int from, int firstHalf) {
        int[] words = IntStream.range(0, firstHalf).filter(i -> i > 0 && beginsWord[text[from + i]]).toArray();
        int[] all = words.length >= facts ? words : IntStream.range(0, firstHalf).toArray();
        return Arrays.stream(draws.distinct(facts, all.length, PLACES)).map(i -> all[i]).sorted().toArray();
    }

    private List<Fact> facts(Draws draws) {
        Set<String> names = new HashSet<>();
        List<Fact> told = new ArrayList<>();
        for (int draw = 0; told.size() < facts; draw++) {
            StringBuilder name = new StringBuilder();
            for (int i = 0; i < SYLLABLES; i++) {
                int d = 2 * (draw * SYLLABLES + i);
                name.append(CONSONANTS.charAt(draws.below(CONSONANTS.length(), NAMES, d))).append(VOWELS.charAt(draws.below(VOWELS.length(), NAMES, d + 1)));
            }
            if (names.add(name.toString())) {
                StringBuilder number = new StringBuilder();
                for (int i = 0; i < DIGITS; i++) {
                    number.append(' ').append(draws.below(10, NUMBERS, told.size() * DIGITS + i));
                }
                String capital = " " + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
                told.add(new Fact(tokenizer.encode(capital), tokenizer.encode(number.toString())));
            }
        }
        return told;
    }

    /** Writes ids one behind the other, and what is asked behind them. */
    private static final class Writer {
        private final int[] ids;
        private final int[] targets;
        private int at;

        Writer(int[] ids, int[] targets, int offset) {
            this.ids = ids;
            this.targets = targets;
            this.at = offset;
        }

        void book(int id, int next) {
            targets[at] = next;
            ids[at++] = id;
        }

        void write(int[] tokens) {
            System.arraycopy(tokens, 0, ids, at, tokens.length);
            at += tokens.length;
        }

        void answer(int[] tokens) {
            for (int id : tokens) {
                targets[at - 1] = id;
                ids[at++] = id;
            }
        }
    }
}
