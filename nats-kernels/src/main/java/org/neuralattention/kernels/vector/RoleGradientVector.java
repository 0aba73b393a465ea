package org.neuralattention.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.neuralattention.kernels.AttentionShape;

/**
 * Role gradient on vectors: two dense products per tile of 64 rows x 72 keys, then a few sums over the rows of each key.
 *
 * <p>Most tiles lie beyond every cut of their keys (next global, windows): there only the sum over all rows is needed. Near the diagonal a sum up to a cut row is
 * masked. A task owns the query tiles t = part, part + parts, ... of one KV head and adds into sums of its own, which {@link #reduce} adds up in the order of the parts;
 * the number of parts follows from the shape alone.
 */
public final class RoleGradientVector {

    private static final int LANES = LiveKeys.LANES;
    private static final int BLOCK = LiveKeys.BLOCK;
    private static final int N = Lanes.N;

    /** Tasks wanted when there are few KV heads. */
    private static final int TASKS = 32;

    private static final FloatVector LANE = FloatVector.zero(Lanes.F).addIndex(1);

    private final float[] dRoles, dOut, out, lse, q, k, v;
    private final int dRolesOffset, dOutOffset, outOffset, lseOffset, qOffset, kOffset, vOffset;
    private final int[] roles, windows;
    private final int rolesOffset, attentionWindow;
    private final AttentionShape shape;
    private final int rows, dim, group, tiles, parts, channels, queryRow, keyRow;
    private final Tile[] workers;

