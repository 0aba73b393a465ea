package org.neuralattention.kernels;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.neuralattention.kernels.KernelCase.Maker;

/** Attention with roles as {@link KernelCase}s: random last rows or roles, groups, batches, keys of earlier pieces. */
final class AttentionCases {

    private AttentionCases() {}

    static final Map<String, Maker> ALL = Map.of(
            "SparseAttention.forward", Forward::new,
            "SparseAttention.backward", Backward::new,
            "RoleGradient", RoleGradients::new,
            "DecodeAttention", Decode::new);

    /** Queries, keys and values of one call, and what the definitions have in common. */
    private abstract static class Attention extends KernelCase {
        final AttentionShape shape;
        final Slice q;
        final Slice k;
        final Slice v;
        final int[] lastRow;

        Attention(SplittableRandom random, boolean large, int mostRows) {
            super(random, large);
            int nKvHeads = named("KV heads", 1 + random.nextInt(3));
            int group = named("group", 1 + random.nextInt(3));
            int batch = named("batch", 1 + random.nextInt(2));
            shape = new AttentionShape(batch, size("rows", large && mostRows > 1 ? 300 : mostRows), nKvHeads * group, nKvHeads, 2 * size("half headDim", 48));
            q = input(queries(), 1);
            k = input(keys(), 1);
            v = input(keys(), 1);
            lastRow = new int[shape.batch() * nKvHeads * shape.rows()];
        }

        final int queries() {
            return shape.batch() * shape.rows() * shape.nHeads() * shape.headDim();
        }

        final int keys() {
            return shape.batch() * shape.rows() * shape.nKvHeads() * shape.headDim();
        }

        /** Open, dead at once, or for some rows. */
        final void drawLastRows() {
            for (int i = 0; i < lastRow.length; i++) {
                int n = i % shape.rows();
                lastRow[i] = switch (random.nextInt(5)) {
                    case 0 -> SparseAttention.OPEN;
                    case 1 -> n + random.nextInt(shape.rows());
                    case 2 -> n - random.nextInt(2);
                    default -> n + 5;
                };
            }
        }

        /** Offset of head h of row m of sequence b in queries, and of KV head g of row n in keys. */
        final int query(int b, int m, int h) {
            return ((b * shape.rows() + m) * shape.nHeads() + h) * shape.headDim();
        }

        final int key(int b, int n, int g) {
            return ((b * shape.rows() + n) * shape.nKvHeads() + g) * shape.headDim();
        }

        final boolean visible(int b, int g, int m, int n) {
            return m <= lastRow[(b * shape.nKvHeads() + g) * shape.rows() + n];
        }

        final double score(int b, int h, int m, int n, Precision p) {
            return p.of(shape.scale() * p.dot(q.array, q.offset + query(b, m, h), 1, k.array, k.offset + key(b, n, h / shape.group()), 1, shape.headDim()));
        }

        /** out and lse of one row; zeros and -infinity if it sees nothing. */
        final double row(double[] out, int at, double[] scores, boolean[] seen, Values values, Precision p) {
            double max = Double.NEGATIVE_INFINITY;
            for (int n = 0; n < scores.length; n++) {
                max = seen[n] ? Math.max(max, scores[n]) : max;
            }
            double sum = 0;
            for (int n = 0; n < scores.length; n++) {
                if (seen[n]) {
                    double e = p.exp(p.of(scores[n] - max));
                    sum = p.of(sum + e);
                    for (int d = 0; d < shape.headDim(); d++) {
                        out[at + d] = p.of(out[at + d] + p.of(e * values.get(n, d)));
                    }
                }
            }
            for (int d = 0; d < shape.headDim() && sum > 0; d++) {
                out[at + d] = p.of(out[at + d] / sum);
            }
            return sum == 0 ? Double.NEGATIVE_INFINITY : p.of(max + p.of(Math.log(sum)));
        }

        @FunctionalInterface
        interface Values {
            float get(int n, int d);
        }

        /** out and lse of all rows, of the piece's own keys. */
        final double[][] forward(Precision p) {
            double[] out = new double[queries()];
            double[] lse = new double[shape.batch() * shape.nHeads() * shape.rows()];
            for (int b = 0; b < shape.batch(); b++) {
                for (int h = 0; h < shape.nHeads(); h++) {
                    int g = h / shape.group();
                    for (int m = 0; m < shape.rows(); m++) {
                        double[] scores = new double[m + 1];
                        boolean[] seen = new boolean[m + 1];
                        for (int n = 0; n <= m; n++) {
                            seen[n] = visible(b, g, m, n);
                            scores[n] = seen[n] ? score(b, h, m, n, p) : 0;
                        }
                        int sequence = b;
                        lse[(b * shape.nHeads() + h) * shape.rows() + m] = row(out, query(b, m, h), scores, seen,
                                (n, d) -> v.array[v.offset + key(sequence, n, g) + d], p);
                    }
                }
            }
            return new double[][] {out, lse};
        }
    }

