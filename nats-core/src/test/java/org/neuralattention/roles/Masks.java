package org.neuralattention.roles;

/** The mask as spec 3.2 writes it, in double and by brute force: what the tests of this package compare with. */
final class Masks {

    private Masks() {}

    /** One-hot [rows][nRoles] of the roles of one head. */
    static double[][] oneHot(int[] roles, int off, int rows, int nRoles) {
        double[][] y = new double[rows][nRoles];
        for (int n = 0; n < rows; n++) {
            y[n][roles[off + n]] = 1;
        }
        return y;
    }

    /** M(m, n) = yG_n + sum over windows yS_n [m - n <= W] + yL_n prod over n < k < m of (1 - yG_k), inside the attention window. */
    static double visible(double[][] y, int m, int n, RoleSpace space, int attentionWindow) {
        if (m < n || attentionWindow > 0 && m - n >= attentionWindow) {
            return 0;
        }
        double open = 1;
        for (int k = n + 1; k < m; k++) {
            open *= 1 - y[k][Role.GLOBAL];
        }
        double sum = y[n][Role.GLOBAL] + y[n][Role.LOCAL] * open;
        for (int role = Role.FIRST_SLIDING; role < space.count(); role++) {
            sum += m - n <= space.window(role) ? y[n][role] : 0;
        }
        return sum;
    }

    /** Sum of the mask over all pairs. */
    static double total(double[][] y, RoleSpace space, int attentionWindow) {
        double sum = 0;
        for (int m = 0; m < y.length; m++) {
            for (int n = 0; n <= m; n++) {
                sum += visible(y, m, n, space, attentionWindow);
            }
        }
        return sum;
    }
}
