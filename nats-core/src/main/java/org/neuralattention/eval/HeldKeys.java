package org.neuralattention.eval;

import java.util.Arrays;
import java.util.Objects;

/**
 * The keys and values that one KV head of one layer holds, and the attention its query heads paid them last.
 *
 * <p>Keys are numbered from 0 to {@link #size}, in no order: a dropped key's place is taken by the last one, so that dropping costs no move of
 * the others. The loops are plain; they run over arrays that begin at the same index, which is what C2 turns into vector code.
 */
public final class HeldKeys {

    /** Values are summed so many at a time; room is always a multiple. */
    private static final int STEP = 8;

    private final int headDim;
    private final float scale;
    private float[][] k;       // [headDim, capacity]: transposed, so that all scores are one loop per dimension
    private float[][] v;       // [capacity][headDim]
    private int[] position;
    private int[] role;
    private float[] score;
    private float[] mass;
    private float[] p;         // of one query head
    private final float[] sum; // [headDim] of one query head
    private int size;

    HeldKeys(int headDim) {
        this.headDim = headDim;
        this.scale = (float) (1 / Math.sqrt(headDim));
        this.sum = new float[headDim];
        k = new float[headDim][64];
        v = new float[64][headDim];
        position = new int[64];
        role = new int[64];
        score = new float[64];
        mass = new float[64];
        p = new float[64];
    }

    /** Number of keys. */
    public int size() {
        return size;
    }

    /** Where in the text a key stands. */
    public int position(int key) {
        return position[Objects.checkIndex(key, size)];
    }

    /** The role its token took; global without roles. */
    public int role(int key) {
        return role[Objects.checkIndex(key, size)];
    }

    /** What the last row paid a key: its attention probability, summed over the query heads that share this KV head. */
    public float mass(int key) {
        return mass[Objects.checkIndex(key, size)];
    }

    /** A number the policy keeps with a key; 0 when the key comes. */
    public float score(int key) {
        return score[Objects.checkIndex(key, size)];
    }

    /** Adds the last row's {@link #mass} to every {@link #score}. */
    public void addMassToScores() {
        for (int j = 0; j < size; j++) {
            score[j] += mass[j];
        }
    }

    /** Lets a key go. The last key takes its number. */
    public void drop(int key) {
        Objects.checkIndex(key, size);
        size--;
        for (float[] row : k) {
            row[key] = row[size];
        }
        float[] free = v[key];
        v[key] = v[size];
        v[size] = free;
        position[key] = position[size];
        role[key] = role[size];
        score[key] = score[size];
        mass[key] = mass[size];
    }

    /** Lets all keys go at positions from {@code from} to before {@code to}. */
    public void dropRange(int from, int to) {
        for (int key = size - 1; key >= 0; key--) {
            if (position[key] >= from && position[key] < to) {
                drop(key);
            }
        }
    }

    void clear() {
        size = 0;
    }

    /** Takes in a key and its value, [headDim] each. */
    void add(int position, int role, float[] k, int kOffset, float[] v, int vOffset) {
        if (size == this.position.length) {
            grow();
        }
        for (int d = 0; d < headDim; d++) {
            this.k[d][size] = k[kOffset + d];
        }
        System.arraycopy(v, vOffset, this.v[size], 0, headDim);
        this.position[size] = position;
        this.role[size] = role;
        score[size] = 0;
        size++;
    }

    private void grow() {
        int capacity = 2 * size;
        for (int d = 0; d < headDim; d++) {
            k[d] = Arrays.copyOf(k[d], capacity);
        }
        v = Arrays.copyOf(v, capacity);
        for (int j = size; j < capacity; j++) {
            v[j] = new float[headDim];
        }
        position = Arrays.copyOf(position, capacity);
        role = Arrays.copyOf(role, capacity);
        score = Arrays.copyOf(score, capacity);
        mass = Arrays.copyOf(mass, capacity);
        p = Arrays.copyOf(p, capacity);
    }

    /**
     * One row's attention to all keys held, and the mass it pays each.
     *
     * @param out [group, headDim], overwritten
     * @param q [group, headDim], the query heads of this KV head
     */
    void attend(float[] out, int outOffset, float[] q, int qOffset, int group) {
        Arrays.fill(mass, 0, size, 0);
        for (int h = 0; h < group; h++) {
            scores(q, qOffset + h * headDim);
            softmax(p, size);
            addTo(mass, p, size);
            values();
            System.arraycopy(sum, 0, out, outOffset + h * headDim, headDim);
        }
    }

    /** p[j] = q . k_j / sqrt(headDim). */
    private void scores(float[] q, int qOffset) {
        Arrays.fill(p, 0, size, 0);
        int d = 0;
        for (; d + 4 <= headDim; d += 4) {
            int at = qOffset + d;
            add(p, k[d], k[d + 1], k[d + 2], k[d + 3], scale * q[at], scale * q[at + 1], scale * q[at + 2], scale * q[at + 3], size);
        }
        for (; d < headDim; d++) {
            float x = scale * q[qOffset + d];
            float[] row = k[d];
            for (int j = 0; j < size; j++) {
                p[j] += x * row[j];
            }
        }
    }

    private static void add(float[] p, float[] k0, float[] k1, float[] k2, float[] k3, float q0, float q1, float q2, float q3, int n) {
        for (int j = 0; j < n; j++) {
            p[j] += (q0 * k0[j] + q1 * k1[j]) + (q2 * k2[j] + q3 * k3[j]);
        }
    }

    static void softmax(float[] p, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < n; j++) {
            max = Math.max(max, p[j]);
        }
        exp(p, max, n);
        double sum = 0;
        for (int j = 0; j < n; j++) {
            sum += p[j];
        }
        float factor = (float) (1 / sum);
        for (int j = 0; j < n; j++) {
            p[j] *= factor;
        }
    }

    /**
     * p[j] = exp(p[j] - max), for max not below any p[j], to 1e-6 relative: (exp(x / 1024))^1024 with a polynomial of degree 5, in double, where
     * no step asks for bits. C2 makes vector code of it: 0.6 to 1 ns a number, Math.exp takes 4 to 7. Below -87, which float32 hardly holds,
     * it stays at exp(-87).
     */
    private static void exp(float[] p, float max, int n) {
        for (int j = 0; j < n; j++) {
            double x = Math.max(p[j] - max, -87f) * (1.0 / 1024);
            double y = 1 + x * (1 + x * (1.0 / 2 + x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120)))));
            y *= y;
            y *= y;
            y *= y;
            y *= y;
            y *= y;
            y *= y;
            y *= y;
            y *= y;
            y *= y;
            y *= y;
            p[j] = (float) y;
        }
    }

    private static void addTo(float[] sum, float[] x, int n) {
        for (int j = 0; j < n; j++) {
            sum[j] += x[j];
        }
    }

    /** sum = sum over j of p[j] v_j. */
    private void values() {
        Arrays.fill(sum, 0);
        int end = (size + STEP - 1) / STEP * STEP;
        Arrays.fill(p, size, end, 0); // rows behind the last hold numbers of keys that are gone
        for (int j = 0; j < end; j += STEP) {
            add(sum, v[j], v[j + 1], v[j + 2], v[j + 3], p[j], p[j + 1], p[j + 2], p[j + 3], headDim);
            add(sum, v[j + 4], v[j + 5], v[j + 6], v[j + 7], p[j + 4], p[j + 5], p[j + 6], p[j + 7], headDim);
        }
    }
}
