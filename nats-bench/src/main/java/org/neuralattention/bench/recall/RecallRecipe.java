package org.neuralattention.bench.recall;

import java.util.List;
import java.util.stream.IntStream;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.train.Init;
import org.neuralattention.train.LrSchedule;
import org.neuralattention.train.Optimizer;
import org.neuralattention.train.PriceSchedule;
import org.neuralattention.train.RoleLearning;
import org.neuralattention.train.TrainConfig;

/**
 * A small model that learns to recall from scratch, and how it is trained; docs/running.md says what mattered.
 *
 * @param task what is asked in the end
 * @param startLength tokens of a sequence at first; doubled whenever recall passes {@link #PASSED}, up to the task's
 * @param tokensPerStep tokens of a training step, whatever the length
 * @param steps training steps
 * @param space roles to choose from
 * @param price nats for keeping every token, in the end
 * @param seed of weights, data and the roles' noise
 */
public record RecallRecipe(Mqar task, int startLength, int tokensPerStep, int steps, RoleSpace space, double price, long seed) {

    /** Recall at which sequences grow longer; with the full length comes the price. */
    public static final double PASSED = 0.97;

    /** How often recall is looked at, in steps. */
    public static final int LOOK = 50;

    static final Init INIT = Init.LIVELY;

    /** Pairs that training shows at least: with 8 on a step's 16 sequences of 256 tokens, recall stayed near 0.99. */
    private static final int TAUGHT = 16;

    /** Tokens to a pair, at least, while sequences are short: eight pairs are learned in 64 tokens in half the steps that sixteen take. */
    private static final int SPARSE = 8;

    /** Steps in which the price rises. */
    private static final int RAMP = 200;

    /** Learning rate of the role scorers over that of the rest. */
    private static final double SCORER_LR = 3;

    /** Of the 16 frequencies of a head, those that turn; the rest do not know positions. */
    private static final int TURNING = 4;

    public RecallRecipe {
        if (steps < LOOK || task.length() % startLength != 0 || tokensPerStep % task.length() != 0) {
            throw new IllegalArgumentException("steps = " + steps + ", startLength = " + startLength + ", length = " + task.length()
                    + ", tokensPerStep = " + tokensPerStep + ": lengths must divide, and steps be at least " + LOOK);
        }
    }

    /** What shows most: one window of 4, from 64 tokens to 256 in 2,000 steps. */
    public static RecallRecipe of(int pairs, long seed) {
        return new RecallRecipe(Mqar.of(pairs, 256), 64, 4096, 2000, RoleSpace.of(4), 8, seed);
    }

    /** The same model and training with other roles. */
    public RecallRecipe withSpace(RoleSpace space) {
        return new RecallRecipe(task, startLength, tokensPerStep, steps, space, price, seed);
    }

    /** The step from which roles are the likeliest ones, as in use: the weights settle on what is really held, and the scorer rests. */
    public long settlesAt() {
        return steps * 75L / 100;
    }

    /** What training asks in every slot while sequences have so many tokens. */
    Mqar lesson(int tokens) {
        int most = Math.min(Math.max(task.pairs(), TAUGHT), Math.min(task.keys(), task.values()));
        int pairs = Math.max(tokens == task.length() ? task.pairs() : 1, Math.min(most, tokens / SPARSE));
        return new Mqar(task.keys(), task.values(), task.filler(), pairs, tokens);
    }

    /**
     * Two layers of two heads, 116,000 numbers. The fastest frequencies of rotation turn at least seven times in 256 tokens, so that longer sequences show
     * them no angle that they have not seen; all others stand still.
     */
    public ModelConfig model() {
        List<Float> factors = IntStream.range(0, 16).mapToObj(i -> i < TURNING ? 1f : 1e12f).toList();
        return ModelConfig.llama(task.vocabSize(), 64, 2, 2, 2, 128, 1 << 20)
                .withPositions(new Positions.Rotary(10_000, false, new Positions.FrequencyFactors(factors)))
                .withRoleSpace(space);
    }

    TrainConfig training() {
        return TrainConfig.of(tokensPerStep / startLength, startLength, steps, 3e-3)
                .withLr(LrSchedule.cosine(3e-3, 1.5e-4, 50, steps))
                .withOptimizer(new Optimizer(0.9, 0.98, 1e-8, 0.01, 1))
                .withRoles(RoleLearning.FREE.withLrFactor(SCORER_LR))
                .withSeed(seed);
    }

    /** From {@code step} on, when sequences have their full length. */
    RoleLearning priced(long step) {
        return RoleLearning.of(new PriceSchedule(price, step, RAMP)).withLrFactor(SCORER_LR);
    }
}
