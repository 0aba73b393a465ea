package org.neuralattention.bench.demo;

import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.train.Init;
import org.neuralattention.train.LrSchedule;
import org.neuralattention.train.Optimizer;
import org.neuralattention.train.PriceSchedule;
import org.neuralattention.train.RoleLearning;
import org.neuralattention.train.TrainConfig;

/**
 * The demo's model and how it is trained; docs/running.md says what mattered.
 *
 * @param pairs key-value pairs in a sequence
 * @param startLength tokens of a sequence at first; doubled whenever recall passes {@link #PASSED}
 * @param length tokens of a sequence in the end
 * @param tokensPerStep tokens of a training step, whatever the length
 * @param steps training steps
 * @param window rows that see a sliding token after its own
 * @param price nats for keeping every token
 * @param seed of weights, data and the roles' noise
 */
record RecallRecipe(int pairs, int startLength, int length, int tokensPerStep, int steps, int window, double price, long seed) {

    /** Recall at which sequences grow longer. */
    static final double PASSED = 0.97;

    /** How often recall is looked at, in steps. */
    static final int LOOK = 50;

    static final Init INIT = Init.LIVELY;

    RecallRecipe {
        if (steps < LOOK || length % startLength != 0 || tokensPerStep % length != 0) {
            throw new IllegalArgumentException("steps = " + steps + ", startLength = " + startLength + ", length = " + length
                    + ", tokensPerStep = " + tokensPerStep + ": lengths must divide, and steps be at least " + LOOK);
        }
    }

    /** The step from which roles are the likeliest ones, as in use: the weights settle on what is really held, and the scorer rests. */
    long settlesAt() {
        return steps * 80L / 100;
    }

    Mqar task() {
        return Mqar.of(pairs, startLength);
    }

    /** Two layers of two heads, 116,000 numbers; {@code window} is the one sliding role's. */
    ModelConfig model(int window) {
        return ModelConfig.llama(task().vocabSize(), 64, 2, 2, 2, 128, 1 << 20).withRoleWindows(window);
    }

    TrainConfig training() {
        return TrainConfig.of(tokensPerStep / startLength, startLength, steps, 3e-3)
                .withLr(LrSchedule.cosine(3e-3, 1.5e-4, 50, steps))
                .withOptimizer(new Optimizer(0.9, 0.98, 1e-8, 0.01, 1))
                .withRoles(RoleLearning.of(new PriceSchedule(price, steps * 35L / 100, steps * 20L / 100)))
                .withSeed(seed);
    }
}
