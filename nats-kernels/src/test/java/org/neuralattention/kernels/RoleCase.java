package org.neuralattention.kernels;

import java.util.Random;

/** Random roles over an attention call, with the role gradient by its definition and the loss as a function of soft roles, both in double. */
final class RoleCase {
    final AttentionCase attention;
    final AttentionShape shape;
    final int[] roles;
    final int rolesOffset = 2;
    final int[] windows;
    final int attentionWindow;
    final int channels;

    /** [batch, nKvHeads, tiles]; null for the exact gradient. */
    float[] tileWeight;

    RoleCase(AttentionShape shape, int nWindows, int attentionWindow, long seed, double size) {
        this.shape = shape;
        this.attentionWindow = attentionWindow;
        attention = new AttentionCase(shape, seed, size);
        Random random = attention.random;
        windows = new int[nWindows];
        for (int w = 0; w < nWindows; w++) {
            windows[w] = random.nextInt(1 + shape.rows());
        }
        channels = 2 + nWindows;
        int keys = shape.batch() * shape.nKvHeads() * shape.rows();
        roles = new int[rolesOffset + keys];
        double globals = random.nextDouble() * 0.5;
        for (int i = 0; i < keys; i++) {
            roles[rolesOffset + i] = i % shape.rows() == 0 || random.nextDouble() < globals ? 0 : 1 + random.nextInt(channels - 1);
        }
        for (int i = 0; i < keys; i++) {
            int n = i % shape.rows();
            int role = role(i);
            int last = role == 0 ? SparseAttention.OPEN : role == 1 ? nextGlobal(i) : n + windows[role - 2];
            attention.lastRow[attention.lastRowOffset + i] = attentionWindow == 0 ? last : Math.min(last, n + attentionWindow - 1);
        }
        attention.plainForward(Team.serial());
    }

    int role(int i) {
        return roles[rolesOffset + i];
    }

    int nextGlobal(int i) {
        int n = i % shape.rows();
        for (int next = n + 1; next < shape.rows(); next++) {
            if (role(i - n + next) == 0) {
                return next;
            }
        }
        return shape.rows() - 1;
    }

    float[] add(Team team) {
        float[] dRoles = new float[shape.batch() * shape.nKvHeads() * shape.rows() * channels];
        add(dRoles, 0, team);
        return dRoles;
    }

    void add(float[] dRoles, int offset, Team team) {
        AttentionCase a = attention;
        RoleGradient.add(dRoles, offset, a.dOut, a.dOutOffset, a.out, a.outOffset, a.lse, a.lseOffset, a.q, a.qOffset, a.k, a.kOffset,
                a.v, a.vOffset, roles, rolesOffset, windows, attentionWindow, tileWeight, 0, shape, team);
    }

    float[] plain() {
        AttentionCase a = attention;
        float[] dRoles = new float[shape.batch() * shape.nKvHeads() * shape.rows() * channels];
        RoleGradient.plainAdd(dRoles, 0, a.dOut, a.dOutOffset, a.out, a.outOffset, a.lse, a.lseOffset, a.q, a.qOffset, a.k, a.kOffset,
                a.v, a.vOffset, roles, rolesOffset, windows, attentionWindow, tileWeight, 0, shape, Team.serial());
        return dRoles;
    }

    private double score(int b, int h, int m, int n) {
        double s = 0;
        int g = h / shape.group();
        for (int d = 0; d < shape.headDim(); d++) {
            s += (double) attention.q[attention.qOffset + ((b * shape.rows() + m) * shape.nHeads() + h) * shape.headDim() + d]
                    * attention.k[attention.kOffset + ((b * shape.rows() + n) * shape.nKvHeads() + g) * shape.headDim() + d];
        }
        return s / Math.sqrt(shape.headDim());
    }

    /** dOut_m . v_n. */
    private double dp(int b, int h, int m, int n) {
        double s = 0;
        int g = h / shape.group();
        for (int d = 0; d < shape.headDim(); d++) {
            s += (double) attention.dOut[attention.dOutOffset + ((b * shape.rows() + m) * shape.nHeads() + h) * shape.headDim() + d]
                    * attention.v[attention.vOffset + ((b * shape.rows() + n) * shape.nKvHeads() + g) * shape.headDim() + d];
        }
        return s;
    }

    private boolean inWindow(int m, int n) {
        return n <= m && (attentionWindow == 0 || m - n < attentionWindow);
    }

