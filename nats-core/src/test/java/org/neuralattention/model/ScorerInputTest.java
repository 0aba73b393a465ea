package org.neuralattention.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations.Keep;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RoleSampler;
import org.neuralattention.roles.RoleScorer;

/**
 * What flows from the scores into the features they are made of. With {@code factors} for the gradient of the one-hot roles, a backward
 * pass that is not detached computes the derivative of: loss under the drawn roles, plus the sum of factors times softmax(logits + noise).
 */
class ScorerInputTest {

    private static final int BATCH = 2;
    private static final int SEQ_LEN = 13;
    private static final long SEED = 9;
    private static final long STEP = 3;

    static Stream<ModelConfig> configs() {
        return TransformerTest.configs().filter(ModelConfig::hasRoles);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void theGradientThatFlowsThroughTheScorersAgreesWithFiniteDifferences(ModelConfig c) {
        new Case(c).checkThrough();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void aDetachedScorerGivesNothingToTheRest(ModelConfig c) {
        new Case(c).checkDetached();
    }

    /** A model, its tokens and its factors. */
    private static final class Case {

        private final ModelConfig c;
        private final Weights w;
        private final float[][] factors; // [nLayers][batch, nKvHeads, seqLen, nRoles]
        private final int[] ids = tokens(0);
        private final int[] targets = tokens(1);
        private final Activations s;
        private final Transformer transformer;
        private int[][] drawn; // [nLayers][batch, nKvHeads, seqLen]
        private int layersLeft;

        Case(ModelConfig c) {
            this.c = c;
            this.w = TransformerTest.random(c, 1);
            this.factors = new float[c.nLayers()][BATCH * c.nKvHeads() * SEQ_LEN * c.nRoles()];
            for (int l = 0; l < factors.length; l++) {
                for (int i = 0; i < factors[l].length; i++) {
                    int token = i / c.nRoles() % SEQ_LEN;
                    boolean forced = token == 0 || token == SEQ_LEN - 1;
                    factors[l][i] = forced ? 0 : (float) CounterRandom.gaussian(7, l, 0, 0, i, 0);
                }
            }
            this.s = new Activations(c, BATCH, SEQ_LEN, Keep.ALL);
            this.transformer = new Transformer(w, Team.serial(), (dRoles, dRolesOffset, dOut, dOutOffset, out, outOffset, lse, lseOffset, q, qOffset,
                    k, kOffset, v, vOffset, roles, rolesOffset, windows, attentionWindow, tileWeight, tileWeightOffset, shape, team) -> {
                float[] of = factors[--layersLeft];
                for (int i = 0; i < of.length; i++) {
                    dRoles[dRolesOffset + i] += of[i];
                }
            });
        }

        void checkThrough() {
            Weights gradients = backward(false);
            for (int i = 0; i < w.tensors().size(); i++) {
                Tensor tensor = w.tensors().get(i);
                float[] direction = new float[tensor.size()];
                double expected = 0;
                for (int j = 0; j < direction.length; j++) {
                    direction[j] = (float) CounterRandom.gaussian(5, i, 0, 0, j, 0);
                    expected += direction[j] * gradients.tensors().get(i).data()[j];
                }
                double eps = 2e-3 / Math.sqrt(Math.max(1, direction.length / 24.0));
                double slope = (objective(tensor, direction, eps) - objective(tensor, direction, -eps)) / (2 * eps);
                assertEquals(expected, slope, 5e-3 + 0.02 * Math.abs(expected), tensor.name() + " of " + c);
            }
        }

        void checkDetached() {
            Weights gradients = backward(true);
            Weights fixed = new Weights(c);
            RoleChoice same = drawnAgain();
            transformer.forward(s, ids, 0, same);
            transformer.backward(fixed, s, ids, 0, targets, 0, same, 1f / s.rows(), 0);
            for (int i = 0; i < w.tensors().size(); i++) {
                String name = w.tensors().get(i).name();
                if (!name.contains("scorer")) {
                    assertArrayEquals(fixed.tensors().get(i).data(), gradients.tensors().get(i).data(), name);
                }
            }
        }

        /** Draws roles, remembers them, and returns the gradients. */
        private Weights backward(boolean detached) {
            RoleChoice choice = new RoleChoice.Sampled(SEED, STEP, 0, 1, 0, 1, detached);
            Weights gradients = new Weights(c);
            transformer.forward(s, ids, 0, choice);
            layersLeft = c.nLayers();
            transformer.backward(gradients, s, ids, 0, targets, 0, choice, 1f / s.rows(), 0);
            drawn = new int[c.nLayers()][];
            Arrays.setAll(drawn, l -> s.layer(l).roles.clone());
            return gradients;
        }

        private RoleChoice drawnAgain() {
            return new RoleChoice.Fixed((layer, head, seq, pos) -> drawn[layer][(seq * c.nKvHeads() + head) * SEQ_LEN + (int) pos]);
        }

        private double objective(Tensor tensor, float[] direction, double eps) {
            float[] saved = tensor.data().clone();
            for (int j = 0; j < saved.length; j++) {
                tensor.data()[j] = (float) (saved[j] + eps * direction[j]);
            }
            double sum = transformer.forward(s, ids, 0, targets, 0, drawnAgain());
            for (int l = 0; l < c.nLayers(); l++) {
                float[] y = soft(l);
                for (int i = 0; i < y.length; i++) {
                    sum += (double) factors[l][i] * y[i];
                }
            }
            System.arraycopy(saved, 0, tensor.data(), 0, saved.length);
            return sum;
        }

        /** softmax(logits + noise) of a layer of the last pass. */
        private float[] soft(int l) {
            float[] logits = new float[factors[l].length];
            float[] y = new float[factors[l].length];
            Activations.Layer a = s.layer(l);
            RoleScorer.forward(logits, 0, a.data, a.normed, w.layers.get(l).scorer.data(), 0, s.rows(), c.dim(), c.nKvHeads(), c.nRoles(), Team.serial());
            RoleSampler.gumbel(y, 0, SEED, STEP, l, 0, 1, BATCH, c.nKvHeads(), SEQ_LEN, c.nRoles(), Team.serial());
            RoleSampler.sample(new int[y.length / c.nRoles()], 0, y, 0, logits, 0, y, 0, new float[c.nRoles()], 0, 1,
                    BATCH, c.nKvHeads(), SEQ_LEN, c.nRoles(), Team.serial());
            return y;
        }
    }

    private static int[] tokens(int draw) {
        int[] tokens = new int[BATCH * SEQ_LEN];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (int) (CounterRandom.uniform(3, 0, 0, 0, i, draw) * 40);
        }
        return tokens;
    }
}
