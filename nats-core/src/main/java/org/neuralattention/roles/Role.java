package org.neuralattention.roles;

/**
 * A role says how long a token's key and value are kept, per layer and KV head. Roles are ints everywhere:
 * {@value #GLOBAL} global, {@value #LOCAL} local, then one sliding role per window, in ascending order of the windows.
 */
public final class Role {

    /** Kept for good. */
    public static final int GLOBAL = 0;

    /** Kept until the next global token, whose own query row still sees it. */
    public static final int LOCAL = 1;

    /** The first sliding role: kept for as many more rows as its window says. */
    public static final int FIRST_SLIDING = 2;

    private Role() {}

    /** The sliding role of window number {@code window}, counted from 0. */
    public static int sliding(int window) {
        if (window < 0) {
            throw new IllegalArgumentException("window number " + window + ": must not be negative");
        }
        return FIRST_SLIDING + window;
    }
}