    /** {@code floats} and {@code ints}: for each worker a scratch of {@link #floats} and {@link #ints}. */
    public RoleGradientVector(
            float[] dRoles, int dRolesOffset, float[] dOut, int dOutOffset, float[] out, int outOffset, float[] lse, int lseOffset,
            float[] q, int qOffset, float[] k, int kOffset, float[] v, int vOffset, int[] roles, int rolesOffset,
            int[] windows, int attentionWindow, AttentionShape shape, float[][] floats, int[][] ints) {
        this.dRoles = dRoles;
        this.dRolesOffset = dRolesOffset;
        this.dOut = dOut;
        this.dOutOffset = dOutOffset;
        this.out = out;
        this.outOffset = outOffset;
        this.lse = lse;
        this.lseOffset = lseOffset;
        this.q = q;
        this.qOffset = qOffset;
        this.k = k;
        this.kOffset = kOffset;
        this.v = v;
        this.vOffset = vOffset;
        this.roles = roles;
        this.rolesOffset = rolesOffset;
        this.windows = windows;
        this.attentionWindow = attentionWindow;
        this.shape = shape;
        rows = shape.rows();
        dim = shape.headDim();
        group = shape.group();
        tiles = (rows + LANES - 1) / LANES;
        parts = parts(shape);
        channels = 2 + windows.length;
        queryRow = shape.nHeads() * dim;
        keyRow = shape.nKvHeads() * dim;
        workers = new Tile[floats.length];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Tile(floats[i], ints[i]);
        }
    }

    private static int parts(AttentionShape shape) {
        int pairs = shape.batch() * shape.nKvHeads();
        int tiles = (shape.rows() + LANES - 1) / LANES;
        return Math.min(tiles, (TASKS + pairs - 1) / pairs);
    }

    /** Independent tasks of {@link #run}: one per sequence, KV head and part. */
    public int tasks() {
        return shape.batch() * shape.nKvHeads() * parts;
    }

    /** Floats of the partial sums, [batch, nKvHeads, parts, rows, channels]. */
    public static long partialFloats(AttentionShape shape, int channels) {
        return (long) shape.batch() * shape.nKvHeads() * parts(shape) * shape.rows() * channels;
    }

    /** Floats a worker needs. */
    public static int floats(AttentionShape shape) {
        return shape.group() * (2 * shape.headDim() + 2) * LANES + shape.headDim() * LANES + BLOCK * (3 * LANES + N) + LANES + N;
    }

    /** Ints a worker needs: the keys of a block and the next global of every key. */
    public static int ints(AttentionShape shape) {
        return BLOCK + shape.rows();
    }

    /** Computes one task with a worker's own scratch and the partial sums of all. */
    public void run(int task, int worker, float[] partial) {
        int part = task % parts;
        int pair = task / parts;
        int b = pair / shape.nKvHeads();
        int g = pair % shape.nKvHeads();
        Tile t = workers[worker];
        nextGlobals(t.ints, pair);
        int sums = task * rows * channels;
        Arrays.fill(partial, sums, sums + rows * channels, 0);
        t.begin(partial, sums, rolesOffset + pair * rows);
        for (int tile = part; tile < tiles; tile += parts) {
            t.load(b, g, tile * LANES);
            int firstKey = attentionWindow == 0 ? 0 : Math.max(0, t.firstRow - attentionWindow + 1);
            int end = t.firstRow + t.tileRows;
            for (int n = firstKey; n < end; n += BLOCK) {
                int count = Math.min(BLOCK, end - n);
                t.pairs(n, count, b * rows * keyRow + g * dim);
                t.totals(n, count);
                for (int i = 0; i < count; i++) {
                    t.cuts(n + i, i);
                }
            }
        }
    }

    /** dRoles += sum of its parts, for one sequence and KV head: {@code task} in [0, batch x nKvHeads). */
    public void reduce(int task, float[] partial) {
        int length = rows * channels;
        for (int part = 0; part < parts; part++) {
            int from = (task * parts + part) * length;
            for (int i = 0; i < length; i++) {
                dRoles[dRolesOffset + task * length + i] += partial[from + i];
            }
        }
    }

    /** ints[BLOCK + n] = the next global strictly after n, or rows - 1. */
    private void nextGlobals(int[] ints, int pair) {
        int next = rows - 1;
        for (int n = rows - 1; n >= 0; n--) {
            ints[BLOCK + n] = next;
            if (roles[rolesOffset + pair * rows + n] == 0) {
                next = n;
            }
        }
    }

    /** A query tile in a worker's scratch. */
    private final class Tile {
        private final float[] x;
        private final int[] ints;

        /** The task's own sums, and its first role. */
        private float[] partial;
        private int sums;
        private int firstRole;

        /** [BLOCK, LANES] each: A summed over the group; scores; dP. */
        private final int a = group * (2 * dim + 2) * LANES + dim * LANES;
        private final int scores = a + BLOCK * LANES;
        private final int dp = scores + BLOCK * LANES;

        /** [LANES]: per row, the sum of A over the open locals so far. */
        private final int running = dp + BLOCK * LANES;

        /** [BLOCK, N] and [N]: sums not yet added across lanes. */
        private final int unsummed = running + LANES;
        private final int unsummedOne = unsummed + BLOCK * N;

        int firstRow;
        int tileRows;

        Tile(float[] floats, int[] ints) {
            x = floats;
            this.ints = ints;
        }

        void begin(float[] partial, int sums, int firstRole) {
            this.partial = partial;
            this.sums = sums;
            this.firstRole = firstRole;
        }

        private int qLanes(int j) {
            return j * (2 * dim + 2) * LANES;
        }

        private int dOutLanes(int j) {
            return qLanes(j) + dim * LANES;
        }

        private int delta(int j) {
            return qLanes(j) + 2 * dim * LANES;
        }

        void load(int b, int g, int firstRow) {
            this.firstRow = firstRow;
            tileRows = Math.min(LANES, rows - firstRow);
            int outLanes = a - dim * LANES;
            for (int j = 0; j < group; j++) {
                int h = g * group + j;
                int query = (b * rows + firstRow) * queryRow + h * dim;
                Lanewise.load(x, qLanes(j), q, qOffset + query, queryRow, tileRows, dim, shape.scale());
                Lanewise.load(x, dOutLanes(j), dOut, dOutOffset + query, queryRow, tileRows, dim, 1);
                Lanewise.load(x, outLanes, out, outOffset + query, queryRow, tileRows, dim, 1);
                Lanewise.dot(x, delta(j), dOutLanes(j), outLanes, dim);
                Lanewise.loadLse(x, delta(j) + LANES, lse, lseOffset + (b * shape.nHeads() + h) * rows + firstRow, tileRows, 1);
            }
            Arrays.fill(x, running, running + LANES, 0);
        }

        /** A of a block of neighbouring keys, 0 where a row comes before the key or is out of the attention window. */
        void pairs(int firstKey, int count, int head) {
            for (int i = 0; i < BLOCK; i++) {
                ints[i] = Math.min(firstKey + i, firstKey + count - 1) * keyRow;
            }
            for (int j = 0; j < group; j++) {
                LaneProduct.scores(x, scores, k, kOffset + head, ints, x, qLanes(j), count, dim);
                LaneProduct.scores(x, dp, v, vOffset + head, ints, x, dOutLanes(j), count, dim);
                for (int l = 0; l < LANES; l += N) {
                    FloatVector delta = load(delta(j) + l);
                    FloatVector lse = load(delta(j) + LANES + l);
                    for (int i = 0; i < count; i++) {
                        int at = i * LANES + l;
                        FloatVector exponent = load(scores + at).sub(lse);
                        FloatVector p = VectorMath.exp(exponent.blend(0, exponent.compare(VectorOperators.GT, 0)));
                        FloatVector product = load(dp + at).sub(delta).mul(p);
                        (j == 0 ? product : product.add(load(a + at))).intoArray(x, a + at);
                    }
                }
            }
            for (int i = 0; i < count; i++) {
                int before = firstKey + i - firstRow;
                if (before > 0) {
                    Arrays.fill(x, a + i * LANES, a + i * LANES + before, 0);
                }
                if (attentionWindow > 0 && before + (long) attentionWindow < LANES) {
                    Arrays.fill(x, a + i * LANES + before + attentionWindow, a + (i + 1) * LANES, 0);
                }
            }
        }

        /** Adds every key's sum over all rows of the tile to its global gradient, and to those of its cuts that lie beyond. */
        void totals(int firstKey, int count) {
            for (int i = 0; i < count; i++) {
                FloatVector sum = load(a + i * LANES);
                for (int l = N; l < LANES; l += N) {
                    sum = sum.add(load(a + i * LANES + l));
                }
                sum.intoArray(x, unsummed + i * N);
            }
            int lastRow = firstRow + tileRows - 1;
            for (int i = 0; i < count; i++) {
                int n = firstKey + i;
                int to = sums + n * channels;
                float total = across(unsummed + i * N);
                partial[to] += total;
                if (ints[BLOCK + n] >= lastRow) {
                    partial[to + 1] += total;
                }
                for (int w = 0; w < windows.length; w++) {
                    if (n + (long) windows[w] >= lastRow) {
                        partial[to + 2 + w] += total;
                    }
                }
            }
        }

        /** What of key n, the block's i-th, ends within the tile: its local and sliding gradients and what it would free; then the sums of the open locals. */
        void cuts(int n, int i) {
            int role = roles[firstRole + n];
            int next = ints[BLOCK + n];
            int to = sums + n * channels;
            if (next >= firstRow) {
                if (n >= firstRow) {
                    x[running + n - firstRow] = 0;
                }
                partial[to] -= upTo(running, next);
                if (next < firstRow + tileRows - 1) {
                    partial[to + 1] += upTo(a + i * LANES, next);
                }
            }
            for (int w = 0; w < windows.length; w++) {
                long last = n + (long) windows[w];
                if (last >= firstRow && last < firstRow + tileRows - 1) {
                    partial[to + 2 + w] += upTo(a + i * LANES, (int) last);
                }
            }
            if (role == 0) {
                Arrays.fill(x, running, running + LANES, 0);
            } else if (role == 1 && ints[BLOCK + next] >= firstRow) { // a row after the global after next asks no more for this key
                for (int l = 0; l < LANES; l += N) {
                    load(running + l).add(load(a + i * LANES + l)).intoArray(x, running + l);
                }
                if (n >= firstRow) {
                    x[running + n - firstRow] = 0;
                }
            }
        }

        /** Sum over the rows of the tile up to {@code row}. */
        private float upTo(int from, int row) {
            FloatVector sum = FloatVector.zero(Lanes.F);
            for (int l = 0; l < LANES && firstRow + l <= row; l += N) {
                FloatVector lanes = load(from + l);
                sum = sum.add(lanes, LANE.compare(VectorOperators.LE, (float) (row - firstRow - l)));
            }
            sum.intoArray(x, unsummedOne);
            return across(unsummedOne);
        }

        /** Sum of the N floats from {@code from} on, always in the same order. */
        private float across(int from) {
            float sum = 0;
            for (int l = 0; l < N; l += 4) {
                sum += (x[from + l] + x[from + l + 1]) + (x[from + l + 2] + x[from + l + 3]);
            }
            return sum;
        }

        private FloatVector load(int offset) {
            return FloatVector.fromArray(Lanes.F, x, offset);
        }
    }
}
