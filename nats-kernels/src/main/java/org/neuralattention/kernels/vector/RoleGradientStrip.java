package org.neuralattention.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.RoleGradient;

/**
 * The role gradient of a strip of query tiles of one KV head: for each block of 64 keys and tile of 64 rows (on the lanes) two dense products, S = K Q and dP = V dOut,
 * then A = 2^min(scale S - lse, 0) (dP - delta) and sums of it over rows.
 *
 * <p>Most blocks lie beyond every cut of their keys (next global, windows) in the tile: there only the sum over all rows is needed, and A is not stored.
 * In the others sums up to a cut row are masked. A strip has several tiles so that a block of keys, copied side by side, serves them all from the first-level cache.
 */
final class RoleGradientStrip {

    private static final int LANES = LiveKeys.LANES;
    private static final int N = Lanes.N;

    /** Keys of a block: all of them are near a row, or none; a multiple of {@link LaneProduct}'s tiles. */
    private static final int BLOCK = RoleGradient.NEAR;

    private static final float LOG2_E = (float) (1 / Math.log(2));

    /** Query heads x tiles that share a block of keys: their rows of q and dOut, 128 KiB at headDim 64, stay in the second-level cache. */
    private static final int SHARE = 4;

    private final RoleGradientVector c;
    private final AttentionShape shape;
    private final int rows, dim, group, channels;

    /** Exponent of 2 per unit of q . k. */
    private final float scoreScale;

    /** The sequence and KV head, its first role, the task's sums in {@code c.partial}, and the largest window. */
    private final int b, g, pair, firstRole, sums, widest;

    /** next[n] = the next global strictly after n, or rows - 1. */
    private final int[] next;

    /** Where the keys of a block lie: side by side. */
    private final int[] at = new int[BLOCK];

    /** Worker's scratch: per tile q and dOut on the lanes with delta and lse, per query head; then what follows. */
    private final float[] x;

    private final int perHead;
    private final int perTile;

    /** [BLOCK, dim] each. */
    private final int keys, values;

    /** [BLOCK, LANES] each: scores, dP, and A summed over the group. */
    private final int scores, dp, a;

    /** [BLOCK, N]: each key's A summed over the rows of the strip, its lanes not yet added up. */
    private final int beyond;

    /** [N]: the same of one sum. */
    private final int oneSum;

    /** [LANES]: weights of a tile's rows for the keys of a block. */
    private final int weights;

    RoleGradientStrip(RoleGradientVector call, int pair, int sums, float[] floats, int[] ints) {
        c = call;
        shape = call.shape();
        rows = shape.rows();
        dim = shape.headDim();
        group = shape.group();
        channels = call.channels();
        scoreScale = shape.scale() * LOG2_E;
        b = pair / shape.nKvHeads();
        g = pair % shape.nKvHeads();
        this.pair = pair;
        this.sums = sums;
        firstRole = call.rolesOffset() + pair * rows;
        widest = Arrays.stream(call.windows()).max().orElse(0);
        x = floats;
        perHead = perHead(shape);
        perTile = perTile(shape);
        keys = tiles(shape) * perTile;
        values = keys + BLOCK * dim;
        scores = values + BLOCK * dim;
        dp = scores + BLOCK * LANES;
        a = dp + BLOCK * LANES;
        beyond = a + BLOCK * LANES;
        oneSum = beyond + BLOCK * N;
        weights = oneSum + N;
        Arrays.fill(x, weights, weights + LANES, 1);
        Arrays.setAll(at, i -> i * dim);
        next = ints;
        int nxt = rows - 1;
        for (int n = rows - 1; n >= 0; n--) {
            next[n] = nxt;
            nxt = call.roles()[firstRole + n] == 0 ? n : nxt;
        }
    }

    /** Tiles of a strip. */
    static int tiles(AttentionShape shape) {
        return Math.max(1, SHARE / shape.group());
    }

    private static int perHead(AttentionShape shape) {
        return (2 * shape.headDim() + 2) * LANES;
    }

    /** And one row of lanes: per row, the sum of A over the open locals so far. */
    private static int perTile(AttentionShape shape) {
        return shape.group() * perHead(shape) + LANES;
    }

