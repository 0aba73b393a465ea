package org.neuralattention.vectors;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.neuralattention.roles.Role;

/**
 * The method by brute force and straight from its definitions (docs/algorithm.md): what the files of {@code vectors/} are made
 * with. It shares no code with the library but the names of the roles.
 */
final class Definition {

    private static final MathContext DIGITS = new MathContext(60);
    private static final BigDecimal PI = new BigDecimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628621");

    private Definition() {}

    /** Whether row m sees key n, by the roles of the tokens before m. */
    static boolean visible(int[] roles, int[] windows, int attentionWindow, int m, int n) {
        if (m < n || attentionWindow > 0 && m - n >= attentionWindow) {
            return false;
        }
        return switch (roles[n]) {
            case Role.GLOBAL -> true;
            case Role.LOCAL -> IntStream.range(n + 1, m).noneMatch(k -> roles[k] == Role.GLOBAL);
            default -> m - n <= windows[roles[n] - Role.FIRST_SLIDING];
        };
    }

    /** The last of {@code roles.length} rows that sees key n. */
    static int lastRow(int[] roles, int[] windows, int attentionWindow, int n) {
        int last = n;
        while (last + 1 < roles.length && visible(roles, windows, attentionWindow, last + 1, n)) {
            last++;
        }
        return last;
    }

    /** The same where the tokens of a chunk share a role: local up to the end of the next global chunk, sliding from the chunk's end. */
    static int chunkLastRow(int[] chunkRoles, int[] windows, int chunk, int rows, int n) {
        int c = n / chunk;
        int role = chunkRoles[c];
        int last = rows - 1;
        if (role >= Role.FIRST_SLIDING) {
            last = c * chunk + chunk - 1 + windows[role - Role.FIRST_SLIDING];
        } else if (role == Role.LOCAL) {
            for (int next = chunkRoles.length - 1; next > c; next--) {
                last = chunkRoles[next] == Role.GLOBAL ? next * chunk + chunk - 1 : last;
            }
        }
        return Math.min(last, rows - 1);
    }

    static int visiblePairs(int[] roles, int[] windows, int attentionWindow) {
        int pairs = 0;
        for (int m = 0; m < roles.length; m++) {
            for (int n = 0; n <= m; n++) {
                pairs += visible(roles, windows, attentionWindow, m, n) ? 1 : 0;
            }
        }
        return pairs;
    }

    /**
     * Visible pairs as a multilinear function of y [rows][roles], each y between 0 and 1:
     * M(m, n) = yG_n + sum over windows W of yS_n [m - n <= W] + yL_n prod over n < k < m of (1 - yG_k).
     */
    static int pairs(int[][] y, int[] windows, int attentionWindow) {
        int sum = 0;
        for (int n = 0; n < y.length; n++) {
            int open = 1;
            for (int m = n; m < y.length && (attentionWindow == 0 || m - n < attentionWindow); m++) {
                open *= m - 1 > n ? 1 - y[m - 1][Role.GLOBAL] : 1;
                sum += y[n][Role.GLOBAL] + y[n][Role.LOCAL] * open;
                for (int w = 0; w < windows.length; w++) {
                    sum += m - n <= windows[w] ? y[n][Role.FIRST_SLIDING + w] : 0;
                }
            }
        }
        return sum;
    }

    /** d pairs / d y: the function is linear in each y, so the difference between y = 1 and y = 0 is the derivative. */
    static int[][] pairsGradient(int[] roles, int[] windows, int attentionWindow) {
        int[][] y = new int[roles.length][Role.FIRST_SLIDING + windows.length];
        for (int n = 0; n < roles.length; n++) {
            y[n][roles[n]] = 1;
        }
        int[][] gradient = new int[y.length][];
        for (int n = 0; n < y.length; n++) {
            gradient[n] = new int[y[n].length];
            for (int role = 0; role < y[n].length; role++) {
                int own = y[n][role];
                y[n][role] = 1;
                gradient[n][role] = pairs(y, windows, attentionWindow);
                y[n][role] = 0;
                gradient[n][role] -= pairs(y, windows, attentionWindow);
                y[n][role] = own;
            }
        }
        return gradient;
    }

