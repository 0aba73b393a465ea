package org.neuralattention.bench.results;

import java.util.ArrayList;
import java.util.List;
import org.neuralattention.bench.tasks.CopiedSpans;
import org.neuralattention.bench.tasks.PlantedFacts;
import org.neuralattention.train.LrSchedule;
import org.neuralattention.train.Optimizer;
import org.neuralattention.train.TextTokens;
import org.neuralattention.train.TokenSource;
import org.neuralattention.train.TrainConfig;

/**
 * The lessons in which a model of books learns to recall planted facts: first to go on with what has been seen before, then few facts in short
 * sequences, then more in longer ones, and in the end the task itself, beside as much plain text.
 *
 * <p>Everything follows from the number of a step, so that a run goes on from any checkpoint: before each step the trainer gets {@link #config}
 * where it is another one, and the {@link #source} is the same for all steps.
 */
final class FactLessons {

    /**
     * Steps of one kind.
     *
     * @param name for progress
     * @param steps how many
     * @param batch sequences of a step
     * @param seqLen tokens of a sequence
     * @param source what is asked
     */
    record Lesson(String name, long steps, int batch, int seqLen, TokenSource source) {}

    private static final Optimizer OPTIMIZER = new Optimizer(0.9, 0.98, 1e-8, 0.01, 1);
    private static final double LR = 1.5e-3;
    private static final double MIN_LR = 5e-5;
    private static final long WARMUP = 20;

    private final List<Lesson> lessons;
    private final long seed;

    FactLessons(List<Lesson> lessons, long seed) {
        if (lessons.isEmpty()) {
            throw new IllegalArgumentException("there are no lessons");
        }
        this.lessons = List.copyOf(lessons);
        this.seed = seed;
    }

    /**
     * Those that lead to a task.
     *
     * @param task 8 facts in 1,024 tokens
     * @param book the text it is trained on, which the first lesson is made of too
     */
    static FactLessons of(PlantedFacts task, int[] book, long seed) {
        List<Lesson> lessons = new ArrayList<>();
        lessons.add(new Lesson("copied spans", 500, 16, 128, copies(book, seed)));
        lessons.add(facts(150, 16, 2, 128, task, seed));
        lessons.add(facts(100, 16, 4, 256, task, seed));
        lessons.add(facts(100, 8, 8, 512, task, seed));
        lessons.add(new Lesson(task.name() + " and plain text", 400, 8, 1024, task.training(seed)));
        return new FactLessons(lessons, seed);
    }

    /** One row in four is plain text: without any, the model forgot in 400 steps what it knew of books (a loss of 7.5 instead of 3.4). */
    private static TokenSource copies(int[] book, long seed) {
        TokenSource spans = new CopiedSpans(book, seed);
        TokenSource plain = new TextTokens(book, seed);
        return (ids, targets, offset, step, row, seqLen) -> (row % 4 == 3 ? plain : spans).fill(ids, targets, offset, step, row, seqLen);
    }

    /** Without rows of plain text: book text stands around the facts. */
    private static Lesson facts(long steps, int batch, int facts, int length, PlantedFacts task, long seed) {
        PlantedFacts smaller = task.with(facts, length);
        TokenSource planted = smaller.training(seed);
        return new Lesson(smaller.name(), steps, batch, length,
                (ids, targets, offset, step, row, seqLen) -> planted.fill(ids, targets, offset, step, 2 * row, seqLen));
    }

    /** The same, each lesson cut down to so many steps, of so few sequences: to see that they run. */
    FactLessons shortened(long steps, int batch) {
        return new FactLessons(lessons.stream().map(l -> new Lesson(l.name(), Math.min(steps, l.steps()), Math.min(batch, l.batch()), l.seqLen(), l.source())).toList(), seed);
    }

    List<Lesson> lessons() {
        return lessons;
    }

    /** Steps of all lessons. */
    long steps() {
        return lessons.stream().mapToLong(Lesson::steps).sum();
    }

    /** The lesson of a step, counted from 0. */
    Lesson at(long step) {
        long end = 0;
        for (Lesson lesson : lessons) {
            end += lesson.steps();
            if (step < end) {
                return lesson;
            }
        }
        return lessons.getLast();
    }

    /** How a step is trained; equal for all steps of a lesson. */
    TrainConfig config(long step) {
        Lesson lesson = at(step);
        return TrainConfig.of(lesson.batch(), lesson.seqLen(), steps(), LR).withLr(LrSchedule.cosine(LR, MIN_LR, Math.min(WARMUP, steps()), steps()))
                .withOptimizer(OPTIMIZER).withSeed(seed);
    }

    /** Rows of all lessons, by the number of the step. */
    TokenSource source() {
        return (ids, targets, offset, step, row, seqLen) -> at(step).source().fill(ids, targets, offset, step, row, seqLen);
    }
}
