package org.neuralattention.cache;

import java.util.ArrayList;
import java.util.List;
import org.neuralattention.roles.Role;

/** The rule of spec 1.1 on a list that forgets nothing: what the cache is held against. One KV head of one layer. */
final class CacheOracle {

    private static final class Key {
        private final long position;
        private final int role;
        private long lastRow;

        private Key(long position, int role, long lastRow) {
            this.position = position;
            this.role = role;
            this.lastRow = lastRow;
        }
    }

    private final int[] windows;
    private final int attentionWindow;
    private final List<Key> keys = new ArrayList<>();

    CacheOracle(int[] windows, int attentionWindow) {
        this.windows = windows;
        this.attentionWindow = attentionWindow;
    }

    void append(long position, int role) {
        if (role == Role.GLOBAL) {
            for (Key key : keys) {
                if (key.role == Role.LOCAL) {
                    key.lastRow = Math.min(key.lastRow, position);
                }
            }
        }
        long lastRow = role >= Role.FIRST_SLIDING ? position + windows[role - Role.FIRST_SLIDING] : Long.MAX_VALUE;
        keys.add(new Key(position, role, attentionWindow == 0 ? lastRow : Math.min(lastRow, position + attentionWindow - 1)));
    }

    /** The last row that sees the token at a position. */
    long lastRow(long position) {
        return keys.stream().filter(key -> key.position == position).findFirst().orElseThrow().lastRow;
    }

    /** Positions of the tokens before {@code row} that it sees, by role and then in their order. */
    List<Long> seenBy(long row) {
        List<Long> seen = new ArrayList<>();
        for (int role = 0; role < Role.FIRST_SLIDING + windows.length; role++) {
            seen.addAll(seenBy(row, role));
        }
        return seen;
    }

    List<Long> seenBy(long row, int role) {
        List<Long> seen = new ArrayList<>();
        for (Key key : keys) {
            if (key.role == role && key.position < row && key.lastRow >= row) {
                seen.add(key.position);
            }
        }
        return seen;
    }

    /** How many tokens {@code row} sees, its own included. */
    int visible(long row) {
        int visible = 0;
        for (Key key : keys) {
            visible += key.position <= row && key.lastRow >= row ? 1 : 0;
        }
        return visible;
    }
}
