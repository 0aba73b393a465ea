package org.neuralattention.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;

class RoleScorerTest {

    private static final int TOKENS = 5;
    private static final int DIM = 7;
    private static final int HEADS = 2;
    private static final int ROLES = 3;

    @Test
    void logitsAreRowsOfTheScorerTimesTheInput() {
        float[] x = random(1, 2 + TOKENS * DIM);
        float[] scorer = random(2, 3 + HEADS * ROLES * DIM);
        float[] logits = new float[1 + TOKENS * HEADS * ROLES];
        Arrays.fill(logits, Float.NaN);
        RoleScorer.forward(logits, 1, x, 2, scorer, 3, TOKENS, DIM, HEADS, ROLES, Team.serial());
        for (int t = 0; t < TOKENS; t++) {
            for (int out = 0; out < HEADS * ROLES; out++) {
                double sum = 0;
                for (int i = 0; i < DIM; i++) {
                    sum += (double) x[2 + t * DIM + i] * scorer[3 + out * DIM + i];
                }
                assertEquals(sum, logits[1 + t * HEADS * ROLES + out], 1e-6);
            }
        }
    }

    @Test
    void backwardAddsTheWeightGradient() {
        float[] x = random(1, 2 + TOKENS * DIM);
        float[] dLogits = random(3, 4 + TOKENS * HEADS * ROLES);
        float[] dScorer = new float[1 + HEADS * ROLES * DIM];
        Arrays.fill(dScorer, 0.5f);
        RoleScorer.backward(dScorer, 1, dLogits, 4, x, 2, TOKENS, DIM, HEADS, ROLES, Team.serial());
        for (int out = 0; out < HEADS * ROLES; out++) {
            for (int i = 0; i < DIM; i++) {
                double sum = 0.5;
                for (int t = 0; t < TOKENS; t++) {
                    sum += (double) dLogits[4 + t * HEADS * ROLES + out] * x[2 + t * DIM + i];
                }
                assertEquals(sum, dScorer[1 + out * DIM + i], 1e-6);
            }
        }
    }

    @Test
    void inputBackwardSetsTheInputsGradient() {
        float[] scorer = random(2, 3 + HEADS * ROLES * DIM);
        float[] dLogits = random(3, 4 + TOKENS * HEADS * ROLES);
        float[] dX = new float[2 + TOKENS * DIM];
        Arrays.fill(dX, Float.NaN);
        RoleScorer.inputBackward(dX, 2, dLogits, 4, scorer, 3, TOKENS, DIM, HEADS, ROLES, Team.serial());
        for (int t = 0; t < TOKENS; t++) {
            for (int i = 0; i < DIM; i++) {
                double sum = 0;
                for (int out = 0; out < HEADS * ROLES; out++) {
                    sum += (double) dLogits[4 + t * HEADS * ROLES + out] * scorer[3 + out * DIM + i];
                }
                assertEquals(sum, dX[2 + t * DIM + i], 1e-5);
            }
        }
    }

    private static float[] random(long seed, int length) {
        Random random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
