package org.neuralattention.bench.results;

import java.util.List;
import org.neuralattention.bench.tasks.CopiedSpans;
import org.neuralattention.bench.tasks.PlantedFacts;
import org.neuralattention.train.LrSchedule;
import org.neuralattention.train.Optimizer;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.TokenSource;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Trainer;

/**
 * The lessons in which a model of books learns to recall planted facts: first to go on with what has been seen before, then few facts in short
 * sequences, then more in longer ones, and in the end the task itself, beside as much plain text.
 *
 * <p>Everything follows from the number of a step, so that a run goes on from any checkpoint: what a trainer's next {@link #step} asks
 * depends on how many it has done.
 */
final class FactLessons {

    /**
     * Steps of one kind.
     *
     * @param name for progress
     * @param steps how many
     * @param config how they are trained
     * @param source what is asked
     */
    record Lesson(String name, long steps, TrainConfig config, TokenSource source) {}

    private static final Optimizer OPTIMIZER = new Optimizer(0.9, 0.98, 1e-8, 0.01, 1);
    private static final double LR = 1.5e-3;
    private static final double MIN_LR = 5e-5;
    private static final long WARMUP = 20;

    /** Steps of all lessons that teach. */
    private static final long STEPS = 1250;

    private final List<Lesson> lessons;

    private FactLessons(List<Lesson> lessons) {
        this.lessons = List.copyOf(lessons);
    }

    /**
     * Those that lead to a task with full attention.
     *
     * @param task 8 facts in 1,024 tokens
     * @param book the text it is trained on, which the first lesson is made of too
     */
    static FactLessons of(PlantedFacts task, int[] book, long seed) {
        return new FactLessons(List.of(
                new Lesson("copied spans", 500, config(16, 128, seed), new CopiedSpans(book, seed)),
                planted(150, config(16, 128, seed), 2, task, seed),
                planted(100, config(16, 256, seed), 4, task, seed),
                planted(100, config(8, 512, seed), 8, task, seed),
                new Lesson(task.name() + " and plain text", 400, config(8, 1024, seed), task.training(seed))));
    }

    private static TrainConfig config(int batch, int seqLen, long seed) {
        return TrainConfig.of(batch, seqLen, STEPS, LR).withLr(LrSchedule.cosine(LR, MIN_LR, WARMUP, STEPS)).withOptimizer(OPTIMIZER).withSeed(seed);
    }

    /** Without rows of plain text: book text stands around the facts. */
    private static Lesson planted(long steps, TrainConfig config, int facts, PlantedFacts task, long seed) {
        PlantedFacts smaller = task.with(facts, config.seqLen());
        TokenSource planted = smaller.training(seed);
        return new Lesson(smaller.name(), steps, config,
                (ids, targets, offset, step, row, seqLen) -> planted.fill(ids, targets, offset, step, 2 * row, seqLen));
    }

    /** The same, each lesson cut down to so many steps, of so few sequences: to see that they run. */
    FactLessons shortened(long steps, int batch) {
        return new FactLessons(lessons.stream().map(lesson -> new Lesson(lesson.name(), Math.min(steps, lesson.steps()),
                lesson.config().withShape(Math.min(batch, lesson.config().batch()), lesson.config().seqLen(), 1), lesson.source())).toList());
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

    /** Rows of all lessons, by the number of the step. */
    TokenSource source() {
        return (ids, targets, offset, step, row, seqLen) -> at(step).source().fill(ids, targets, offset, step, row, seqLen);
    }

    /** The trainer's next step. */
    StepReport step(Trainer trainer) {
        TrainConfig config = at(trainer.steps()).config();
        if (!trainer.config().equals(config)) {
            trainer.config(config);
        }
        return trainer.step(source());
    }
}