    static int argmax(double[] x) {
        int best = 0;
        for (int i = 1; i < x.length; i++) {
            best = x[i] > x[best] ? i : best;
        }
        return best;
    }

    static double[] softmax(double[] x) {
        double max = x[argmax(x)];
        double[] y = new double[x.length];
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            y[i] = StrictMath.exp(x[i] - max);
            sum += y[i];
        }
        for (int i = 0; i < x.length; i++) {
            y[i] /= sum;
        }
        return y;
    }

    /** dx_i = y_i (dy_i - sum over j of y_j dy_j). */
    static double[] softmaxBackward(double[] y, double[] dy) {
        double mean = 0;
        for (int i = 0; i < y.length; i++) {
            mean += y[i] * dy[i];
        }
        double[] dx = new double[y.length];
        for (int i = 0; i < y.length; i++) {
            dx[i] = y[i] * (dy[i] - mean);
        }
        return dx;
    }

    /** theta^(-2 i / headDim) to 60 digits, for a headDim that is a power of two: by square roots. */
    static BigDecimal frequency(int theta, int headDim, int i) {
        BigDecimal root = BigDecimal.valueOf(theta);
        for (int d = headDim / 2; d > 1; d /= 2) {
            root = root.sqrt(DIGITS);
        }
        return BigDecimal.ONE.divide(root.pow(i, DIGITS), DIGITS);
    }

    /** Llama 3's scaling of a frequency. */
    static BigDecimal llama3(BigDecimal frequency, int factor, int lowFreqFactor, int highFreqFactor, int originalMaxSeqLen) {
        BigDecimal waves = frequency.multiply(BigDecimal.valueOf(originalMaxSeqLen)).divide(PI.add(PI), DIGITS);
        BigDecimal keep = waves.subtract(BigDecimal.valueOf(lowFreqFactor)).divide(BigDecimal.valueOf(highFreqFactor - lowFreqFactor), DIGITS)
                .max(BigDecimal.ZERO).min(BigDecimal.ONE);
        BigDecimal slow = frequency.divide(BigDecimal.valueOf(factor), DIGITS);
        return keep.multiply(frequency).add(BigDecimal.ONE.subtract(keep).multiply(slow), DIGITS);
    }

    /** position * frequency, less whole turns, in (-2 pi, 2 pi). */
    static double angle(BigDecimal frequency, long position) {
        return frequency.multiply(BigDecimal.valueOf(position)).remainder(PI.add(PI), MathContext.UNLIMITED).doubleValue();
    }

    /**
     * Probability of each token after all filters, in their order: repetition penalty, temperature, top-k, top-p, min-p.
     *
     * @param history the tokens that are penalised, each once
     */
    static double[] tokenProbabilities(double[] logits, int[] history, double penalty, double temperature, int topK, double topP, double minP) {
        double[] x = logits.clone();
        for (int id : IntStream.of(history).distinct().toArray()) {
            x[id] = x[id] > 0 ? x[id] / penalty : x[id] * penalty;
        }
        List<Integer> order = new ArrayList<>(IntStream.range(0, x.length).boxed().toList());
        order.sort((a, b) -> x[a] != x[b] ? Double.compare(x[b], x[a]) : a - b);
        if (temperature == 0) {
            order = order.subList(0, 1);
        }
        if (topK > 0) {
            order = order.subList(0, Math.min(topK, order.size()));
        }
        double[] p = normalised(x, order, temperature);
        double mass = 0;
        int kept = 0;
        while (kept < order.size() && mass < topP) {
            mass += p[order.get(kept++)];
        }
        double least = minP * p[order.get(0)];
        return normalised(x, order.subList(0, kept).stream().filter(id -> p[id] >= least).toList(), temperature);
    }

    private static double[] normalised(double[] x, List<Integer> kept, double temperature) {
        double[] p = new double[x.length];
        double sum = 0;
        for (int id : kept) {
            p[id] = temperature == 0 ? 1 : StrictMath.exp((x[id] - x[kept.get(0)]) / temperature);
            sum += p[id];
        }
        for (int id : kept) {
            p[id] /= sum;
        }
        return p;
    }
}
