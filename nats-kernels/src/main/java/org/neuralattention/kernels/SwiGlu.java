package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.SwiGluVector;

/**
 * Gated activation of a Llama MLP: {@code out = silu(gate) * up}, {@code silu(g) = g * sigmoid(g) = g / (1 + exp(-g))}, all [n].
 *
 * <p>Source: Shazeer 2020, "GLU Variants Improve Transformer", equation 6.
 */
public final class SwiGlu {

    private SwiGlu() {}

    /**
     * Writes {@code out}, which may be {@code gate} or {@code up} where no backward pass follows.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void forward(float[] out, int outOffset, float[] gate, int gateOffset, float[] up, int upOffset, int n, Team team) {
        Check.notNegative("n", n);
        Check.range("out", out, outOffset, n);
        Check.range("gate", gate, gateOffset, n);
        Check.range("up", up, upOffset, n);
        team.run(Math.ceilDiv(n, Blocks.ELEMENTS), (task, worker) -> {
            int first = task * Blocks.ELEMENTS;
            int count = Math.min(Blocks.ELEMENTS, n - first);
            if (Kernels.VECTOR) {
                SwiGluVector.forward(out, outOffset + first, gate, gateOffset + first, up, upOffset + first, count);
            } else {
                plainForward(out, outOffset + first, gate, gateOffset + first, up, upOffset + first, count);
            }
        });
    }

    static void plainForward(float[] out, int outOffset, float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            double g = gate[gateOffset + i];
            out[outOffset + i] = (float) (g / (1 + Math.exp(-g)) * up[upOffset + i]);
        }
    }

    /**
     * Adds to {@code dGate} and {@code dUp}: with {@code s = sigmoid(gate)},
     * {@code dGate += dOut * up * s * (1 + gate * (1 - s))} and {@code dUp += dOut * gate * s}.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void backward(float[] dGate, int dGateOffset, float[] dUp, int dUpOffset, float[] dOut, int dOutOffset,
            float[] gate, int gateOffset, float[] up, int upOffset, int n, Team team) {
        Check.notNegative("n", n);
        Check.range("dGate", dGate, dGateOffset, n);
        Check.range("dUp", dUp, dUpOffset, n);
        Check.range("dOut", dOut, dOutOffset, n);
        Check.range("gate", gate, gateOffset, n);
        Check.range("up", up, upOffset, n);
        team.run(Math.ceilDiv(n, Blocks.ELEMENTS), (task, worker) -> {
            int first = task * Blocks.ELEMENTS;
            int count = Math.min(Blocks.ELEMENTS, n - first);
            if (Kernels.VECTOR) {
                SwiGluVector.backward(dGate, dGateOffset + first, dUp, dUpOffset + first, dOut, dOutOffset + first,
                        gate, gateOffset + first, up, upOffset + first, count);
            } else {
                plainBackward(dGate, dGateOffset + first, dUp, dUpOffset + first, dOut, dOutOffset + first,
                        gate, gateOffset + first, up, upOffset + first, count);
            }
        });
    }

    static void plainBackward(float[] dGate, int dGateOffset, float[] dUp, int dUpOffset, float[] dOut, int dOutOffset,
            float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            double g = gate[gateOffset + i];
            double d = dOut[dOutOffset + i];
            double s = 1 / (1 + Math.exp(-g));
            dGate[dGateOffset + i] += (float) (d * up[upOffset + i] * s * (1 + g * (1 - s)));
            dUp[dUpOffset + i] += (float) (d * g * s);
        }
    }
}
