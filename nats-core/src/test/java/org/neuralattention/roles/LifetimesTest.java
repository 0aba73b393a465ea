package org.neuralattention.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.neuralattention.roles.Lifetimes.OPEN;

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.SafeTensors;
import org.neuralattention.kernels.Team;
import org.neuralattention.testing.Vectors;

class LifetimesTest {

    private static final int G = Role.GLOBAL;
    private static final int L = Role.LOCAL;
    private static final int S = Role.sliding(0);

    @Test
    void aLocalIsStillSeenByTheRowOfTheNextGlobal() {
        int[] last = new int[7];
        int[] roles = {L, L, G, S, L, G, L};
        Lifetimes.lastRow(last, 0, roles, 0, RoleSpace.of(2), 0, 1, 1, 7, Team.serial());
        assertArrayEquals(new int[] {2, 2, OPEN, 5, 5, OPEN, OPEN}, last);
    }

    /** vectors/nats-attention: 16 cases with roles per token, 8 with roles per chunk; there, rows are cut at the last one. */
    @Test
    void lastRowIsThatOfTheGoldenCases() throws IOException {
        JsonObject golden = JsonObject.read(Vectors.path("nats-attention.json"));
        try (SafeTensors expected = SafeTensors.open(Vectors.path("nats-attention.safetensors"))) {
            for (Object each : golden.list("cases")) {
                JsonObject c = JsonObject.of("case", each);
                int rows = c.intValue("seq_len");
                int[] roles = expected.readInts(c.string("name") + ".roles");
                int[] golds = expected.readInts(c.string("name") + ".last_visible_row");
                int[] last = new int[golds.length];
                RoleSpace space = RoleSpace.of(c.intValue("window"));
                Lifetimes.chunkLastRow(last, 0, roles, 0, space, c.intValue("chunk"), c.intValue("batch"), c.intValue("kv_heads"), rows);
                assertArrayEquals(golds, Arrays.stream(last).map(row -> Math.min(row, rows - 1)).toArray(), c.string("name"));
                if (c.intValue("chunk") == 1) {
                    Lifetimes.lastRow(last, 0, roles, 0, space, 0, c.intValue("batch"), c.intValue("kv_heads"), rows, Team.serial());
                    assertArrayEquals(golds, Arrays.stream(last).map(row -> Math.min(row, rows - 1)).toArray(), c.string("name"));
                }
            }
            assertEquals(24, golden.list("cases").size());
        }
    }

    @Test
    void hugeWindowsDoNotOverflow() {
        int[] last = new int[3];
        Lifetimes.lastRow(last, 0, new int[] {S, S, S}, 0, RoleSpace.of(Integer.MAX_VALUE - 1), Integer.MAX_VALUE, 1, 1, 3, Team.serial());
        assertArrayEquals(new int[] {OPEN - 1, OPEN, OPEN}, last);
    }

    @Property(tries = 400)
    void lastRowSaysWhatTheMaskSays(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int rows, @ForAll @IntRange(min = 1, max = 3) int nWindows,
            @ForAll @IntRange(min = 0, max = 12) int attentionWindow, @ForAll @IntRange(min = 1, max = 3) int threads) {
        Random random = new Random(seed);
        int heads = 1 + random.nextInt(3);
        int batch = 1 + random.nextInt(2);
        RoleSpace space = randomSpace(random, nWindows);
        int[] roles = random.ints(5 + batch * heads * rows, 0, space.count()).toArray();
        int[] last = new int[3 + batch * heads * rows];
        try (Team team = Team.of(threads)) {
            Lifetimes.lastRow(last, 3, roles, 5, space, attentionWindow, batch, heads, rows, team);
        }
        long pairs = 0;
        for (int head = 0; head < batch * heads; head++) {
            double[][] y = Masks.oneHot(roles, 5 + head * rows, rows, space.count());
            for (int n = 0; n < rows; n++) {
                for (int m = n; m < rows; m++) {
                    double visible = Masks.visible(y, m, n, space, attentionWindow);
                    assertEquals(visible, m <= last[3 + head * rows + n] ? 1 : 0, "row " + m + ", key " + n + " of " + Arrays.toString(roles));
                    pairs += (long) visible;
                }
            }
        }
        assertEquals(pairs, Lifetimes.visiblePairs(last, 3, batch * heads, rows));
        assertEquals(pairs / (double) (batch * heads * (rows * (rows + 1) / 2)), Lifetimes.share(last, 3, batch * heads, rows));
    }

    @Property(tries = 200)
    void chunksOfOneTokenAreTheRuleItself(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int rows) {
        Random random = new Random(seed);
        RoleSpace space = randomSpace(random, 2);
        int[] roles = random.ints(2 * rows, 0, space.count()).toArray();
        int[] expected = new int[2 * rows];
        int[] actual = new int[2 * rows];
        Lifetimes.lastRow(expected, 0, roles, 0, space, 0, 1, 2, rows, Team.serial());
        Lifetimes.chunkLastRow(actual, 0, roles, 0, space, 1, 1, 2, rows);
        assertArrayEquals(expected, actual);
    }

    @Test
    void chunksLiveToTheEndOfTheNextGlobalChunk() {
        int[] last = new int[11];
        Lifetimes.chunkLastRow(last, 0, new int[] {L, S, G, L}, 0, RoleSpace.of(2), 3, 1, 1, 11);
        assertArrayEquals(new int[] {8, 8, 8, 7, 7, 7, OPEN, OPEN, OPEN, OPEN, OPEN}, last);
    }

    @Test
    void everythingKeptIsShareOneAlsoOverALongSequence() {
        int rows = 100_000;
        int[] last = new int[rows];
        Arrays.fill(last, OPEN);
        assertEquals(rows * (rows + 1L) / 2, Lifetimes.visiblePairs(last, 0, 1, rows));
        assertEquals(1.0, Lifetimes.share(last, 0, 1, rows));
    }

    @Test
    void histogramCountsEachRole() {
        long[] counts = {1, 0, 0};
        Lifetimes.histogram(counts, new int[] {9, G, L, L, S, 9}, 1, 4);
        assertArrayEquals(new long[] {2, 2, 1}, counts);
    }

    @Test
    void wrongArgumentsAreNamed() {
        assertThrows(IndexOutOfBoundsException.class,
                () -> Lifetimes.lastRow(new int[3], 1, new int[3], 0, RoleSpace.of(2), 0, 1, 1, 3, Team.serial()));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> Lifetimes.lastRow(new int[1], 0, new int[] {7}, 0, RoleSpace.of(2), 0, 1, 1, 1, Team.serial()));
        assertEquals("role 7 is not one of the 1 sliding roles from 2", e.getMessage());
    }

    static RoleSpace randomSpace(Random random, int nWindows) {
        return RoleSpace.of(random.ints(1, 14).distinct().limit(nWindows).sorted().toArray());
    }
}