    static int floats(AttentionShape shape) {
        return tiles(shape) * perTile(shape) + BLOCK * (2 * shape.headDim() + 3 * LANES + N) + N + LANES + shape.headDim() * LANES;
    }

    static int ints(AttentionShape shape) {
        return shape.rows();
    }

    /** Adds what the rows of the strip from tile {@code firstTile} on give. */
    void add(int firstTile) {
        int lastTile = Math.min(firstTile + tiles(shape), Math.ceilDiv(rows, LANES)) - 1;
        for (int tile = firstTile; tile <= lastTile; tile++) {
            load((tile - firstTile) * perTile, tile * LANES);
        }
        int end = Math.min(rows, (lastTile + 1) * LANES);
        int from = c.attentionWindow() == 0 ? 0 : Math.max(0, firstTile * LANES - c.attentionWindow() + 1) / BLOCK * BLOCK;
        for (int n = from; n < end; n += BLOCK) {
            int count = Math.min(BLOCK, rows - n);
            boolean copied = false;
            for (int tile = Math.max(firstTile, n / LANES); tile <= lastTile; tile++) {
                if (c.tileWeight() != null && !weigh(tile * LANES, n)) {
                    continue;
                }
                if (!copied) {
                    copy(n, count);
                    copied = true;
                }
                block((tile - firstTile) * perTile, tile * LANES, n, Math.min(count, (tile + 1) * LANES - n));
            }
            for (int i = 0; i < count && copied; i++) {
                c.partial()[sums + (n + i) * channels] += across(beyond + i * N);
            }
        }
    }

    /** Sets the weights of the tile's rows for keys of the block at n; returns whether any is not 0. */
    private boolean weigh(int firstRow, int n) {
        int end = Math.min(LANES, rows - firstRow);
        boolean any = false;
        for (int l = 0; l < end;) {
            int tile = (firstRow + l) / RoleGradient.TILE;
            int stop = Math.min(end, (tile + 1) * RoleGradient.TILE - firstRow);
            float weight = n >= tile * RoleGradient.TILE - RoleGradient.NEAR ? 1
                    : c.tileWeight()[c.tileWeightOffset() + pair * RoleGradient.tiles(rows) + tile];
            Arrays.fill(x, weights + l, weights + stop, weight);
            any |= weight != 0;
            l = stop;
        }
        return any;
    }

    private void load(int t, int firstRow) {
        int tileRows = Math.min(LANES, rows - firstRow);
        int row = shape.nHeads() * dim;
        int outLanes = weights + LANES;
        for (int j = 0; j < group; j++) {
            int h = g * group + j;
            int query = (b * rows + firstRow) * row + h * dim;
            int to = t + j * perHead;
            Lanewise.load(x, to, c.q(), c.qOffset() + query, row, tileRows, dim);
            Lanewise.load(x, to + dim * LANES, c.dOut(), c.dOutOffset() + query, row, tileRows, dim);
            Lanewise.load(x, outLanes, c.out(), c.outOffset() + query, row, tileRows, dim);
            Lanewise.dot(x, to + 2 * dim * LANES, to + dim * LANES, outLanes, dim);
            Lanewise.loadLse(x, to + (2 * dim + 1) * LANES, c.lse(), c.lseOffset() + (b * shape.nHeads() + h) * rows + firstRow, tileRows, LOG2_E);
        }
        Arrays.fill(x, t + group * perHead, t + perTile, 0);
    }

    /** Copies keys and values side by side (in place their rows are often a multiple of 1 KiB apart and push each other out of the cache), and clears their sums. */
    private void copy(int n, int count) {
        int row = shape.nKvHeads() * dim;
        int from = (b * rows + n) * row + g * dim;
        for (int i = 0; i < count; i++) {
            System.arraycopy(c.k(), c.kOffset() + from + i * row, x, keys + i * dim, dim);
            System.arraycopy(c.v(), c.vOffset() + from + i * row, x, values + i * dim, dim);
        }
        Arrays.fill(x, beyond, beyond + BLOCK * N, 0);
    }

