package org.neuralattention.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;

class KvPriceTest {

    /** The share is multilinear in the one-hots, so a difference of step 1 is the derivative. */
    @Property(tries = 300)
    void gradientIsTheDifferenceOfTheShare(@ForAll long seed, @ForAll @IntRange(min = 1, max = 24) int rows, @ForAll @IntRange(min = 1, max = 3) int nWindows,
            @ForAll @IntRange(min = 0, max = 9) int attentionWindow) {
        Random random = new Random(seed);
        int batch = 1 + random.nextInt(2);
        int heads = 1 + random.nextInt(2);
        double price = 1.5;
        RoleSpace space = LifetimesTest.randomSpace(random, nWindows);
        int nRoles = space.count();
        double globals = random.nextDouble();
        int[] roles = random.ints(2 + batch * heads * rows, 0, nRoles).map(r -> r == 0 && random.nextDouble() < globals ? 1 : r).toArray();
        float[] dRoles = new float[1 + batch * heads * rows * nRoles];
        Arrays.fill(dRoles, 1);
        double perPair = KvPrice.perPair(price, 3, heads, batch, rows);
        KvPrice.backward(dRoles, 1, roles, 2, perPair, space, attentionWindow, batch, heads, rows, Team.serial());

        double pairs = 3.0 * heads * batch * rows * (rows + 1) / 2;
        for (int head = 0; head < batch * heads; head++) {
            double[][] y = Masks.oneHot(roles, 2 + head * rows, rows, nRoles);
            double here = Masks.total(y, space, attentionWindow);
            for (int n = 0; n < rows; n++) {
                for (int role = 0; role < nRoles; role++) {
                    y[n][role] += 1;
                    double expected = 1 + price * (Masks.total(y, space, attentionWindow) - here) / pairs;
                    y[n][role] -= 1;
                    assertEquals(expected, dRoles[1 + (head * rows + n) * nRoles + role], 2e-7, "key " + n + ", role " + role);
                }
            }
        }
    }

    @Test
    void perPairTimesAllPairsIsThePrice() {
        assertEquals(0.5, KvPrice.perPair(0.5, 2, 3, 4, 10) * 2 * 3 * 4 * 55, 1e-15);
        assertThrows(IllegalArgumentException.class, () -> KvPrice.perPair(Double.NaN, 1, 1, 1, 1));
    }

    @Test
    void sameBitsForAnyNumberOfThreads() {
        Random random = new Random(5);
        int[] roles = random.ints(6 * 100, 0, 4).toArray();
        float[] expected = new float[6 * 100 * 4];
        KvPrice.backward(expected, 0, roles, 0, 1e-3, RoleSpace.of(3, 20), 30, 2, 3, 100, Team.serial());
        for (int threads : new int[] {2, 3, 7}) {
            float[] actual = new float[expected.length];
            try (Team team = Team.of(threads)) {
                KvPrice.backward(actual, 0, roles, 0, 1e-3, RoleSpace.of(3, 20), 30, 2, 3, 100, team);
            }
            assertArrayEquals(expected, actual);
        }
    }
}
