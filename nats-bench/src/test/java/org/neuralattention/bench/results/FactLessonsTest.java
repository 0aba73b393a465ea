package org.neuralattention.bench.results;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.bench.results.FactLessons.Lesson;
import org.neuralattention.bench.tasks.Example;
import org.neuralattention.bench.tasks.PlantedFacts;
import org.neuralattention.bench.tasks.Question;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import org.neuralattention.train.Checkpoint;
import org.neuralattention.train.Init;
import org.neuralattention.train.TokenSource;
import org.neuralattention.train.Trainer;

/** The lessons lead to the task, cut down they teach a small model, and a run goes on from any step. */
class FactLessonsTest {

    @TempDir
    Path folder;

    private PlantedFacts task;
    private FactLessons lessons;

    @BeforeEach
    void read() throws IOException {
        Path shared = Path.of(System.getProperty("nats.shared", "../shared"));
        if (!"true".equals(System.getenv("CI"))) {
            assumeTrue(Files.exists(shared), () -> shared + " is absent: set -Dnats.shared");
        }
        Tokenizer tokenizer = Tokenizers.load(shared.resolve("models/books-llama"));
        int[] text = tokenizer.encode(Files.readString(shared.resolve("books/valid/pride-and-prejudice-end.txt")));
        int[] book = Arrays.copyOf(text, text.length / 2);
        task = new PlantedFacts(tokenizer, book, Arrays.copyOfRange(text, book.length, text.length), 8, 1024);
        lessons = FactLessons.of(task, book, 1);
    }

    @Test
    void everyLessonFitsAndTheLastOneIsTheTask() {
        long step = 0;
        for (Lesson lesson : lessons.lessons()) {
            int[] ids = new int[lesson.config().seqLen()];
            int[] targets = new int[lesson.config().seqLen()];
            for (int row = 0; row < lesson.config().batch(); row++) {
                lessons.source().fill(ids, targets, 0, step, row, lesson.config().seqLen());
                int asked = 0;
                for (int i = 0; i < lesson.config().seqLen(); i++) {
                    assertTrue(ids[i] >= 0 && ids[i] < task.vocabSize(), lesson.name());
                    asked += targets[i] == TokenSource.NOT_ASKED ? 0 : 1;
                    assertTrue(targets[i] == TokenSource.NOT_ASKED || i + 1 == lesson.config().seqLen() || targets[i] == ids[i + 1], lesson.name() + ", place " + i);
                }
                assertTrue(asked > 0, lesson.name() + ", row " + row);
            }
            step += lesson.steps();
        }
        assertEquals(lessons.steps(), step);
        int[] ids = new int[1024];
        int[] same = new int[1024];
        for (int row = 0; row < 4; row++) {
            lessons.source().fill(ids, new int[1024], 0, step - 1, row, 1024);
            task.training(1).fill(same, new int[1024], 0, step - 1, row, 1024);
            assertArrayEquals(same, ids);
        }
    }

    @Test
    void aStepKnowsItsLesson() {
        long step = 0;
        for (Lesson lesson : lessons.lessons()) {
            assertSame(lesson, lessons.at(step));
            step += lesson.steps();
            assertSame(lesson, lessons.at(step - 1));
            assertEquals(lessons.steps(), lesson.config().steps(), "the rate falls until the last step of all");
        }
        assertEquals(List.of(2L, 2L), lessons.shortened(2, 1).lessons().stream().map(Lesson::steps).limit(2).toList());
    }

    /** It knows soon that answers are digits, and one of ten is 2.3 nats; at first it is one of 2,048 tokens. */
    @Test
    void aSmallModelLearnsFromThem() {
        FactLessons few = lessons.shortened(60, 4);
        Trainer trainer = trainer(few);
        double before = answers(trainer.transformer());
        while (trainer.steps() < 120) {
            few.step(trainer);
        }
        double after = answers(trainer.transformer());
        assertTrue(after < 0.6 * before, "the loss of an answer's tokens was " + before + " and is " + after);
    }

    /** Mean loss of the tokens of answers in held-out sequences. */
    private double answers(Transformer model) {
        PlantedFacts small = task.with(2, 128);
        int[] ids = new int[8 * 128];
        int[] targets = new int[ids.length];
        Arrays.fill(targets, TokenSource.NOT_ASKED);
        for (int i = 0; i < 8; i++) {
            Example example = small.example(1, i);
            System.arraycopy(example.ids(), 0, ids, i * 128, 128);
            for (Question question : example.questions()) {
                for (int n = 0; n < question.answer().size(); n++) {
                    targets[i * 128 + question.at() + n] = question.answer().get(n);
                }
            }
        }
        Activations s = new Activations(model.config(), 8, 128, Activations.Keep.NOTHING);
        return model.forward(s, ids, 0, targets, 0, RoleChoice.FULL);
    }

    @Test
    void aRunGoesOnFromAnyStep() throws IOException {
        FactLessons few = lessons.shortened(2, 1);
        Trainer whole = trainer(few);
        for (int stop = 1; whole.steps() < few.steps(); stop++) {
            few.step(whole);
            Checkpoint.save(folder.resolve(String.valueOf(stop)), whole);
        }
        for (int stop : new int[] {1, 2, 5}) {
            Trainer resumed = trainer(few);
            Checkpoint.newest(folder.resolve(String.valueOf(stop))).orElseThrow().restore(resumed);
            while (resumed.steps() < few.steps()) {
                few.step(resumed);
            }
            for (Tensor tensor : whole.weights().tensors()) {
                assertArrayEquals(tensor.data(), resumed.weights().tensor(tensor.name()).data(), "from step " + stop + ": " + tensor.name());
            }
        }
    }

    private Trainer trainer(FactLessons few) {
        Weights weights = new Weights(ModelConfig.llama(task.vocabSize(), 32, 1, 2, 2, 64, 1024));
        Init.LIVELY.apply(weights, 1, Team.serial());
        return new Trainer(weights, few.at(0).config(), Team.serial());
    }
}
