package org.neuralattention.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.neuralattention.kernels.AdamW;
import org.neuralattention.kernels.GradNorm;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** What of a model learns, by its {@link Tuning}: gradients and moments, and their update. What does not learn has neither. */
final class Learner {

    private final Weights weights;
    private final Weights gradients;
    private final List<Adapter> adapters = new ArrayList<>();
    private final List<Learned> learned = new ArrayList<>();
    private final Team team;

    /**
     * @param seed of what adapters begin with
     * @throws IllegalArgumentException if nothing would learn, or a projection is asked for that the model does not have
     */
    Learner(Weights weights, Tuning tuning, long seed, Team team) {
        this.weights = weights;
        this.team = team;
        Set<String> adapted = tuning instanceof Tuning.Lora lora ? projections(weights, lora) : Set.of();
        gradients = new Weights(weights.config(), (all, tensor) -> all.isScorer(tensor) ? weights.config().learnsRoles()
                : tuning instanceof Tuning.All || adapted.contains(tensor.name()));
        for (Tensor weight : weights.tensors()) {
            Tensor gradient = gradients.tensor(weight.name());
            if (tuning instanceof Tuning.Lora lora && adapted.contains(weight.name())) {
                Adapter adapter = new Adapter(weight, gradient, lora, seed);
                adapters.add(adapter);
                learned.add(adapter.learnedA());
                learned.add(adapter.learnedB());
            } else if (gradient.data() != null) {
                learned.add(Learned.of(weight, gradient, weights.isScorer(weight)));
            }
        }
        if (learned.isEmpty()) {
            throw new IllegalArgumentException("only role scorers should learn, and the model has no roles to choose from: nothing would change");
        }
    }

    private static Set<String> projections(Weights weights, Tuning.Lora lora) {
        Set<String> names = new HashSet<>();
        for (Weights.Layer layer : weights.layers) {
            for (Projection projection : lora.projections()) {
                Tensor weight = projection.weight(layer);
                if (weight == null) {
                    throw new IllegalArgumentException("the model has no projection " + projection.key());
                }
                names.add(weight.name());
            }
        }
        return names;
    }

    /** Of a step: of a tensor that is adapted its own, of one that does not learn none. */
    Weights gradients() {
        return gradients;
    }

    List<Learned> learned() {
        return learned;
    }

    /** Sets all gradients to 0. */
    void clear() {
        gradients.tensors().stream().filter(t -> t.data() != null).forEach(t -> Arrays.fill(t.data(), 0));
    }

    /** To be called once the gradients of a step are complete; returns the length of that of all that learns. */
    double gradNorm() {
        adapters.forEach(adapter -> adapter.gradients(team));
        double sum = 0;
        for (Learned one : learned) {
            sum += GradNorm.sumOfSquares(one.gradient().data(), 0, one.gradient().size(), team);
        }
        return Math.sqrt(sum);
    }

    /**
     * AdamW on all that learns.
     *
     * @param step counted from 0
     * @param scorersRest whether the role scorers stay as they are, decay included
     */
    void update(TrainConfig config, long step, float gradScale, boolean scorersRest) {
        Optimizer o = config.optimizer();
        double lr = config.lr().at(step);
        for (Learned one : learned) {
            Tensor w = one.weight();
            if (one.isScorer() && scorersRest) {
                continue;
            }
            float rate = (float) (one.isScorer() ? lr * config.roles().lrFactor() : lr);
            float decay = w.rank() >= 2 ? (float) o.weightDecay() : 0;
            AdamW.step(w.data(), 0, one.m().data(), 0, one.v().data(), 0, one.gradient().data(), 0, w.size(),
                    rate, (float) o.beta1(), (float) o.beta2(), (float) o.eps(), decay, gradScale, step + 1, team);
        }
        merge();
    }

    /** Makes the model's adapted tensors what they are the sum of. */
    void merge() {
        adapters.forEach(adapter -> adapter.merge(team));
    }

    /** The tensors of the model, adapted ones as they were at first. */
    List<Tensor> start() {
        List<Tensor> all = new ArrayList<>(weights.tensors());
        adapters.forEach(adapter -> all.replaceAll(t -> t.name().equals(adapter.base().name()) ? adapter.base() : t));
        return all;
    }

    /** All that a run must remember, in arrays that may be written to; {@link #merge} follows. */
    List<Tensor> state() {
        List<Tensor> all = new ArrayList<>();
        start().forEach(t -> all.add(named("weights." + t.name(), t)));
        if (!adapters.isEmpty()) {
            learned.stream().filter(one -> !one.isScorer()).forEach(one -> all.add(named("weights." + one.weight().name(), one.weight())));
        }
        learned.forEach(one -> all.add(one.m()));
        learned.forEach(one -> all.add(one.v()));
        return all;
    }

    private static Tensor named(String name, Tensor tensor) {
        return Tensor.wrap(name, tensor.data(), tensor.shape());
    }
}