    /** A block of keys against the tile at {@code t}. */
    private void block(int t, int firstRow, int n, int count) {
        int cut = Math.max(next[next[n + count - 1]], n + count - 1 + Math.min(widest, rows)); // the last row that a cut or a charge asks for
        boolean whole = cut < firstRow && (c.attentionWindow() == 0 || firstRow + LANES - n <= c.attentionWindow());
        if (!whole) {
            Arrays.fill(x, a, a + count * LANES, 0);
        }
        for (int j = 0; j < group; j++) {
            int head = t + j * perHead;
            LaneProduct.scores(x, scores, x, keys, at, x, head, count, dim);
            LaneProduct.scores(x, dp, x, values, at, x, head + dim * LANES, count, dim);
            accumulate(whole ? beyond : a, whole ? N : LANES, whole ? 0 : 1, head + 2 * dim * LANES, count);
        }
        if (!whole) {
            blank(firstRow, n, count);
            for (int i = 0; i < count; i++) {
                cuts(t + group * perHead, firstRow, n + i, a + i * LANES);
            }
        }
    }

    /** Adds weight A to [BLOCK, row] at {@code to}: lane by lane with {@code column} 1, all lanes of a key to its first N with 0. lse lies behind delta. */
    private void accumulate(int to, int row, int column, int delta, int count) {
        for (int l = 0; l < LANES; l += N) {
            FloatVector d = load(delta + l);
            FloatVector lse = load(delta + LANES + l).neg();
            FloatVector scale = FloatVector.broadcast(Lanes.F, scoreScale);
            FloatVector weight = load(weights + l);
            int sum = to + l * column;
            for (int i = 0; i < count; i++) {
                int at = i * LANES + l;
                FloatVector exponent = load(scores + at).fma(scale, lse);
                FloatVector p = VectorMath.exp2(exponent.blend(0, exponent.compare(VectorOperators.GT, 0)));
                load(dp + at).sub(d).mul(p).fma(weight, load(sum + i * row)).intoArray(x, sum + i * row);
            }
        }
    }

    /** A is 0 where a row comes before the key or is out of the attention window. */
    private void blank(int firstRow, int n, int count) {
        for (int i = 0; i < count; i++) {
            int first = n + i - firstRow;
            if (first > 0) {
                Arrays.fill(x, a + i * LANES, a + i * LANES + first, 0);
            }
            if (c.attentionWindow() > 0 && first + (long) c.attentionWindow() < LANES) {
                Arrays.fill(x, a + i * LANES + Math.max(0, first + c.attentionWindow()), a + (i + 1) * LANES, 0);
            }
        }
    }

    /** The gradients of key n from its row of A, with sums that may end in the tile; what it would free; then the sums of the open locals. */
    private void cuts(int running, int firstRow, int n, int row) {
        float[] partial = c.partial();
        int to = sums + n * channels;
        float total = sum(row, LANES);
        partial[to] += total;
        int seen = next[n] + 1 - firstRow;
        if (seen > 0) {
            partial[to + 1] += seen >= LANES ? total : sum(row, seen);
            if (n >= firstRow) {
                x[running + n - firstRow] = 0;
            }
            partial[to] -= sum(running, Math.min(seen, LANES));
        }
        for (int w = 0; w < channels - 2; w++) {
            long inWindow = n + 1L + c.windows()[w] - firstRow;
            if (inWindow > 0) {
                partial[to + 2 + w] += inWindow >= LANES ? total : sum(row, (int) inWindow);
            }
        }
        int role = c.roles()[firstRole + n];
        if (role == 0) {
            Arrays.fill(x, running, running + LANES, 0);
        } else if (role == 1 && next[next[n]] >= firstRow) { // a row after the global after next asks no more for this key
            for (int l = 0; l < LANES; l += N) {
                load(running + l).add(load(row + l)).intoArray(x, running + l);
            }
            if (n >= firstRow) {
                x[running + n - firstRow] = 0;
            }
        }
    }

    /** Sum over the first {@code lanes} rows of the tile; whole vectors and then one by one, for a mask here made the compiler allocate. */
    private float sum(int from, int lanes) {
        FloatVector whole = FloatVector.zero(Lanes.F);
        int l = 0;
        for (; l <= lanes - N; l += N) {
            whole = whole.add(load(from + l));
        }
        whole.intoArray(x, oneSum);
        float sum = across(oneSum);
        for (; l < lanes; l++) {
            sum += x[from + l];
        }
        return sum;
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
