package org.neuralattention.roles;

import java.util.Arrays;
import org.neuralattention.model.ModelConfig;

/** The roles a token may take: global, local, and one sliding role per window. Immutable. */
public final class RoleSpace {

    private final int[] windows;

    private RoleSpace(int[] windows) {
        this.windows = windows;
    }

    /**
     * Roles of the given sliding windows; a sliding token of window W is seen by W more rows after its own.
     *
     * @throws IllegalArgumentException unless the windows are positive and ascending
     */
    public static RoleSpace of(int... windows) {
        for (int i = 0; i < windows.length; i++) {
            if (windows[i] < 1 || i > 0 && windows[i] <= windows[i - 1]) {
                throw new IllegalArgumentException("windows " + Arrays.toString(windows) + ": must be positive and ascending");
            }
        }
        return new RoleSpace(windows.clone());
    }

    /**
     * The roles of a model.
     *
     * @throws IllegalArgumentException if the model has none
     */
    public static RoleSpace of(ModelConfig config) {
        if (!config.hasRoles()) {
            throw new IllegalArgumentException("the model has no roles: its configuration lists no role windows");
        }
        return of(config.roleWindows().stream().mapToInt(Integer::intValue).toArray());
    }

    /** Number of roles, 2 + windows. */
    public int count() {
        return Role.FIRST_SLIDING + windows.length;
    }

    /** A copy of the sliding windows, ascending. */
    public int[] windows() {
        return windows.clone();
    }

    /** The window of a sliding role. */
    public int window(int role) {
        if (role < Role.FIRST_SLIDING || role >= count()) {
            throw new IllegalArgumentException("role " + role + " is not one of the " + windows.length + " sliding roles from " + Role.FIRST_SLIDING);
        }
        return windows[role - Role.FIRST_SLIDING];
    }

    /** A role's name for people: {@code global}, {@code local}, {@code sliding 16}. */
    public String name(int role) {
        return switch (role) {
            case Role.GLOBAL -> "global";
            case Role.LOCAL -> "local";
            default -> "sliding " + window(role);
        };
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RoleSpace space && Arrays.equals(windows, space.windows);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(windows);
    }

    @Override
    public String toString() {
        return "global, local, sliding " + Arrays.toString(windows);
    }
}
