package org.neuralattention.model;

/** The loss of a pass as a function of what its final norm gave, {@link Activations#finalNormed}; where the backward pass begins. */
@FunctionalInterface
public interface OutputLoss {

    /**
     * Sets {@code losses}, a loss for each token, and adds the gradient of what is to be made small: some factor times their sum.
     *
     * @param losses out, [rows]
     * @param dNormed added to, the gradient of the final norm's output, [rows, dim]
     * @param gradients added to, those of the head, if it is held
     * @param s the pass
     * @return the sum of the losses, without the factor
     */
    double backward(float[] losses, int lossesOffset, float[] dNormed, int dNormedOffset, Weights gradients, Activations s);
}
