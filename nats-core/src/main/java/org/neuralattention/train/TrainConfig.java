package org.neuralattention.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.neuralattention.io.JsonObject;

/**
 * How a model is trained. Together with the model's configuration, its first weights and the data it decides every bit of the result.
 *
 * @param batch sequences in a micro-batch
 * @param seqLen tokens in a sequence
 * @param accumulation micro-batches in a step
 * @param steps steps in the whole run
 * @param lr learning rate over the steps
 * @param optimizer AdamW's constants and clipping
 * @param roles how the roles are learned
 * @param tuning what of the model learns
 * @param loss what it learns from
 * @param seed of the roles' noise and the data's order
 */
public record TrainConfig(int batch, int seqLen, int accumulation, long steps, LrSchedule lr, Optimizer optimizer, RoleLearning roles,
        Tuning tuning, Loss loss, long seed) {

    public TrainConfig {
        if (batch < 1 || seqLen < 1 || accumulation < 1 || steps < 1) {
            throw new IllegalArgumentException("batch = " + batch + ", seqLen = " + seqLen + ", accumulation = " + accumulation
                    + ", steps = " + steps + ": all must be at least 1");
        }
        Objects.requireNonNull(roles, "roles");
        Objects.requireNonNull(tuning, "tuning");
        Objects.requireNonNull(loss, "loss");
        if ((long) batch * seqLen * accumulation > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("batch = " + batch + ", seqLen = " + seqLen + ", accumulation = " + accumulation
                    + ": more than 2^31 tokens in a step");
        }
    }

    /** One micro-batch a step, warm-up over a twentieth of the run and a cosine to a tenth of the rate, no price, all weights, the language model's loss, seed 0. */
    public static TrainConfig of(int batch, int seqLen, long steps, double lr) {
        return new TrainConfig(batch, seqLen, 1, steps, LrSchedule.cosine(lr, lr / 10, steps / 20, steps), Optimizer.DEFAULT,
                RoleLearning.FREE, new Tuning.All(), new Loss.LanguageModel(), 0);
    }

    /** Tokens in a step. */
    public int tokensPerStep() {
        return batch * seqLen * accumulation;
    }

    public TrainConfig withShape(int batch, int seqLen, int accumulation) {
        return new TrainConfig(batch, seqLen, accumulation, steps, lr, optimizer, roles, tuning, loss, seed);
    }

    public TrainConfig withLr(LrSchedule lr) {
        return new TrainConfig(batch, seqLen, accumulation, steps, lr, optimizer, roles, tuning, loss, seed);
    }

    public TrainConfig withOptimizer(Optimizer optimizer) {
        return new TrainConfig(batch, seqLen, accumulation, steps, lr, optimizer, roles, tuning, loss, seed);
    }

    public TrainConfig withRoles(RoleLearning roles) {
        return new TrainConfig(batch, seqLen, accumulation, steps, lr, optimizer, roles, tuning, loss, seed);
    }

    public TrainConfig withTuning(Tuning tuning) {
        return new TrainConfig(batch, seqLen, accumulation, steps, lr, optimizer, roles, tuning, loss, seed);
    }

    public TrainConfig withLoss(Loss loss) {
        return new TrainConfig(batch, seqLen, accumulation, steps, lr, optimizer, roles, tuning, loss, seed);
    }

    public TrainConfig withSeed(long seed) {
        return new TrainConfig(batch, seqLen, accumulation, steps, lr, optimizer, roles, tuning, loss, seed);
    }

    /** As a JSON object for {@link org.neuralattention.io.Json}. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("batch", batch);
        json.put("seq_len", seqLen);
        json.put("accumulation", accumulation);
        json.put("steps", steps);
        json.put("lr", lr.lr());
        json.put("min_lr", lr.minLr());
        json.put("warmup", lr.warmup());
        json.put("decay_steps", lr.steps());
        json.put("beta1", optimizer.beta1());
        json.put("beta2", optimizer.beta2());
        json.put("eps", optimizer.eps());
        json.put("weight_decay", optimizer.weightDecay());
        json.put("grad_clip", optimizer.gradClip());
        json.put("roles", roles.toJson());
        json.put("tuning", tuning.toJson());
        json.put("loss", loss.key());
        json.put("seed", seed);
        return json;
    }

    /**
     * Reads what {@link #toJson} writes, and the flat form of checkpoints from before there were tuning and losses to choose.
     *
     * @throws org.neuralattention.io.ModelFormatException if a field is missing or of another type
     * @throws IllegalArgumentException if a value is out of its range
     */
    public static TrainConfig fromJson(JsonObject json) {
        boolean flat = json.has("price");
        RoleLearning roles = flat
                ? RoleLearning.of(new PriceSchedule(json.doubleValue("price"), json.longValue("price_start"), json.longValue("price_ramp")))
                        .withGradientOneIn(json.intValue("role_gradient_one_in", 1))
                : RoleLearning.fromJson(json.object("roles"));
        return new TrainConfig(json.intValue("batch"), json.intValue("seq_len"), json.intValue("accumulation"), json.longValue("steps"),
                new LrSchedule(json.doubleValue("lr"), json.doubleValue("min_lr"), json.longValue("warmup"), json.longValue("decay_steps")),
                new Optimizer(json.doubleValue("beta1"), json.doubleValue("beta2"), json.doubleValue("eps"),
                        json.doubleValue("weight_decay"), json.doubleValue("grad_clip")),
                roles, flat ? new Tuning.All() : Tuning.fromJson(json.object("tuning")),
                flat ? new Loss.LanguageModel() : Loss.fromJson(json, "loss"), json.longValue("seed"));
    }
}