    private static final class Forward extends Attention {
        final Slice out;
        final Slice lse;

        Forward(SplittableRandom random, boolean large) {
            super(random, large, 140);
            drawLastRows();
            out = output("out", queries());
            lse = output("lse", shape.batch() * shape.nHeads() * shape.rows());
        }

        @Override
        void run(Team team) {
            SparseAttention.forward(out.array, out.offset, lse.array, lse.offset, q.array, q.offset, k.array, k.offset, v.array, v.offset,
                    lastRow, 0, null, shape, team);
        }

        @Override
        double[][] define(Precision p) {
            return forward(p);
        }
    }

    /** What the backward passes get of the forward one: out and lse in float32, and the gradient of out. */
    private abstract static class AfterForward extends Attention {
        Slice dOut;
        Slice out;
        Slice lse;

        AfterForward(SplittableRandom random, boolean large, int mostRows) {
            super(random, large, mostRows);
        }

        final void runForward() {
            double[][] forward = forward(Precision.DOUBLE);
            out = Slice.of(forward[0]);
            lse = Slice.of(forward[1]);
            dOut = input(queries(), 1);
        }

        final double weight(int b, int h, int m, int n, Precision p) {
            return p.exp(p.of(score(b, h, m, n, p) - lse.array[lse.offset + (b * shape.nHeads() + h) * shape.rows() + m]));
        }

        /** dOut_m . v_n - dOut_m . out_m. */
        final double dWeight(int b, int h, int m, int n, Precision p) {
            int at = dOut.offset + query(b, m, h);
            return p.of(p.dot(dOut.array, at, 1, v.array, v.offset + key(b, n, h / shape.group()), 1, shape.headDim())
                    - p.dot(dOut.array, at, 1, out.array, out.offset + query(b, m, h), 1, shape.headDim()));
        }
    }

    private static final class Backward extends AfterForward {
        final Slice dq;
        final Slice dk;
        final Slice dv;

        Backward(SplittableRandom random, boolean large) {
            super(random, large, 100);
            drawLastRows();
            runForward();
            dq = gradient("dq", queries());
            dk = gradient("dk", keys());
            dv = gradient("dv", keys());
        }

        @Override
        void run(Team team) {
            SparseAttention.backward(dq.array, dq.offset, dk.array, dk.offset, dv.array, dv.offset, dOut.array, dOut.offset,
                    out.array, out.offset, lse.array, lse.offset, q.array, q.offset, k.array, k.offset, v.array, v.offset, lastRow, 0, shape, team);
        }

        @Override
        double[][] define(Precision p) {
            double[][] g = {start(0), start(1), start(2)};
            for (int b = 0; b < shape.batch(); b++) {
                for (int h = 0; h < shape.nHeads(); h++) {
                    for (int m = 0; m < shape.rows(); m++) {
                        for (int n = 0; n <= m; n++) {
                            if (visible(b, h / shape.group(), m, n)) {
                                pair(b, h, m, n, g, p);
                            }
                        }
                    }
                }
            }
            return g;
        }

        private void pair(int b, int h, int m, int n, double[][] g, Precision p) {
            double weight = weight(b, h, m, n, p);
            double ds = p.of(p.of(weight * dWeight(b, h, m, n, p)) * shape.scale());
            int qo = query(b, m, h);
            int ko = key(b, n, h / shape.group());
            for (int d = 0; d < shape.headDim(); d++) {
                g[0][qo + d] = p.of(g[0][qo + d] + p.of(ds * k.array[k.offset + ko + d]));
                g[1][ko + d] = p.of(g[1][ko + d] + p.of(ds * q.array[q.offset + qo + d]));
                g[2][ko + d] = p.of(g[2][ko + d] + p.of(weight * dOut.array[dOut.offset + qo + d]));
            }
        }
    }

    /** Roles with windows; the definition adds A over the rows each role would keep (spec 3.2). */
    private static final class RoleGradients extends AfterForward {
        final int[] windows;
        final int[] roles = new int[lastRow.length];
        final Slice dRoles;

        RoleGradients(SplittableRandom random, boolean large) {
            super(random, large, 100);
            windows = random.ints(named("windows", random.nextInt(4)), 0, shape.rows() + 1).toArray();
            for (int i = 0; i < roles.length; i++) {
                roles[i] = i % shape.rows() == 0 ? 0 : random.nextInt(2 + windows.length);
            }
            for (int i = 0; i < roles.length; i++) {
                lastRow[i] = switch (roles[i]) {
                    case 0 -> SparseAttention.OPEN;
                    case 1 -> nextGlobal(i);
                    default -> i % shape.rows() + windows[roles[i] - 2];
                };
            }
            runForward();
            dRoles = gradient("dRoles", roles.length * (2 + windows.length));
        }

