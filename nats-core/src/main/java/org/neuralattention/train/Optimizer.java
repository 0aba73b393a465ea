package org.neuralattention.train;

/**
 * AdamW's constants and the clipping before it.
 *
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param eps added to the root of the second moment; positive as a float, so that a weight without a gradient stays a number
 * @param weightDecay decoupled, on tensors of two or more dimensions only
 * @param gradClip greatest length of the whole gradient; 0 for no clipping
 */
public record Optimizer(double beta1, double beta2, double eps, double weightDecay, double gradClip) {

    /** Betas 0.9 and 0.95, weight decay 0.1, clipping at 1: usual for language models. */
    public static final Optimizer DEFAULT = new Optimizer(0.9, 0.95, 1e-8, 0.1, 1);

    public Optimizer {
        if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException("beta1 = " + beta1 + ", beta2 = " + beta2 + ": must be in [0, 1)");
        }
        if (!((float) eps > 0)) {
            throw new IllegalArgumentException("eps = " + eps + ": must be positive as a float");
        }
        if (!(weightDecay >= 0) || !(gradClip >= 0)) {
            throw new IllegalArgumentException("weightDecay = " + weightDecay + ", gradClip = " + gradClip + ": must not be negative");
        }
    }
}
