package org.neuralattention.bench.recall;

import java.util.ArrayList;
import java.util.List;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.TokenSource;
import org.neuralattention.train.Trainer;

/**
 * Trains one model on the recall task, with longer and longer sequences. The first run decides by its recall when they grow; the
 * baselines follow the same lessons, so that all see the same sequences.
 */
public final class RecallTraining {

    /** From step {@code step} on, sequences have {@code length} tokens. */
    public record Lesson(long step, int length) {}

    /** A look at the run: recall on training-form sequences, loss and KV share of the last step. */
    public record Point(long step, int length, double loss, double recall, double share) {}

    /** Hears every step; recall is the last one looked at. */
    public interface Listener {
        void step(StepReport report, int length, double recall);
    }

    /** What came of it. */
    public record Result(Transformer model, List<Lesson> lessons, List<Point> curve, double seconds) {}

    private final RecallRecipe recipe;
    private final Trainer trainer;
    private final RoleChoice choice;
    private final Listener listener;
    private final List<Lesson> lessons = new ArrayList<>();
    private final List<Point> curve = new ArrayList<>();
    private Mqar task;
    private boolean priced;

    private RecallTraining(RecallRecipe recipe, RoleChoice choice, Team team, Listener listener) {
        Weights weights = new Weights(recipe.model());
        RecallRecipe.INIT.apply(weights, recipe.seed(), team);
        this.recipe = recipe;
        this.trainer = new Trainer(weights, recipe.training(), team);
        this.choice = choice;
        this.listener = listener;
        this.task = recipe.lesson(recipe.startLength());
        if (choice != RoleChoice.BEST) {
            trainer.fixRoles(choice);
        }
        lessons.add(new Lesson(0, task.length()));
    }

    /** Learns the roles with the weights; lengths follow from its own recall. */
    public static Result learnRoles(RecallRecipe recipe, Team team, Listener listener) {
        return new RecallTraining(recipe, RoleChoice.BEST, team, listener).run(null);
    }

    /** Trains with fixed roles, through given lessons. */
    public static Result follow(RecallRecipe recipe, RoleChoice choice, List<Lesson> lessons, Team team, Listener listener) {
        return new RecallTraining(recipe, choice, team, listener).run(lessons);
    }

    private Result run(List<Lesson> given) {
        long start = System.nanoTime();
        double recall = 0;
        for (long step = 1; step <= recipe.steps(); step++) {
            if (step == recipe.settlesAt()) {
                trainer.fixRoles(choice); // for the baselines they always were
            }
            StepReport report = trainer.step(source());
            boolean looked = step % RecallRecipe.LOOK == 0;
            if (looked) {
                recall = look(report, step);
            }
            listener.step(report, task.length(), recall);
            long done = step;
            boolean passed = given == null ? looked && step < recipe.steps() && recall > RecallRecipe.PASSED
                    : given.stream().anyMatch(lesson -> lesson.step() == done);
            if (passed && !priced) {
                harder(step);
            }
        }
        return new Result(trainer.transformer(), List.copyOf(lessons), List.copyOf(curve), (System.nanoTime() - start) * 1e-9);
    }

    /**
     * Sequences with many questions, for they teach fast; at full length every other one is of the form that evaluation has: fewer pairs, each key
     * asked once among filler.
     */
    private TokenSource source() {
        Mqar now = task;
        return (ids, targets, offset, step, row, seqLen) -> {
            long index = step * recipe.tokensPerStep() + row;
            if (now.length() == recipe.task().length() && row % 2 == 1) {
                recipe.task().evaluation(ids, offset, targets, offset, recipe.seed(), index);
            } else {
                now.training(ids, offset, targets, offset, recipe.seed(), index);
            }
        };
    }

    /** Longer sequences, as far as there are, and at full length a price. */
    private void harder(long step) {
        if (task.length() < recipe.task().length()) {
            task = recipe.lesson(task.length() * 2);
            trainer.config(trainer.config().withShape(recipe.tokensPerStep() / task.length(), task.length(), 1));
            lessons.add(new Lesson(step, task.length()));
        }
        if (task.length() == recipe.task().length()) {
            priced = true;
            trainer.config(trainer.config().withRoles(recipe.priced(step)));
        }
    }

    /** Recall on sequences of the training form that no step has seen, with the roles of inference. */
    private double look(StepReport report, long step) {
        Transformer model = trainer.transformer();
        int batch = recipe.tokensPerStep() / task.length();
        Activations s = new Activations(model.config(), batch, task.length(), Activations.Keep.NOTHING);
        int[] ids = new int[s.rows()];
        int[] targets = new int[s.rows()];
        for (int b = 0; b < batch; b++) {
            task.training(ids, b * task.length(), targets, b * task.length(), ~recipe.seed(), step * batch + b);
        }
        model.forward(s, ids, 0, choice);
        float[] logits = new float[s.rows() * model.config().vocabSize()];
        model.logits(logits, 0, s, 0, s.rows());
        double recall = Recall.of(logits, targets, model.config().vocabSize());
        curve.add(new Point(step, task.length(), report.loss(), recall, report.share()));
        return recall;
    }
}