    private double lse(int b, int h, int m) {
        return attention.lse[attention.lseOffset + (b * shape.nHeads() + h) * shape.rows() + m];
    }

    double largestRatio() {
        double largest = 0;
        for (int h = 0; h < shape.nHeads(); h++) {
            for (int m = 0; m < shape.rows(); m++) {
                for (int n = 0; n < m; n++) {
                    largest = Math.max(largest, inWindow(m, n) ? Math.exp(score(0, h, m, n) - lse(0, h, m)) : 0);
                }
            }
        }
        return largest;
    }

    double[][] oneHots() {
        double[][] y = new double[shape.nKvHeads() * shape.rows()][channels];
        for (int i = 0; i < y.length; i++) {
            y[i][role(i)] = 1;
        }
        return y;
    }

    /** sum of dOut . out with the mask M_mn = yG_n + yL_n prod over n < k < m of (1 - yG_k) + sum over windows of yS_n [m - n <= w]; one sequence. */
    double loss(double[][] y) {
        double loss = 0;
        for (int h = 0; h < shape.nHeads(); h++) {
            int first = h / shape.group() * shape.rows();
            for (int m = 0; m < shape.rows(); m++) {
                double z = 0;
                double sum = 0;
                double open = 1;
                for (int n = m; n >= 0; n--) {
                    if (n < m - 1) {
                        open *= 1 - y[first + n + 1][0];
                    }
                    double mask = y[first + n][0] + y[first + n][1] * open;
                    for (int w = 0; w < windows.length; w++) {
                        mask += m - n <= windows[w] ? y[first + n][2 + w] : 0;
                    }
                    double e = inWindow(m, n) ? mask * Math.exp(score(0, h, m, n)) : 0;
                    z += e;
                    sum += e * dp(0, h, m, n);
                }
                loss += sum / z;
            }
        }
        return loss;
    }

    double[] reference() {
        int rows = shape.rows();
        double[] dRoles = new double[shape.batch() * shape.nKvHeads() * rows * channels];
        for (int b = 0; b < shape.batch(); b++) {
            for (int g = 0; g < shape.nKvHeads(); g++) {
                double[][] a = clamped(b, g);
                int first = (b * shape.nKvHeads() + g) * rows;
                for (int n = 0; n < rows; n++) {
                    int to = (first + n) * channels;
                    int next = nextGlobal(first + n);
                    dRoles[to] = sum(a, n, n, rows - 1);
                    dRoles[to + 1] = sum(a, n, n, next);
                    for (int w = 0; w < windows.length; w++) {
                        dRoles[to + 2 + w] = sum(a, n, n, Math.min(rows - 1, n + windows[w]));
                    }
                    for (int j = n - 1; j >= 0; j--) {
                        if (role(first + j) == 1) {
                            dRoles[to] -= sum(a, j, n + 1, next);
                        }
                        if (role(first + j) == 0) {
                            break;
                        }
                    }
                }
            }
        }
        return dRoles;
    }

    private static double sum(double[][] a, int n, int firstRow, int lastRow) {
        double sum = 0;
        for (int m = firstRow; m <= lastRow; m++) {
            sum += a[m][n];
        }
        return sum;
    }

    private double[][] clamped(int b, int g) {
        double[][] a = new double[shape.rows()][shape.rows()];
        for (int h = g * shape.group(); h < (g + 1) * shape.group(); h++) {
            for (int m = 0; m < shape.rows(); m++) {
                double delta = 0;
                int query = ((b * shape.rows() + m) * shape.nHeads() + h) * shape.headDim();
                for (int d = 0; d < shape.headDim(); d++) {
                    delta += (double) attention.dOut[attention.dOutOffset + query + d] * attention.out[attention.outOffset + query + d];
                }
                for (int n = 0; n <= m; n++) {
                    if (inWindow(m, n)) {
                        a[m][n] += weight(b, g, m, n) * Math.min(1, Math.exp(score(b, h, m, n) - lse(b, h, m))) * (dp(b, h, m, n) - delta);
                    }
                }
            }
        }
        return a;
    }

    private double weight(int b, int g, int m, int n) {
        int tile = m / RoleGradient.TILE;
        if (tileWeight == null || n >= tile * RoleGradient.TILE - RoleGradient.NEAR) {
            return 1;
        }
        return tileWeight[(b * shape.nKvHeads() + g) * RoleGradient.tiles(shape.rows()) + tile];
    }
}
