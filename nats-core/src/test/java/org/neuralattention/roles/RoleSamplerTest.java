package org.neuralattention.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;

class RoleSamplerTest {

    private static final int HEADS = 2;
    private static final int ROLES = 4;

    /** What one call draws. */
    private static final float[] NO_BIAS = new float[ROLES];

    private record Drawn(int[] roles, float[] y) {}

    @Test
    void drawnRolesFollowTheSoftmax() {
        int rows = 20_000;
        float[] row = {0.3f, -1, 1.2f, 0, 2, 0, -0.5f, 0.1f};
        float[] logits = new float[rows * row.length];
        for (int n = 0; n < rows; n++) {
            System.arraycopy(row, 0, logits, n * row.length, row.length);
        }
        Drawn drawn = draw(logits, 1, 17, 3, 0, 1, rows, Team.serial());
        for (int head = 0; head < HEADS; head++) {
            long[] counts = new long[ROLES];
            Lifetimes.histogram(counts, drawn.roles, head * rows + 1, rows - 2);
            double sum = 0;
            for (int role = 0; role < ROLES; role++) {
                sum += Math.exp(row[head * ROLES + role]);
            }
            for (int role = 0; role < ROLES; role++) {
                double p = Math.exp(row[head * ROLES + role]) / sum;
                double sigma = Math.sqrt(p * (1 - p) * rows);
                assertEquals(p * rows, counts[role], 4.5 * sigma, "head " + head + ", role " + role);
            }
        }
    }

    @Test
    void theRoleIsTheLargestOfTheSoftSampleAndBothEndsAreGlobal() {
        int rows = 50;
        Drawn drawn = draw(random(4, 3 * rows * HEADS * ROLES), 9, 2, 0, 0, 3, rows, Team.serial());
        for (int head = 0; head < 3 * HEADS; head++) {
            assertEquals(Role.GLOBAL, drawn.roles[head * rows]);
            assertEquals(Role.GLOBAL, drawn.roles[head * rows + rows - 1]);
            for (int n = 0; n < rows; n++) {
                int at = (head * rows + n) * ROLES;
                double sum = 0;
                for (int role = 0; role < ROLES; role++) {
                    sum += drawn.y[at + role];
                    if (n > 0 && n < rows - 1) {
                        assertTrue(drawn.y[at + role] <= drawn.y[at + drawn.roles[head * rows + n]]);
                    }
                }
                assertEquals(1, sum, 1e-6);
            }
        }
    }

    @Test
    void sameDrawForAnyNumberOfThreadsAndAnySplitIntoMicroBatches() {
        int rows = 300;
        float[] logits = random(6, 4 * rows * HEADS * ROLES);
        Drawn whole = draw(logits, 5, 11, 1, 0, 4, rows, Team.serial());
        for (int threads : new int[] {2, 3, 7}) {
            try (Team team = Team.of(threads)) {
                Drawn again = draw(logits, 5, 11, 1, 0, 4, rows, team);
                assertArrayEquals(whole.roles, again.roles);
                assertArrayEquals(whole.y, again.y);
            }
        }
        int half = logits.length / 2;
        Drawn first = draw(Arrays.copyOf(logits, half), 5, 11, 1, 0, 2, rows, Team.serial());
        Drawn second = draw(Arrays.copyOfRange(logits, half, 2 * half), 5, 11, 1, 2L * rows, 2, rows, Team.serial());
        assertArrayEquals(Arrays.copyOf(whole.roles, whole.roles.length / 2), first.roles);
        assertArrayEquals(Arrays.copyOfRange(whole.roles, whole.roles.length / 2, whole.roles.length), second.roles);
    }

