package org.neuralattention.train;

import org.neuralattention.model.Tensor;

/**
 * A tensor that learns, with what its update needs; all four of one shape.
 *
 * @param weight changed by the update
 * @param gradient of the step
 * @param m first moment
 * @param v second moment
 * @param isScorer whether it is a role scorer, which has a rate of its own and rests under fixed roles
 */
record Learned(Tensor weight, Tensor gradient, Tensor m, Tensor v, boolean isScorer) {

    /** With moments of zeros. */
    static Learned of(Tensor weight, Tensor gradient, boolean isScorer) {
        return new Learned(weight, gradient, zeros("m.", weight), zeros("v.", weight), isScorer);
    }

    private static Tensor zeros(String prefix, Tensor like) {
        return Tensor.wrap(prefix + like.name(), new float[like.size()], like.shape());
    }
}
