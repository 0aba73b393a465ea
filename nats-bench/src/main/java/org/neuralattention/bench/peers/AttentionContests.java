package org.neuralattention.bench.peers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.neuralattention.bench.peers.Contest.Comparison;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.result.Goal;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;

/**
 * Causal attention of 8 heads, dense and with roles, forward and backward. The peer's dense pass is what roles have to beat: theory
 * promises causal pairs / visible pairs. Where its mask of floats fits memory, roles meet that too, and there the results must agree.
 */
final class AttentionContests {

    private static final int[] HEAD_DIMS = {64, 128};
    private static final int[] ROWS = {1024, 2048, 4096, 8192, 16384};
    private static final int[] WINDOWS = {128, 512};

    /** From here on roles must pay. */
    private static final int ROLES_FROM = 4096;

    /** A mask of 8 heads takes 2 GB at 8192 rows. */
    private static final int MASK_TO = 8192;

    /** What of the promised speed-up must be reached. */
    private static final double SHARE = 0.6;

    private AttentionContests() {}

    static List<Contest> of(AttentionPeer peer, int threads) {
        List<Contest> contests = new ArrayList<>();
        for (int headDim : HEAD_DIMS) {
            for (int rows : ROWS) {
                int[] windows = rows >= ROLES_FROM ? WINDOWS : new int[0];
                // One mask per window; at 8192 rows only one, and only for the smaller heads.
                int masks = rows < ROLES_FROM || rows > MASK_TO ? 0 : rows == MASK_TO ? (headDim == 64 ? 1 : 0) : windows.length;
                contests.add(contest(peer, false, rows, headDim, windows, masks, threads));
                contests.add(contest(peer, true, rows, headDim, windows, masks, threads));
            }
        }
        return contests;
    }

    /** @param masks how many of the windows, the first ones, also meet the peer's mask */
    static Contest contest(AttentionPeer peer, boolean backward, int rows, int headDim, int[] windows, int masks, int threads) {
        String name = backward ? "backward" : "forward";
        String size = "D " + headDim + ", L " + rows;
        double causal = (double) AttentionCase.HEADS * rows * (rows + 1) / 2;
        List<Comparison> comparisons = new ArrayList<>();
        double flops = 2 * work(backward, causal, rows, headDim).flops();
        comparisons.add(new Comparison(0, 1, peer.name(), name, size, work(backward, causal, rows, headDim), rows, 0,
                ratio -> Goal.atLeast(1, ratio, "x")));
        int next = 2;
        for (int i = 0; i < windows.length; i++) {
            double visible = AttentionCase.visiblePairs(rows, AttentionCase.roles(rows, windows[i]));
            double speedUp = causal / visible;
            Work work = work(backward, visible, rows, headDim);
            String parameters = size + ", window " + windows[i];
            int ours = next++;
            comparisons.add(new Comparison(ours, 1, peer.name() + " dense", name + " with roles", parameters, work, 0, 0,
                    ratio -> new Goal(SHARE + " of " + Numbers.fixed(speedUp, 1) + " x fewer pairs: " + Numbers.fixed(ratio / speedUp, 2),
                            ratio >= SHARE * speedUp)));
            flops += work.flops();
            if (i < masks) {
                comparisons.add(new Comparison(ours, next++, peer.name() + " masked", name + " with roles", parameters, work, rows, 0, null));
                flops += 2 * work(backward, causal, rows, headDim).flops();
            }
        }
        return new Contest("Attention " + name + (windows.length == 0 ? " " : " roles ") + size, "Attention", threads, flops,
                () -> sides(peer, backward, rows, headDim, windows, masks, threads), comparisons);
    }

    /** Forward 4, backward 10 multiplications and additions per pair and element; each matrix read or written once. */
    private static Work work(boolean backward, double pairs, int rows, int headDim) {
        return Work.floats((backward ? 10 : 4) * pairs * headDim, (backward ? 8 : 4) * (double) rows * AttentionCase.HEADS * headDim);
    }

    private static List<Entrant> sides(AttentionPeer peer, boolean backward, int rows, int headDim, int[] windows, int masks, int threads) {
        AttentionCase inputs = new AttentionCase(rows, headDim);
        List<Entrant> sides = new ArrayList<>();
        sides.add(ours(backward, inputs, AttentionCase.dense(rows), threads));
        sides.add(backward ? peer.backward(inputs, threads) : peer.forward(inputs, threads));
        for (int i = 0; i < windows.length; i++) {
            int[] lastRow = AttentionCase.roles(rows, windows[i]);
            sides.add(ours(backward, inputs, lastRow, threads));
            if (i < masks) {
                sides.add(backward ? peer.maskedBackward(inputs, lastRow, threads) : peer.maskedForward(inputs, lastRow, threads));
            }
        }
        return sides;
    }

    static Entrant ours(boolean backward, AttentionCase a, int[] lastRow, int threads) {
        float[] out = new float[a.q.length];
        float[] lse = new float[a.rows() * a.nHeads()];
        Team team = Team.of(threads);
        if (!backward) {
            return new OurSide(team, out) {
                @Override
                public void run() {
                    SparseAttention.forward(out, 0, lse, 0, a.q, 0, a.k, 0, a.v, 0, lastRow, 0, null, a.shape, team);
                }
            };
        }
        SparseAttention.forward(out, 0, lse, 0, a.q, 0, a.k, 0, a.v, 0, lastRow, 0, null, a.shape, team);
        float[] dq = new float[a.q.length];
        float[] dk = new float[a.k.length];
        float[] dv = new float[a.v.length];
        return new OurSide(team, dq, dk, dv) {
            @Override
            public void prepare() { // gradients are added to
                Arrays.fill(dq, 0);
                Arrays.fill(dk, 0);
                Arrays.fill(dv, 0);
            }

            @Override
            public void run() {
                SparseAttention.backward(dq, 0, dk, 0, dv, 0, a.dOut, 0, out, 0, lse, 0, a.q, 0, a.k, 0, a.v, 0, lastRow, 0, a.shape, team);
            }
        };
    }
}