        private int nextGlobal(int i) {
            int last = shape.rows() - 1;
            int n = i % shape.rows();
            for (int next = n + 1; next <= last; next++) {
                if (roles[i - n + next] == 0) {
                    return next;
                }
            }
            return last;
        }

        @Override
        void run(Team team) {
            RoleGradient.add(dRoles.array, dRoles.offset, dOut.array, dOut.offset, out.array, out.offset, lse.array, lse.offset,
                    q.array, q.offset, k.array, k.offset, v.array, v.offset, roles, 0, windows, 0, null, 0, shape, team);
        }

        @Override
        double[][] define(Precision p) {
            double[] g = start(0);
            for (int i = 0; i < roles.length; i += shape.rows()) {
                int b = i / shape.rows() / shape.nKvHeads();
                double[] open = new double[shape.rows()]; // per row, A of the locals since the last global
                for (int n = 0; n < shape.rows(); n++) {
                    key(g, b, i / shape.rows() % shape.nKvHeads(), i, n, open, p);
                }
            }
            return new double[][] {g};
        }

        private void key(double[] g, int b, int kvHead, int first, int n, double[] open, Precision p) {
            int at = (first + n) * (2 + windows.length);
            int next = nextGlobal(first + n);
            for (int m = n + 1; m <= next; m++) {
                g[at] = p.of(g[at] - open[m]);
            }
            if (roles[first + n] == 0) {
                Arrays.fill(open, 0);
            }
            for (int m = n; m < shape.rows(); m++) {
                double a = 0;
                for (int h = kvHead * shape.group(); h < (kvHead + 1) * shape.group(); h++) {
                    a = p.of(a + p.of(Math.min(1, weight(b, h, m, n, p)) * dWeight(b, h, m, n, p)));
                }
                g[at] = p.of(g[at] + a);
                g[at + 1] = m <= next ? p.of(g[at + 1] + a) : g[at + 1];
                for (int w = 0; w < windows.length; w++) {
                    g[at + 2 + w] = m - n <= windows[w] ? p.of(g[at + 2 + w] + a) : g[at + 2 + w];
                }
                if (roles[first + n] == 1) {
                    open[m] = p.of(open[m] + a);
                }
            }
        }
    }

    /** One row over keys in blocks of any stored form. */
    private static final class Decode extends Attention {
        final int count;
        final Slice heldK;
        final Slice heldV;
        final Slice out;
        final KeySpans[] spans;

        Decode(SplittableRandom random, boolean large) {
            super(random, large, 1);
            count = size("keys", large ? 3000 : 1100);
            heldK = input(shape.nKvHeads() * count * shape.headDim(), 1);
            heldV = input(shape.nKvHeads() * count * shape.headDim(), 1);
            for (int i = 0; i < heldV.n; i++) {
                heldV.array[heldV.offset + i] += 1; // an average of about 0 would have errors that only the size of the values bounds
            }
            out = output("out", shape.nHeads() * shape.headDim());
            spans = new KeySpans[shape.nKvHeads()];
            KvDtype dtype = KvDtype.values()[named("dtype", random.nextInt(KvDtype.values().length))];
            int capacity = KvBlock.LEAST * named("eighths of a block", 1 + random.nextInt(8));
            for (int g = 0; g < spans.length; g++) {
                spans[g] = new KeySpans();
                for (int n = 0; n < count; n += capacity) {
                    hold(KvBlock.of(dtype, capacity, shape.headDim()), g, n, Math.min(capacity, count - n));
                }
            }
        }

        /** Puts keys into a block; the definition has them as they are stored. */
        private void hold(KvBlock block, int g, int first, int keys) {
            int at = (g * count + first) * shape.headDim();
            for (int n = 0; n < keys; n++) {
                int row = at + n * shape.headDim();
                block.put(n, heldK.array, heldK.offset + row, heldV.array, heldV.offset + row);
            }
            block.get(heldK.array, heldK.offset + at, heldV.array, heldV.offset + at, 0, keys);
            spans[g].add(block, 0, keys);
        }

        @Override
        void run(Team team) {
            DecodeAttention.forward(out.array, out.offset, q.array, q.offset, spans, shape.nHeads(), shape.nKvHeads(), shape.headDim(), team);
        }

        @Override
        double[][] define(Precision p) {
            double[] o = new double[out.n];
            boolean[] seen = new boolean[count];
            Arrays.fill(seen, true);
            for (int h = 0; h < shape.nHeads(); h++) {
                int head = h / shape.group() * count * shape.headDim();
                double[] scores = new double[count];
                for (int n = 0; n < count; n++) {
                    scores[n] = p.of(shape.scale() * p.dot(q.array, q.offset + h * shape.headDim(), 1,
                            heldK.array, heldK.offset + head + n * shape.headDim(), 1, shape.headDim()));
                }
                row(o, h * shape.headDim(), scores, seen, (n, d) -> heldV.array[heldV.offset + head + n * shape.headDim() + d], p);
            }
            return new double[][] {o};
        }
    }
}
