package org.neuralattention.roles;

import org.neuralattention.kernels.Team;

/**
 * The price of the cache: objective = NLL + price * share, in nats for keeping everything (spec 4.1).
 *
 * <p>Share is linear in the mask, so its gradient is the mask's own, with one constant c for every visible pair. For key n of N
 * and nxt(n) the next global strictly after n, else N - 1:
 * <pre>
 *   dG_n    += c (N - n) - c * sum over open locals j before n of (nxt(n) - n)
 *   dL_n    += c (nxt(n) - n + 1)
 *   dS_n(W) += c min(W + 1, N - n)
 * </pre>
 * where the open locals are those with no global in (j, n): a global pays for its own column and is credited with what it frees.
 * Under an attention window a, key j is seen by no row from j + a on, and every count is cut there.
 */
public final class KvPrice {

    private KvPrice() {}

    /** c: what one visible pair costs, price / (causal pairs * layers * KV heads * batch), over the whole batch of a step. A negative price pays for keeping. */
    public static double perPair(double price, int nLayers, int nKvHeads, int batch, int rows) {
        Arguments.positive("nLayers", nLayers);
        Arguments.tokens(batch, nKvHeads, rows);
        if (!Double.isFinite(price)) {
            throw new IllegalArgumentException("price = " + price + ": must be finite");
        }
        return price / ((double) nLayers * nKvHeads * batch * Lifetimes.causalPairs(1, rows));
    }

    /**
     * Adds the price's gradient to {@code dRoles}.
     *
     * @param dRoles added to, [batch, nKvHeads, rows, nRoles]
     * @param roles [batch, nKvHeads, rows]
     * @param perPair see {@link #perPair}
     * @param attentionWindow rows that see a key, its own included, by the model's window; 0 for all
     */
    public static void backward(float[] dRoles, int dRolesOffset, int[] roles, int rolesOffset, double perPair, RoleSpace space, int attentionWindow,
            int batch, int nKvHeads, int rows, Team team) {
        long tokens = Arguments.tokens(batch, nKvHeads, rows);
        Arguments.range("dRoles", dRoles.length, dRolesOffset, tokens * space.count());
        Arguments.range("roles", roles.length, rolesOffset, tokens);
        int reach = attentionWindow == 0 ? rows : Math.min(attentionWindow, rows);
        Arguments.positive("attentionWindow", reach);
        team.run(batch * nKvHeads, (head, _) -> headBackward(dRoles, dRolesOffset + head * rows * space.count(),
                roles, rolesOffset + head * rows, perPair, space, reach, rows));
    }

    /** One head, a stretch of non-globals and the global that ends it at a time: linear in rows. */
    private static void headBackward(float[] dRoles, int dRolesOffset, int[] roles, int rolesOffset, double perPair, RoleSpace space, int reach, int rows) {
        int nRoles = space.count();
        int global = nextGlobal(roles, rolesOffset, 0, rows);
        for (int start = 0; start < rows; ) {
            int nxt = Math.min(global, rows - 1);
            long freed = 0; // rows that a global at n would take from the open locals before it
            int alive = 0;  // how many of them still live after row n
            for (int n = start; n < global; n++) {
                add(dRoles, dRolesOffset + n * nRoles, perPair, freed, nxt, n, space, reach, rows);
                freed -= alive;
                int expiring = n + 2 - reach; // its last row, by the attention window, is n + 1
                if (expiring >= start && expiring < n && roles[rolesOffset + expiring] == Role.LOCAL) {
                    alive--;
                }
                int left = Math.min(nxt, n + reach - 1) - (n + 1);
                if (roles[rolesOffset + n] == Role.LOCAL && left > 0) {
                    freed += left;
                    alive++;
                }
            }
            if (global == rows) {
                return;
            }
            int following = nextGlobal(roles, rolesOffset, global + 1, rows);
            nxt = Math.min(following, rows - 1);
            freed = 0;
            for (int j = Math.max(start, global - reach + 2); j < global; j++) {
                freed += roles[rolesOffset + j] == Role.LOCAL ? Math.min(nxt, j + reach - 1) - global : 0;
            }
            add(dRoles, dRolesOffset + global * nRoles, perPair, freed, nxt, global, space, reach, rows);
            start = global + 1;
            global = following;
        }
    }

    private static int nextGlobal(int[] roles, int rolesOffset, int from, int rows) {
        int n = from;
        while (n < rows && roles[rolesOffset + n] != Role.GLOBAL) {
            n++;
        }
        return n;
    }

    /** Adds what each role of key n would cost. */
    private static void add(float[] dRoles, int at, double perPair, long freed, int nxt, int n, RoleSpace space, int reach, int rows) {
        int most = Math.min(reach, rows - n);
        dRoles[at + Role.GLOBAL] += (float) (perPair * (most - freed));
        dRoles[at + Role.LOCAL] += (float) (perPair * Math.min(most, nxt - n + 1));
        for (int role = Role.FIRST_SLIDING; role < space.count(); role++) {
            int window = space.window(role);
            dRoles[at + role] += (float) (perPair * (window < most ? window + 1 : most));
        }
    }
}
