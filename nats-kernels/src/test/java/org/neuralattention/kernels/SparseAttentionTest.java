package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class SparseAttentionTest {

    private static final Team SERIAL = Team.serial();

    @Property(tries = 300)
    void forwardIsTheSoftmaxOverVisibleKeys(
            @ForAll @IntRange(min = 1, max = 80) int rows, @ForAll @IntRange(min = 1, max = 4) int group,
            @ForAll @IntRange(min = 1, max = 3) int nKvHeads, @ForAll @IntRange(min = 1, max = 8) int eighths,
            @ForAll boolean past, @ForAll long seed) {
        AttentionShape shape = new AttentionShape(past ? 1 : 2, rows, group * nKvHeads, nKvHeads, 8 * eighths);
        AttentionCase c = new AttentionCase(shape, seed).mixedLastRows();
        if (past) {
            c.withPast();
        }
        AttentionCase.Reference reference = c.new Reference();
        c.plainForward(SERIAL);
        assertTrue(AttentionCase.maxError(reference.out, c.out, c.outOffset) < 2e-6, "out");
        assertTrue(AttentionCase.maxError(reference.lse, c.lse, c.lseOffset) < 5e-6, "lse");
    }

    @Property(tries = 300)
    void backwardIsItsGradient(
            @ForAll @IntRange(min = 1, max = 80) int rows, @ForAll @IntRange(min = 1, max = 4) int group,
            @ForAll @IntRange(min = 1, max = 3) int nKvHeads, @ForAll @IntRange(min = 1, max = 8) int eighths, @ForAll long seed) {
        AttentionShape shape = new AttentionShape(2, rows, group * nKvHeads, nKvHeads, 8 * eighths);
        AttentionCase c = new AttentionCase(shape, seed).mixedLastRows();
        AttentionCase.Reference reference = c.new Reference();
        c.plainForward(SERIAL);
        c.plainBackward(SERIAL);
        assertTrue(AttentionCase.maxError(reference.dq, c.dq, c.dqOffset) < 1e-5, "dq");
        assertTrue(AttentionCase.maxError(reference.dk, c.dk, c.dkOffset) < 2e-5, "dk");
        assertTrue(AttentionCase.maxError(reference.dv, c.dv, c.dvOffset) < 2e-5, "dv");
    }
}
