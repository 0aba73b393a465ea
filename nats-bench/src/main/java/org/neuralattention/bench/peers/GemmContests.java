package org.neuralattention.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.neuralattention.bench.peers.Contest.Comparison;
import org.neuralattention.bench.peers.GemmPeer.Form;
import org.neuralattention.bench.result.Goal;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.MatMul;
import org.neuralattention.kernels.Team;

/** Matrix products: cubes, a feed-forward layer, a vocabulary head and a small odd one. */
final class GemmContests {

    /** m, n, k of out [m, n]. */
    private static final int[][] SHAPES = {
        {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}, {1024, 3072, 768}, {2048, 50257, 768}, {33, 576, 1536}};

    private GemmContests() {}

    static List<Contest> of(List<GemmPeer> peers, int threads) {
        List<Contest> contests = new ArrayList<>();
        for (int[] shape : peers.isEmpty() ? new int[0][] : SHAPES) {
            for (Form form : Form.values()) {
                contests.add(contest(peers, form, shape[0], shape[1], shape[2], threads));
            }
        }
        return contests;
    }

    static Contest contest(List<GemmPeer> peers, Form form, int m, int n, int k, int threads) {
        String parameters = m + " " + n + " " + k;
        double flops = 2.0 * m * n * k;
        Work work = Work.floats(flops, (double) m * n + (double) m * k + (double) n * k);
        String name = form.name().toLowerCase(Locale.ROOT);
        List<Comparison> comparisons = new ArrayList<>();
        for (int i = 0; i < peers.size(); i++) {
            GemmPeer peer = peers.get(i);
            comparisons.add(new Comparison(0, 1 + i, peer.name(), name, parameters, work, k, 0,
                    ratio -> Goal.atLeast(peer.goal(), ratio, "x")));
        }
        return new Contest("MatMul " + name + " " + parameters, "MatMul", threads, flops * (1 + peers.size()),
                () -> sides(peers, form, m, n, k, threads), comparisons);
    }

    private static List<Entrant> sides(List<GemmPeer> peers, Form form, int m, int n, int k, int threads) {
        float[] a = random(m * k);
        float[] b = random(n * k);
        List<Entrant> sides = new ArrayList<>();
        sides.add(ours(form, m, n, k, a, b, threads));
        peers.forEach(peer -> sides.add(peer.product(form, m, n, k, a, b, threads)));
        return sides;
    }

    private static Entrant ours(Form form, int m, int n, int k, float[] a, float[] b, int threads) {
        float[] out = new float[m * n];
        return new OurSide(Team.of(threads), out) {
            @Override
            public void run() {
                switch (form) {
                    case AB -> MatMul.ab(out, 0, a, 0, b, 0, m, n, k, false, team);
                    case ABT -> MatMul.abt(out, 0, a, 0, b, 0, m, n, k, false, team);
                    case ATB -> MatMul.atb(out, 0, a, 0, b, 0, m, n, k, false, team);
                }
            }
        };
    }

    private static float[] random(int n) {
        SplittableRandom random = new SplittableRandom(n);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = 2 * random.nextFloat() - 1;
        }
        return values;
    }
}