    @Test
    void stepLayerAndSeedEachGiveOtherDraws() {
        int rows = 400;
        float[] logits = new float[rows * HEADS * ROLES];
        int[] roles = draw(logits, 5, 11, 1, 0, 1, rows, Team.serial()).roles;
        for (int[] other : new int[][] {
                draw(logits, 6, 11, 1, 0, 1, rows, Team.serial()).roles,
                draw(logits, 5, 12, 1, 0, 1, rows, Team.serial()).roles,
                draw(logits, 5, 11, 2, 0, 1, rows, Team.serial()).roles,
                draw(logits, 5, 11, 1, 1, 1, rows, Team.serial()).roles,
                Arrays.copyOfRange(roles, rows, 2 * rows)}) {
            int same = 0;
            for (int n = 1; n < rows - 1; n++) {
                same += other[n] == roles[n] ? 1 : 0;
            }
            assertEquals(rows / 4.0, same, 50, "two independent uniform draws of four agree in a quarter of the places");
        }
    }

    /** d softmax(logits + noise) . dRoles / d logits, against central differences in double. */
    @Test
    void backwardIsTheGradientOfTheSoftSample() {
        int rows = 6;
        int batch = 2;
        int size = batch * rows * HEADS * ROLES;
        float[] logits = random(1, size);
        float[] noise = random(2, size);
        float[] dRoles = random(3, size);
        float[] y = new float[size];
        RoleSampler.sample(new int[batch * HEADS * rows], 0, y, 0, logits, 0, noise, 0, NO_BIAS, 0, 1, batch, HEADS, rows, ROLES, Team.serial());
        float[] dLogits = new float[3 + size];
        Arrays.fill(dLogits, 2);
        RoleSampler.backward(dLogits, 3, dRoles, 0, y, 0, 1, batch, HEADS, rows, ROLES, Team.serial());
        for (int b = 0; b < batch; b++) {
            for (int n = 0; n < rows; n++) {
                for (int head = 0; head < HEADS; head++) {
                    int place = ((b * HEADS + head) * rows + n) * ROLES;
                    for (int role = 0; role < ROLES; role++) {
                        int at = ((b * rows + n) * HEADS + head) * ROLES;
                        double expected = n == 0 || n == rows - 1 ? 0
                                : (soft(logits, at, noise, place, dRoles, role, 1e-5) - soft(logits, at, noise, place, dRoles, role, -1e-5)) / 2e-5;
                        assertEquals(2 + expected, dLogits[3 + at + role], 1e-6);
                    }
                }
            }
        }
    }

    private static double soft(float[] logits, int at, float[] noise, int place, float[] dRoles, int moved, double by) {
        double sum = 0;
        double dot = 0;
        for (int role = 0; role < ROLES; role++) {
            double e = Math.exp((double) logits[at + role] + noise[place + role] + (role == moved ? by : 0));
            sum += e;
            dot += e * dRoles[place + role];
        }
        return dot / sum;
    }

    @Test
    void choosingTakesTheLargestLogitAndTiesGoToTheLowest() {
        float[] logits = {0, 9, 0, 0,   0, 1, 1, 0,   0, 0, 0, -1,   1, 1.05f, 0, 1.05f};
        int[] roles = new int[5];
        RoleSampler.choose(roles, 1, logits, 0, NO_BIAS, 0, 1, 1, 1, 4, ROLES, Team.serial());
        assertArrayEquals(new int[] {0, Role.GLOBAL, Role.LOCAL, Role.GLOBAL, Role.LOCAL}, roles);
        RoleSampler.choose(roles, 1, logits, 0, new float[] {0.1f, 0, 0, 0}, 0, 0, 1, 1, 4, ROLES, Team.serial());
        assertArrayEquals(new int[] {0, Role.LOCAL, Role.LOCAL, Role.GLOBAL, Role.GLOBAL}, roles);
    }

