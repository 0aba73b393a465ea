package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SparseAttentionTest {

    private static final Team SERIAL = Team.serial();
    private static final int[] ROWS = {1, 2, 15, 16, 17, 63, 64, 65, 127, 130, 257};
    private static final int[] DIMS = {8, 16, 24, 32, 64, 72, 128};

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
        c.forward(SERIAL);
        assertTrue(AttentionCase.maxError(reference.out, c.out, c.outOffset) < 2e-6, "out " + Kernels.describe());
        assertTrue(AttentionCase.maxError(reference.lse, c.lse, c.lseOffset) < 5e-6, "lse " + Kernels.describe());
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
        c.clearGradients();
        c.backward(SERIAL);
        assertTrue(AttentionCase.maxError(reference.dq, c.dq, c.dqOffset) < 1e-5, "dq " + Kernels.describe());
        assertTrue(AttentionCase.maxError(reference.dk, c.dk, c.dkOffset) < 2e-5, "dk " + Kernels.describe());
        assertTrue(AttentionCase.maxError(reference.dv, c.dv, c.dvOffset) < 2e-5, "dv " + Kernels.describe());
    }

    @Test
    void forwardIsAsExactAsPlainLoopsAtAwkwardSizes() {
        for (int rows : ROWS) {
            for (int dim : DIMS) {
                for (int group = 1; group <= 3; group += 2) {
                    AttentionCase c = new AttentionCase(new AttentionShape(1, rows, 2 * group, 2, dim), rows * 1000L + dim + group);
                    if (rows % 2 == 0) {
                        c.mixedLastRows();
                    }
                    if (rows % 3 == 0) {
                        c.withPast();
                    }
                    AttentionCase.Reference reference = c.new Reference();
                    c.plainForward(SERIAL);
                    double outBound = 2 * AttentionCase.maxError(reference.out, c.out, c.outOffset) + 1e-5;
                    double lseBound = 2 * AttentionCase.maxError(reference.lse, c.lse, c.lseOffset) + 1e-5;
                    java.util.Arrays.fill(c.out, c.outOffset, c.outOffset + c.queries(), Float.NaN);
                    c.forward(SERIAL);
                    String at = "rows " + rows + ", headDim " + dim + ", group " + group + ", " + Kernels.describe();
                    assertEquals(0, AttentionCase.maxError(reference.out, c.out, c.outOffset), outBound, at);
                    assertEquals(0, AttentionCase.maxError(reference.lse, c.lse, c.lseOffset), lseBound, at);
                    AttentionCase.checkGuards("out", c.out, c.outOffset, c.queries());
                    AttentionCase.checkGuards("lse", c.lse, c.lseOffset, reference.lse.length);
                }
            }
        }
    }

    @Test
    void gradientsAreAsExactAsPlainLoopsAtAwkwardSizes() {
        for (int rows : ROWS) {
            for (int dim : DIMS) {
                int group = 1 + (rows + dim / 8) % 3;
                AttentionCase c = new AttentionCase(new AttentionShape(1, rows, 2 * group, 2, dim), rows * 1000L + dim);
                if (rows % 2 == 0) {
                    c.mixedLastRows();
                }
                AttentionCase.Reference reference = c.new Reference();
                c.plainForward(SERIAL);
                c.plainBackward(SERIAL);
                double dqBound = 3 * AttentionCase.maxError(reference.dq, c.dq, c.dqOffset) + 1e-5;
                double dkBound = 3 * AttentionCase.maxError(reference.dk, c.dk, c.dkOffset) + 1e-5;
                double dvBound = 3 * AttentionCase.maxError(reference.dv, c.dv, c.dvOffset) + 1e-5;
                c.clearGradients();
                c.forward(SERIAL);
                c.backward(SERIAL);
                String at = "rows " + rows + ", headDim " + dim + ", group " + group + ", " + Kernels.describe();
                assertEquals(0, AttentionCase.maxError(reference.dq, c.dq, c.dqOffset), dqBound, "dq, " + at);
                assertEquals(0, AttentionCase.maxError(reference.dk, c.dk, c.dkOffset), dkBound, "dk, " + at);
                assertEquals(0, AttentionCase.maxError(reference.dv, c.dv, c.dvOffset), dvBound, "dv, " + at);
                AttentionCase.checkGuards("dq", c.dq, c.dqOffset, c.queries());
                AttentionCase.checkGuards("dk", c.dk, c.dkOffset, c.keys());
                AttentionCase.checkGuards("dv", c.dv, c.dvOffset, c.keys());
            }
        }
    }
}
