package org.neuralattention.bench.growth;

import java.util.List;
import java.util.function.Consumer;
import org.neuralattention.bench.jmh.AttentionData;
import org.neuralattention.bench.result.Picture;
import org.neuralattention.bench.result.Unit;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;

/**
 * Attention of one layer (8 heads of 64) against the length: dense, and with roles (10 % global, 20 % local, window 128). Memory is all
 * arrays a call reads and writes, and all it allocates in its first call, when its scratch is made.
 */
final class AttentionGrowth {

    private static final List<String> MIXES = List.of("dense", "roles");

    private final int threads;
    private final double budget;
    private final Runnable step;

    /**
     * @param budget seconds for one point
     * @param step called after each point
     */
    AttentionGrowth(int threads, double budget, Runnable step) {
        this.threads = threads;
        this.budget = budget;
        this.step = step;
    }

    /** Dense to {@code mostDense} rows, with roles to {@code most}. */
    List<Picture> measure(int least, int mostDense, int most) {
        Points[] forward = {new Points("dense"), new Points("roles")};
        Points[] backward = {new Points("dense"), new Points("roles")};
        Points[] memory = {new Points("forward, dense"), new Points("forward, roles"), new Points("both, dense"), new Points("both, roles")};
        for (int mix = 0; mix < 2; mix++) {
            warm(new AttentionData(least, MIXES.get(mix)));
            for (int rows = least; rows <= (mix == 0 ? mostDense : most); rows *= 2) {
                point(new AttentionData(rows, MIXES.get(mix)), rows, forward[mix], backward[mix], memory[mix], memory[mix + 2]);
                step.run();
            }
        }
        String note = ", 8 heads of 64, " + threads + (threads == 1 ? " thread" : " threads");
        return List.of(new Picture("Attention forward" + note, "rows", "time", Unit.SECONDS, List.of(forward[0].curve(), forward[1].curve())),
                new Picture("Attention backward" + note, "rows", "time", Unit.SECONDS, List.of(backward[0].curve(), backward[1].curve())),
                new Picture("Attention's memory, arrays and scratch" + note, "rows", "memory", Unit.BYTES,
                        List.of(memory[0].curve(), memory[1].curve(), memory[2].curve(), memory[3].curve())));
    }

    private void warm(AttentionData a) {
        try (Team team = Team.of(threads)) {
            Calls calls = new Calls(a, team);
            Repeats.warm(Repeats.compiled(budget), calls::forward);
            Repeats.warm(Repeats.compiled(budget), calls::backward);
        }
    }

    private void point(AttentionData a, int rows, Points forward, Points backward, Points forwardMemory, Points bothMemory) {
        try (Team team = Team.of(threads)) {
            Calls calls = new Calls(a, team);
            forward.add(rows, Repeats.seconds(budget, calls::forward).median());
            backward.add(rows, Repeats.seconds(budget, calls::backward).median());
        }
        double forwardBytes = Float.BYTES * (4.0 * a.q.length + a.lse.length + a.lastRow.length) + scratch(a, Calls::forward);
        forwardMemory.add(rows, forwardBytes);
        bothMemory.add(rows, forwardBytes + Float.BYTES * 4.0 * a.q.length + scratch(a, Calls::backward));
    }

    /** What the first call of a new team allocates; the less of two, for code that is not compiled yet allocates vectors. */
    private double scratch(AttentionData a, Consumer<Calls> call) {
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < 2; i++) {
            try (Team team = Team.of(threads)) {
                Calls calls = new Calls(a, team);
                least = Math.min(least, Repeats.allocatedBytes(() -> call.accept(calls)));
            }
        }
        return least;
    }

    /** Both passes over the same data. */
    private record Calls(AttentionData a, Team team, float[] dq, float[] dk, float[] dv) {

        Calls(AttentionData a, Team team) {
            this(a, team, new float[a.q.length], new float[a.k.length], new float[a.v.length]);
        }

        void forward() {
            SparseAttention.forward(a.out, 0, a.lse, 0, a.q, 0, a.k, 0, a.v, 0, a.lastRow, 0, null, a.shape, team);
        }

        void backward() {
            SparseAttention.backward(dq, 0, dk, 0, dv, 0, a.dOut, 0, a.out, 0, a.lse, 0, a.q, 0, a.k, 0, a.v, 0, a.lastRow, 0, a.shape, team);
        }
    }
}
