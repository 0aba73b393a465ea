package org.neuralattention.bench.tasks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.neuralattention.bench.tasks.Question.Scoring;
import org.neuralattention.eval.Budget;
import org.neuralattention.eval.FullCache;
import org.neuralattention.eval.PolicyDecoder;
import org.neuralattention.eval.SinkWindow;
import org.neuralattention.generate.Perplexity;
import org.neuralattention.generate.Session;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.train.Init;
import org.neuralattention.train.TokenSource;

/** What all tasks have in common: pure functions of (seed, index), answers that stand where they are asked, and scores of the model's own choices. */
class TaskTest {

    static Stream<Task> tasks() {
        return Stream.of(Mqar.of(8, 128), new ZoologyMqar(256, 128, 8, 1), Needles.single(100), Needles.multiKey(4, 100), Needles.multiValue(4, 100),
                Needles.multiQuery(4, 101), VariableTracking.of(4, 130), facts(8, 1024));
    }

    static PlantedFacts facts(int facts, int length) {
        return new PlantedFacts(new ByteTokenizer(), book(1), book(2), facts, length);
    }

    /** Words of one letter each. */
    static int[] book(int seed) {
        byte[] bytes = new byte[5000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i % 4 == 0 ? ' ' : 'a' + (i * (long) i / 7 + seed) % 26);
        }
        return ids(new String(bytes, StandardCharsets.US_ASCII));
    }

    private static int[] ids(String text) {
        return new ByteTokenizer().encode(text);
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void sequencesAreFunctionsOfSeedAndIndexAndWhatIsHeldOutIsNotTrainedOn(Task task) {
        int[] ids = task.example(3, 5).ids();
        assertArrayEquals(ids, task.example(3, 5).ids());
        assertEquals(task.example(3, 5).questions(), task.example(3, 5).questions());
        assertFalse(Arrays.equals(ids, task.example(3, 6).ids()));
        assertFalse(Arrays.equals(ids, task.example(4, 5).ids()));
        int length = ids.length;
        assertArrayEquals(row(task, 3, 7, 0, length)[0], row(task, 3, 7, 0, length)[0]);
        assertFalse(Arrays.equals(row(task, 3, 7, 0, length)[0], row(task, 3, 7, 2, length)[0]));
        assertFalse(Arrays.equals(row(task, 3, 7, 0, length)[0], row(task, 3, 8, 0, length)[0]));
        for (int i = 0; i < 4; i++) {
            assertFalse(Arrays.equals(row(task, 3, 0, i, length)[0], task.example(3, i).ids()));
        }
        assertThrows(IllegalArgumentException.class, () -> task.example(-1, 0));
        assertThrows(IllegalArgumentException.class, () -> task.training(-1));
        assertThrows(IllegalArgumentException.class, () -> row(task, 3, 0, 0, length + 4));
    }

    private static int[][] row(Task task, long seed, long step, int row, int length) {
        int[] ids = new int[length + 3];
        int[] targets = new int[length + 3];
        task.training(seed).fill(ids, targets, 3, step, row, length);
        assertEquals(0, ids[0] + ids[1] + ids[2] + targets[0] + targets[1] + targets[2], "written before the offset");
        return new int[][] {Arrays.copyOfRange(ids, 3, length + 3), Arrays.copyOfRange(targets, 3, length + 3)};
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void idsAreKnownAndAnswersStandWhereTheyAreAsked(Task task) {
        for (int i = 0; i < 20; i++) {
            Example example = task.example(0, i);
            int[] ids = example.ids();
            assertTrue(Arrays.stream(ids).allMatch(id -> id >= 0 && id < task.vocabSize()));
            assertFalse(example.questions().isEmpty());
            assertTrue(example.questions().getFirst().at() >= example.prompt() - 1, "something is asked inside the prompt");
            assertTrue(example.needed().length() <= example.prompt());
            for (Question question : example.questions()) {
                for (int n = 0; n < question.answer().size() && question.shown(); n++) {
                    assertEquals(question.answer().get(n), ids[question.at() + 1 + n]);
                }
                int last = question.answer().getLast();
                assertTrue(example.needed().stream().anyMatch(n -> ids[n] == last), "the answer is nowhere that is needed");
            }
            int[][] row = row(task, 0, i, 0, ids.length);
            assertTrue(Arrays.stream(row[0]).allMatch(id -> id >= 0 && id < task.vocabSize()));
            assertTrue(Arrays.stream(row[1]).allMatch(id -> id >= TokenSource.NOT_ASKED && id < task.vocabSize()));
            assertTrue(Arrays.stream(row[1]).filter(id -> id >= 0).count() >= 4, "hardly anything is asked in training");
        }
    }

    /** Targets of training are what follows, where it is shown. */
    @Test
    void trainingTargetsAreTheNextTokens() {
        for (Task task : List.of(Needles.single(101), Needles.multiValue(3, 100), VariableTracking.of(4, 130), facts(8, 1024), facts(1, 300))) {
            int length = task.example(0, 0).ids().length;
            for (int row = 1; row < 5; row += task instanceof Needles ? 2 : 1) { // every other row of needles is MQAR, which shows no answer
                int[][] filled = row(task, 1, 1, row, length);
                for (int n = 0; n + 1 < length; n++) {
                    int target = filled[1][n];
                    assertTrue(target < 0 || target == filled[0][n + 1], task.name() + ", row " + row + ", place " + n);
                }
            }
        }
    }

    private static Transformer model(int vocabSize) {
        Weights weights = new Weights(ModelConfig.llama(vocabSize, 32, 2, 4, 2, 48, 2048));
        new Init(0.3, 1, false).apply(weights, 3, Team.serial());
        return new Transformer(weights, Team.serial());
    }

    /** The sequence goes on behind what the model chose, not behind what it should have chosen. */
    @Test
    void whatCountsAreTheModelsOwnChoicesBehindItsOwnChoices() {
        Transformer model = model(256);
        int[] ids = Mqar.of(4, 64).example(0, 0).ids();
        List<Integer> first = greedy(model, ids, 20, 3);
        int[] own = ids.clone();
        for (int i = 0; i < 3; i++) {
            own[20 + i] = first.get(i);
        }
        List<Integer> second = greedy(model, own, 40, 2);
        for (int wrong = 0; wrong < 3; wrong++) { // of the first answer
            List<Integer> answer = new ArrayList<>(first);
            for (int i = 0; i < wrong; i++) {
                answer.set(i, 255);
            }
            assertEquals(3 - wrong + 1, points(model, ids, new Question(19, answer, true, Scoring.EACH), new Question(39, second, true, Scoring.EXACT)));
            assertEquals((wrong == 0 ? 1 : 0) + 2, points(model, ids, new Question(19, answer, true, Scoring.EXACT), new Question(39, second, true, Scoring.EACH)));
        }
        int hidden = greedy(model, ids, 30, 1).getFirst();
        int after = greedy(model, ids, 31, 1).getFirst();
        assertEquals(2, points(model, ids, new Question(29, List.of(hidden), false, Scoring.EXACT), new Question(30, List.of(after), false, Scoring.EACH)),
                "an answer that is not shown changed the sequence");
    }

    /** What a session chooses behind the first {@code count} tokens. */
    private static List<Integer> greedy(Transformer model, int[] ids, int count, int tokens) {
        Session session = new Session(model);
        session.prefill(ids, 0, count);
        List<Integer> chosen = new ArrayList<>();
        for (int i = 0; i < tokens; i++) {
            chosen.add(Example.likeliest(session.logits()));
            session.decode(chosen.getLast());
        }
        return chosen;
    }

    private static double points(Transformer model, int[] ids, Question... questions) {
        Example example = new Example(ids.clone(), 5, List.of(questions), new BitSet());
        PolicyDecoder decoder = new PolicyDecoder(model);
        decoder.begin(new FullCache(), example.sequence(0));
        double points = example.run(decoder);
        assertEquals(ids.length, decoder.position());
        return points;
    }

    @Test
    void aScoreCountsAllSequencesAndTheBytesOfThePolicy() {
        Transformer model = model(256);
        List<Long> heard = new ArrayList<>();
        Needles task = Needles.multiQuery(4, 101);
        TaskScore score = task.evaluate(model, new SinkWindow(4, new Budget.Keys(20)), 0, 3, now -> heard.add(now.asked()));
        assertEquals(List.of(4L, 8L, 12L), heard);
        assertEquals(TaskScore.Measure.RECALL, score.measure());
        assertEquals(3 * 101, score.use().steps());
        assertEquals(21 * 4 * 64, score.use().peakBytes());
        assertTrue(score.value() >= 0 && score.value() <= 1);
        assertThrows(IllegalArgumentException.class, () -> task.evaluate(model(255), new FullCache(), 0, 1, now -> {}));
    }

    @Test
    void bookTextIsScoredByItsPerplexityBlockByBlock() {
        Transformer model = model(256);
        List<int[]> heldOut = List.of(Arrays.copyOf(book(2), 310), Arrays.copyOf(book(3), 50), Arrays.copyOf(book(4), 250));
        BookText task = new BookText("books", 256, book(1), heldOut, 100);
        TaskScore score = task.evaluate(model, new FullCache(), 0, 9, now -> {});
        double sum = 0;
        for (int[] ids : List.of(heldOut.get(0), heldOut.get(2))) {
            Perplexity.Result result = Perplexity.of(new Session(model), ids, 100, 9, now -> {});
            sum += result.nll() * result.tokens();
        }
        assertEquals(500, score.asked());
        assertEquals(sum / 500, score.value(), 1e-5);
        assertEquals(score.value(), score.losses().stream().mapToDouble(Double::doubleValue).average().orElseThrow(), 1e-9);
        assertEquals(400, task.evaluate(model, new FullCache(), 0, 4, now -> {}).asked());
        assertArrayEquals(Arrays.copyOfRange(heldOut.get(2), 100, 200), task.example(0, 4).ids());
        assertThrows(IndexOutOfBoundsException.class, () -> task.example(0, 5));
    }
}