    @Test
    void anExcludedRoleIsNeitherDrawnNorChosenNorLearned() {
        int rows = 200;
        int size = rows * HEADS * ROLES;
        float[] logits = random(1, size);
        float[] bias = {0, 0, Float.NEGATIVE_INFINITY, 0};
        float[] y = new float[size];
        int[] roles = new int[HEADS * rows];
        RoleSampler.sample(roles, 0, y, 0, logits, 0, random(2, size), 0, bias, 0, 3, 1, HEADS, rows, ROLES, Team.serial());
        assertFalse(Arrays.stream(roles).anyMatch(role -> role == 2));
        float[] dLogits = new float[size];
        RoleSampler.backward(dLogits, 0, random(3, size), 0, y, 0, 3, 1, HEADS, rows, ROLES, Team.serial());
        for (int i = 0; i < size; i++) {
            boolean forced = i / (HEADS * ROLES) < 3 || i / (HEADS * ROLES) == rows - 1;
            assertEquals(i % ROLES == 2 || forced, dLogits[i] == 0, "logit " + i);
        }
        RoleSampler.choose(roles, 0, logits, 0, bias, 0, 3, 1, HEADS, rows, ROLES, Team.serial());
        assertFalse(Arrays.stream(roles).anyMatch(role -> role == 2));
        for (int head = 0; head < HEADS; head++) {
            assertArrayEquals(new int[3], Arrays.copyOfRange(roles, head * rows, head * rows + 3), "sinks");
        }
    }

    /** Its gradient is 0 to the bit, however large logits, noise and gradients are; sinks and the last token are global without global. */
    @Property(tries = 200)
    void whereOneRoleIsLeftItIsTakenAndNothingIsLearned(@ForAll long seed, @ForAll @IntRange(max = ROLES - 1) int left, @ForAll @FloatRange(min = 0.01f, max = 1e6f) float scale) {
        int rows = 20;
        int size = rows * HEADS * ROLES;
        float[] logits = scaled(random(seed, size), scale);
        float[] bias = new float[ROLES];
        Arrays.fill(bias, Float.NEGATIVE_INFINITY);
        bias[left] = left == Role.GLOBAL ? 4 : 0;
        float[] y = new float[size];
        int[] roles = new int[HEADS * rows];
        float[] dLogits = new float[size];
        RoleSampler.sample(roles, 0, y, 0, logits, 0, random(seed + 1, size), 0, bias, 0, 2, 1, HEADS, rows, ROLES, Team.serial());
        RoleSampler.backward(dLogits, 0, scaled(random(seed + 2, size), scale), 0, y, 0, 2, 1, HEADS, rows, ROLES, Team.serial());
        for (int i = 0; i < size; i++) {
            assertEquals(0, dLogits[i], 0f, "logit " + i);
            assertEquals(i % ROLES == left ? 1 : 0, y[i], 0f, "y " + i);
        }
        for (int i = 0; i < roles.length; i++) {
            assertEquals(i % rows < 2 || i % rows == rows - 1 ? Role.GLOBAL : left, roles[i]);
        }
        RoleSampler.choose(roles, 0, logits, 0, bias, 0, 2, 1, HEADS, rows, ROLES, Team.serial());
        for (int i = 0; i < roles.length; i++) {
            assertEquals(i % rows < 2 ? Role.GLOBAL : left, roles[i]);
        }
    }

    private static float[] scaled(float[] data, float by) {
        for (int i = 0; i < data.length; i++) {
            data[i] *= by;
        }
        return data;
    }

    @Test
    void arraysTooShortAreNamed() {
        assertThrows(IndexOutOfBoundsException.class,
                () -> RoleSampler.choose(new int[3], 0, new float[16], 1, NO_BIAS, 0, 1, 1, 1, 4, ROLES, Team.serial()));
        assertThrows(IllegalArgumentException.class,
                () -> RoleSampler.choose(new int[4], 0, new float[8], 0, NO_BIAS, 0, 1, 1, 1, 4, 2, Team.serial()));
    }

    private static Drawn draw(float[] logits, long seed, long step, int layer, long firstToken, int batch, int rows, Team team) {
        int[] roles = new int[batch * HEADS * rows];
        float[] y = new float[roles.length * ROLES];
        RoleSampler.gumbel(y, 0, seed, step, layer, firstToken, 1, batch, HEADS, rows, ROLES, team);
        RoleSampler.sample(roles, 0, y, 0, logits, 0, y, 0, NO_BIAS, 0, 1, batch, HEADS, rows, ROLES, team);
        return new Drawn(roles, y);
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
