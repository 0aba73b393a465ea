package org.neuralattention.roles;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The roles a token may take: global, local, and one sliding role per window; which of them a layer may use, at least one; and how many tokens
 * at the start of a sequence are global whatever their scores say (attention sinks: Xiao et al. 2024, arXiv 2309.17453). Immutable.
 *
 * <p>A restriction is nothing but a {@link #bias} on the scorer's logits: the scorer, the kernels and the cache are those of all roles.
 * A plain sink and window is a space {@linkplain #isFixed() without a choice}:
 * {@code RoleSpace.of(128).withSinks(4).without(Role.GLOBAL).without(Role.LOCAL)}.
 */
public final class RoleSpace {

    /** Of a model without roles: every token is global. */
    public static final RoleSpace NONE = of();

    private final int[] windows;
    private final int sinks;
    private final Set<Integer> allowed;                 // in a layer without a rule of its own
    private final Map<Integer, Set<Integer>> allowedIn; // in the others

    private RoleSpace(int[] windows, int sinks, Set<Integer> allowed, Map<Integer, Set<Integer>> allowedIn) {
        this.windows = windows;
        this.sinks = sinks;
        this.allowed = Set.copyOf(allowed);
        this.allowedIn = Map.copyOf(allowedIn);
    }

    /**
     * All roles of the given sliding windows, one sink; a sliding token of window W is seen by W more rows after its own.
     *
     * @throws IllegalArgumentException unless the windows are positive and ascending
     */
    public static RoleSpace of(int... windows) {
        for (int i = 0; i < windows.length; i++) {
            if (windows[i] < 1 || i > 0 && windows[i] <= windows[i - 1]) {
                throw new IllegalArgumentException("windows " + Arrays.toString(windows) + ": must be positive and ascending");
            }
        }
        Set<Integer> all = IntStream.range(0, Role.FIRST_SLIDING + windows.length).boxed().collect(Collectors.toSet());
        return new RoleSpace(windows.clone(), 1, all, Map.of());
    }

    /**
     * The same roles with another number of sinks: tokens at the start of a sequence that are always global.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public RoleSpace withSinks(int sinks) {
        if (sinks < 0) {
            throw new IllegalArgumentException("sinks = " + sinks + ": must not be negative");
        }
        return new RoleSpace(windows, sinks, allowed, allowedIn);
    }

    /**
     * The same roles but one, in all layers. Sinks, and in training the last token of a sequence, are global even without {@link Role#GLOBAL}.
     *
     * @throws IllegalArgumentException if it is not one of the roles, or the last one of a layer
     */
    public RoleSpace without(int role) {
        check(role);
        Map<Integer, Set<Integer>> layers = new HashMap<>();
        allowedIn.forEach((layer, roles) -> layers.put(layer, some(minus(roles, role), "layer " + layer)));
        return new RoleSpace(windows, sinks, some(minus(allowed, role), "a layer"), layers);
    }

    private static Set<Integer> minus(Set<Integer> roles, int role) {
        return roles.stream().filter(r -> r != role).collect(Collectors.toSet());
    }

    private static Set<Integer> some(Set<Integer> roles, String layer) {
        if (roles.isEmpty()) {
            throw new IllegalArgumentException(layer + " would have no role: at least one must be left");
        }
        return roles;
    }

    /**
     * The same roles, of which one layer has these only.
     *
     * @throws IllegalArgumentException if the layer is negative, one is not one of the roles, or there are none
     */
    public RoleSpace inLayer(int layer, int... roles) {
        if (layer < 0) {
            throw new IllegalArgumentException("layer = " + layer + ": must not be negative");
        }
        return with(Map.of(layer, Arrays.stream(roles).boxed().toList()));
    }

    /**
     * The same roles, of which layer i has {@code roles.get(i)} only.
     *
     * @throws IllegalArgumentException if one is not one of the roles, or a layer has none
     */
    public RoleSpace inLayers(List<List<Integer>> roles) {
        return with(IntStream.range(0, roles.size()).boxed().collect(Collectors.toMap(layer -> layer, roles::get)));
    }

    private RoleSpace with(Map<Integer, List<Integer>> rolesIn) {
        Map<Integer, Set<Integer>> layers = new HashMap<>(allowedIn);
        rolesIn.forEach((layer, roles) -> {
            roles.forEach(this::check);
            layers.put(layer, some(Set.copyOf(roles), "layer " + layer));
        });
        return new RoleSpace(windows, sinks, allowed, layers);
    }

    private void check(int role) {
        if (role < 0 || role >= count()) {
            throw new IllegalArgumentException("role " + role + ": the roles of " + this + " are 0 to " + (count() - 1));
        }
    }

    /**
     * The space of a model of so many layers, always the same for equal rules in each of them, in whatever way they were made.
     *
     * @throws IllegalArgumentException if a layer that has a rule of its own does not exist
     */
    public RoleSpace ofLayers(int nLayers) {
        if (allowedIn.isEmpty()) {
            return this;
        }
        allowedIn.keySet().stream().filter(layer -> layer >= nLayers).findFirst().ifPresent(layer -> {
            throw new IllegalArgumentException("roles of layer " + layer + ": the model has " + nLayers + " layers");
        });
        Map<Integer, Set<Integer>> layers = new HashMap<>();
        for (int layer = 0; layer < nLayers; layer++) {
            layers.put(layer, allowed(layer));
        }
        Set<Integer> first = layers.get(0);
        return layers.values().stream().allMatch(first::equals) ? new RoleSpace(windows, sinks, first, Map.of())
                : new RoleSpace(windows, sinks, Set.of(Role.GLOBAL), layers); // one of no layer, always the same
    }

    private Set<Integer> allowed(int layer) {
        return allowedIn.getOrDefault(layer, allowed);
    }

    /** Number of roles, 2 + windows, those that a layer may not use included. */
    public int count() {
        return Role.FIRST_SLIDING + windows.length;
    }

    /** A copy of the sliding windows, ascending. */
    public int[] windows() {
        return windows.clone();
    }

    /** Tokens at the start of a sequence that are always global. */
    public int sinks() {
        return sinks;
    }

    /** How many of the rows of a pass that starts at {@code firstPosition} are sinks, if it is long enough. */
    public int pinned(long firstPosition) {
        return (int) Math.max(0, sinks - firstPosition);
    }

    /** Whether tokens of a layer may take a role. */
    public boolean allows(int layer, int role) {
        check(role);
        return allowed(layer).contains(role);
    }

    /** Whether each layer has but one role, so that there is nothing to learn. */
    public boolean isFixed() {
        return allowed.size() == 1 && allowedIn.values().stream().allMatch(roles -> roles.size() == 1);
    }

    /** Whether a layer has but one role. */
    public boolean isFixed(int layer) {
        return allowed(layer).size() == 1;
    }

    /** Of a layer's roles the one that keeps longest: global; else local, which without globals lasts as long; else the largest window. */
    public int longest(int layer) {
        Set<Integer> roles = allowed(layer);
        return roles.contains(Role.GLOBAL) ? Role.GLOBAL : roles.contains(Role.LOCAL) ? Role.LOCAL : Collections.max(roles);
    }

    /** Whether some layer may not use some role. */
    public boolean isRestricted() {
        return allowed.size() < count() || allowedIn.values().stream().anyMatch(roles -> roles.size() < count());
    }

    /** What a layer's logits are raised by, [count]: 0, or minus infinity for a role that it may not use. */
    public float[] bias(int layer) {
        float[] bias = new float[count()];
        for (int role = 0; role < bias.length; role++) {
            bias[role] = allows(layer, role) ? 0 : Float.NEGATIVE_INFINITY;
        }
        return bias;
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
        return other instanceof RoleSpace space && Arrays.equals(windows, space.windows) && sinks == space.sinks
                && allowed.equals(space.allowed) && allowedIn.equals(space.allowedIn);
    }

    @Override
    public int hashCode() {
        return Objects.hash(Arrays.hashCode(windows), sinks, allowed, allowedIn);
    }

    /** {@code global, local, sliding [16, 64]}, and what differs from the usual: {@code 4 sinks}, {@code roles [0, 2]}, {@code layer 0 roles [0, 3]}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("global, local, sliding " + Arrays.toString(windows));
        if (sinks != 1) {
            text.append(", ").append(sinks).append(" sinks");
        }
        if (allowedIn.isEmpty() && allowed.size() < count()) {
            text.append(", roles ").append(new TreeSet<>(allowed));
        }
        new TreeMap<>(allowedIn).forEach((layer, roles) -> text.append(", layer ").append(layer).append(" roles ").append(new TreeSet<>(roles)));
        return text.toString();
    }
}
