package org.neuralattention.roles;

import java.util.Arrays;
import org.neuralattention.kernels.Team;

/**
 * From roles to {@code lastRow}, the last query row that sees a key: one int per key describes the whole mask (spec 1.1),
 * {@code visible(m, n)} exactly when {@code n <= m <= lastRow[n]}.
 *
 * <p>Of a key n: global {@link #OPEN}; local the nearest global strictly after n, whose own row still sees it, or {@link #OPEN}
 * if none follows; sliding of window W: n + W. With an attention window a of the model, at most n + a - 1.
 * Rows count from the first row of the call. Values are not cut at the last row.
 *
 * <p>{@code roles} and {@code lastRow} are [batch, nKvHeads, rows].
 */
public final class Lifetimes {

    /** The last row of a key that no row so far puts an end to. */
    public static final int OPEN = Integer.MAX_VALUE;

    private Lifetimes() {}

    /**
     * Last row of every key (spec 1.1).
     *
     * @param lastRow out, [batch, nKvHeads, rows]
     * @param roles [batch, nKvHeads, rows]
     * @param attentionWindow rows that see a key because of the model's own window, the key's own row included; 0 for all
     */
    public static void lastRow(int[] lastRow, int lastRowOffset, int[] roles, int rolesOffset, RoleSpace space, int attentionWindow,
            int batch, int nKvHeads, int rows, Team team) {
        long tokens = Arguments.tokens(batch, nKvHeads, rows);
        Arguments.range("lastRow", lastRow.length, lastRowOffset, tokens);
        Arguments.range("roles", roles.length, rolesOffset, tokens);
        if (attentionWindow < 0) {
            throw new IllegalArgumentException("attentionWindow = " + attentionWindow + ": must be 0 (none) or positive");
        }
        team.run(batch * nKvHeads, (head, _) ->
                headLastRow(lastRow, lastRowOffset + head * rows, roles, rolesOffset + head * rows, space, attentionWindow, rows));
    }

    private static void headLastRow(int[] lastRow, int lastRowOffset, int[] roles, int rolesOffset, RoleSpace space, int attentionWindow, int rows) {
        int nextGlobal = OPEN;
        for (int n = rows - 1; n >= 0; n--) {
            int role = roles[rolesOffset + n];
            int last = switch (role) {
                case Role.GLOBAL -> OPEN;
                case Role.LOCAL -> nextGlobal;
                default -> add(n, space.window(role));
            };
            if (role == Role.GLOBAL) {
                nextGlobal = n;
            }
            lastRow[lastRowOffset + n] = attentionWindow == 0 ? last : Math.min(last, add(n, attentionWindow - 1));
        }
    }

    /** n + distance, or {@link #OPEN} where an int cannot hold it. */
    static int add(int n, int distance) {
        return n > OPEN - distance ? OPEN : n + distance;
    }

    /**
     * Last row of every key where a role is shared by the {@code chunk} tokens of a chunk (spec 1.4), the rule of the published
     * code. For comparison only: our roles are per token, and chunk 1 is {@link #lastRow} with no attention window.
     * A local chunk lives up to the last row of the next global chunk; a sliding one for W rows past its own last row.
     *
     * @param lastRow out, [batch, nKvHeads, rows]
     * @param roles [batch, nKvHeads, ceil(rows / chunk)]
     */
    public static void chunkLastRow(int[] lastRow, int lastRowOffset, int[] roles, int rolesOffset, RoleSpace space, int chunk,
            int batch, int nKvHeads, int rows) {
        Arguments.positive("chunk", chunk);
        long tokens = Arguments.tokens(batch, nKvHeads, rows);
        int chunks = Math.ceilDiv(rows, chunk);
        Arguments.range("lastRow", lastRow.length, lastRowOffset, tokens);
        Arguments.range("roles", roles.length, rolesOffset, (long) batch * nKvHeads * chunks);
        for (int head = 0; head < batch * nKvHeads; head++) {
            int nextGlobalEnd = OPEN;
            for (int c = chunks - 1; c >= 0; c--) {
                int role = roles[rolesOffset + head * chunks + c];
                int end = add(c * chunk, chunk - 1);
                int last = switch (role) {
                    case Role.GLOBAL -> OPEN;
                    case Role.LOCAL -> nextGlobalEnd;
                    default -> add(end, space.window(role));
                };
                if (role == Role.GLOBAL) {
                    nextGlobalEnd = end;
                }
                int from = lastRowOffset + head * rows + c * chunk;
                Arrays.fill(lastRow, from, from + Math.min(chunk, rows - c * chunk), last);
            }
        }
    }

    /**
     * Pairs (query row, key) in which the row sees the key, exactly.
     *
     * @param lastRow [sequences, rows], every value at least its key's own row
     */
    public static long visiblePairs(int[] lastRow, int lastRowOffset, int sequences, int rows) {
        Arguments.range("lastRow", lastRow.length, lastRowOffset, (long) sequences * rows);
        long pairs = 0;
        for (int s = 0; s < sequences; s++) {
            int from = lastRowOffset + s * rows;
            for (int n = 0; n < rows; n++) {
                pairs += Math.min(lastRow[from + n], rows - 1) - n + 1;
            }
        }
        return pairs;
    }

    /** Pairs (query row, key) of full causal attention: rows (rows + 1) / 2 for each sequence. */
    public static long causalPairs(int sequences, int rows) {
        return Math.multiplyExact((long) sequences, (long) rows * (rows + 1L) / 2);
    }

    /** KV share: visible pairs / causal pairs (spec 4.1), that is what is held of a full cache, averaged over the steps. */
    public static double share(int[] lastRow, int lastRowOffset, int sequences, int rows) {
        Arguments.positive("sequences", sequences);
        Arguments.positive("rows", rows);
        return visiblePairs(lastRow, lastRowOffset, sequences, rows) / (double) causalPairs(sequences, rows);
    }

    /** Adds to {@code counts} [nRoles] how often each role occurs in {@code length} roles. */
    public static void histogram(long[] counts, int[] roles, int rolesOffset, int length) {
        Arguments.range("roles", roles.length, rolesOffset, length);
        for (int i = 0; i < length; i++) {
            counts[roles[rolesOffset + i]]++;
        }
    }
}
