package org.neuralattention.cache;

import org.neuralattention.kernels.KeySpans;
import org.neuralattention.roles.Role;

/**
 * What one KV head of one layer holds: a ring per window with its live sliding keys, the globals, and the locals no global has closed yet.
 *
 * <p>Between steps it holds exactly the keys that the next row sees. All keys of a queue live equally long, so they expire in the order
 * in which they came. Order everywhere: by role, that is globals, locals, rings by ascending window.
 */
final class HeadCache {

    /** Rows after its own that see a key, by role; {@link KeyQueue#OPEN} for all. */
    private final int[] life;
    private final KeyQueue[] queues;

    HeadCache(BlockPool pool, int headDim, int[] life) {
        this.life = life;
        queues = new KeyQueue[life.length];
        for (int role = 0; role < life.length; role++) {
            queues[role] = new KeyQueue(pool, headDim, life[role]);
        }
    }

    /** Rows after its own that see a key, by role: windows, and the model's own attention window, which ends every key's life. */
    static int[] life(int[] windows, int attentionWindow) {
        int longest = attentionWindow == 0 ? KeyQueue.OPEN : attentionWindow - 1;
        int[] life = new int[Role.FIRST_SLIDING + windows.length];
        life[Role.GLOBAL] = longest;
        life[Role.LOCAL] = longest;
        for (int i = 0; i < windows.length; i++) {
            life[Role.sliding(i)] = Math.min(longest, windows[i]);
        }
        return life;
    }

    /** Keys of a role. */
    int size(int role) {
        return queues[role].size();
    }

    int size() {
        int size = 0;
        for (KeyQueue queue : queues) {
            size += queue.size();
        }
        return size;
    }

    int blocks() {
        int blocks = 0;
        for (KeyQueue queue : queues) {
            blocks += queue.blocks();
        }
        return blocks;
    }

    void addTo(KeySpans spans) {
        for (KeyQueue queue : queues) {
            queue.addTo(spans);
        }
    }

    /** Copies all keys to rows from {@code key} on, with the last row of the piece that sees each; returns the key after them. */
    int copyTo(float[] k, float[] v, int[] lastRow, int key, long row, int[] roles, int rolesOffset, int rows) {
        for (int role = 0; role < queues.length; role++) {
            int limit = role == Role.LOCAL ? firstGlobal(roles, rolesOffset, rows) : KeyQueue.OPEN;
            key = queues[role].copyTo(k, v, lastRow, key, row, limit);
        }
        return key;
    }

    /** Row of the piece's first global, whose own row still sees the open locals; OPEN if it has none. */
    private static int firstGlobal(int[] roles, int rolesOffset, int rows) {
        for (int n = 0; n < rows; n++) {
            if (roles[rolesOffset + n] == Role.GLOBAL) {
                return n;
            }
        }
        return KeyQueue.OPEN;
    }

    /**
     * Takes in the tokens at {@code position} and after it, and lets go what the row after them does not see.
     *
     * @param k [rows] keys, {@code stride} floats apart; values likewise
     */
    void append(int[] roles, int rolesOffset, float[] k, int kOffset, float[] v, int vOffset, int rows, int stride, long position) {
        int lastGlobal = -1;
        for (int n = rows - 1; n >= 0 && lastGlobal < 0; n--) {
            lastGlobal = roles[rolesOffset + n] == Role.GLOBAL ? n : -1;
        }
        if (lastGlobal >= 0) {
            queues[Role.LOCAL].clear();
        }
        long nextRow = position + rows;
        for (int role = 0; role < queues.length; role++) {
            queues[role].dropBefore(nextRow);
        }
        for (int n = 0; n < rows; n++) {
            int role = roles[rolesOffset + n];
            boolean seen = life[role] >= rows - n && (role != Role.LOCAL || n > lastGlobal);
            if (seen) {
                queues[role].add(position + n, k, kOffset + n * stride, v, vOffset + n * stride);
            }
        }
    }

    /** Pairs (row, key) of the piece in which a row sees a key, held or of the piece itself (spec 4.1). */
    long visiblePairs(int[] roles, int rolesOffset, int rows, long position) {
        if (rows == 1) {
            return size() + 1L;
        }
        long pairs = 0;
        int nextGlobal = KeyQueue.OPEN;
        for (int n = rows - 1; n >= 0; n--) {
            int role = roles[rolesOffset + n];
            long lastRow = Math.min(rows - 1, (long) n + life[role]);
            pairs += (role == Role.LOCAL ? Math.min(lastRow, nextGlobal) : lastRow) - n + 1;
            nextGlobal = role == Role.GLOBAL ? n : nextGlobal;
        }
        for (int role = 0; role < queues.length; role++) {
            int limit = role == Role.LOCAL ? Math.min(nextGlobal, rows - 1) : rows - 1;
            pairs += queues[role].visiblePairs(position, limit);
        }
        return pairs;
    }

    /** Positions of all keys. */
    long[] positions() {
        long[] positions = new long[size()];
        int at = 0;
        for (KeyQueue queue : queues) {
            at = queue.positions(positions, at);
        }
        return positions;
    }

    void clear() {
        for (KeyQueue queue : queues) {
            queue.clear();
        }
    }
}
