package org.neuralattention.kernels.vector;

import java.util.Arrays;
import org.neuralattention.kernels.AttentionShape;

/**
 * Role gradient on vectors, a call of it: {@link RoleGradientStrip} does the arithmetic, this class cuts the work.
 *
 * <p>A task owns every parts-th strip of query tiles of one KV head and adds into sums of its own, which {@link #reduce} adds up in the order of the
 * parts; the number of parts follows from the shape alone. Arrays as in {@code RoleGradient.add}.
 *
 * @param partial {@link #partialFloats}
 * @param floats  for each worker {@link #floats}
 * @param ints    for each worker {@link #ints}
 */
public record RoleGradientVector(
        float[] dRoles, int dRolesOffset, float[] dOut, int dOutOffset, float[] out, int outOffset, float[] lse, int lseOffset,
        float[] q, int qOffset, float[] k, int kOffset, float[] v, int vOffset, int[] roles, int rolesOffset, int[] windows, int attentionWindow,
        float[] tileWeight, int tileWeightOffset, AttentionShape shape, float[] partial, float[][] floats, int[][] ints) {

    /** Tasks wanted when there are few KV heads. */
    private static final int TASKS = 32;

    private static int strips(AttentionShape shape) {
        return Math.ceilDiv(shape.rows(), RoleGradientStrip.tiles(shape) * LiveKeys.LANES);
    }

    private static int parts(AttentionShape shape) {
        return Math.min(strips(shape), Math.ceilDiv(TASKS, shape.batch() * shape.nKvHeads()));
    }

    /** Independent tasks of {@link #run}: one per sequence, KV head and part. */
    public int tasks() {
        return reduceTasks() * parts(shape);
    }

    /** Floats of the partial sums, [batch, nKvHeads, parts, rows, channels]. */
    public static long partialFloats(AttentionShape shape, int channels) {
        return (long) shape.batch() * shape.nKvHeads() * parts(shape) * shape.rows() * channels;
    }

    /** Floats a worker needs. */
    public static int floats(AttentionShape shape) {
        return RoleGradientStrip.floats(shape);
    }

    /** Ints a worker needs. */
    public static int ints(AttentionShape shape) {
        return RoleGradientStrip.ints(shape);
    }

    /** Computes one task with a worker's own scratch. */
    public void run(int task, int worker) {
        int parts = parts(shape);
        int length = shape.rows() * channels();
        Arrays.fill(partial, task * length, (task + 1) * length, 0);
        RoleGradientStrip strip = new RoleGradientStrip(this, task / parts, task * length, floats[worker], ints[worker]);
        for (int s = strips(shape) - 1 - task % parts; s >= 0; s -= parts) { // the last strip sees the most keys
            strip.add(s * RoleGradientStrip.tiles(shape));
        }
    }

    /** Independent tasks of {@link #reduce}: one per sequence and KV head. */
    public int reduceTasks() {
        return shape.batch() * shape.nKvHeads();
    }

    /** dRoles += sum of its parts. */
    public void reduce(int task, int worker) {
        int parts = parts(shape);
        int length = shape.rows() * channels();
        for (int part = 0; part < parts; part++) {
            int from = (task * parts + part) * length;
            for (int i = 0; i < length; i++) {
                dRoles[dRolesOffset + task * length + i] += partial[from + i];
            }
        }
    }

    int channels() {
        return 2 + windows.length;
    }
}
