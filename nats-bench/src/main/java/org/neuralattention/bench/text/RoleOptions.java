package org.neuralattention.bench.text;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleSpace;
import picocli.CommandLine.Option;

/** The roles that a search chooses from; a {@code @Mixin}. */
final class RoleOptions {

    private static final List<Integer> WINDOWS = List.of(16, 64, 256);

    private static final Pattern OF_LAYERS = Pattern.compile("(\\d{1,6})(?:-(\\d{1,6}))?=(.+)");

    @Option(names = "--windows", paramLabel = "W", split = ",",
            description = "windows of the sliding roles, ascending (16,64,256; of a model that has roles, its own)")
    List<Integer> windows;

    @Option(names = "--sinks", paramLabel = "N", description = "first tokens of a text that are always kept (1; of a model that has roles, its own)")
    Integer sinks;

    @Option(names = "--without", paramLabel = "ROLE", split = ",", description = "roles to do without: global, local, sliding (or one window: 64)")
    List<String> without = List.of();

    @Option(names = "--layer-roles", paramLabel = "LAYERS=ROLES", split = ",",
            description = "the roles of single layers, counted from 0: 0=sliding,1-3=global+16; the others have all but --without")
    List<String> layerRoles = List.of();

    /** What is asked, or what the model has. */
    RoleSpace space(ModelConfig start) {
        if (start.hasRoles()) {
            checkNothingElse(start);
            return start.roleSpace();
        }
        if (sinks != null && sinks < 0) {
            throw new UserError("--sinks " + sinks + ": must not be negative.");
        }
        RoleSpace space = RoleSpace.of(RunOptions.ascending(windows == null ? WINDOWS : windows)).withSinks(sinks == null ? 1 : sinks);
        return inLayers(lessened(space), start.nLayers());
    }

    private void checkNothingElse(ModelConfig start) {
        String asked = windows != null && !windows.equals(start.roleWindows()) ? "--windows " + windows.stream().map(String::valueOf).collect(Collectors.joining(","))
                : sinks != null && sinks != start.roleSpace().sinks() ? "--sinks " + sinks
                : !without.isEmpty() ? "--without " + String.join(",", without)
                : !layerRoles.isEmpty() ? "--layer-roles " + String.join(",", layerRoles) : null;
        if (asked != null) {
            throw new UserError(asked + ": the model has roles already, which stay as they are: " + start.roleSpace() + ".");
        }
    }

    private RoleSpace lessened(RoleSpace space) {
        Set<Integer> out = new HashSet<>();
        without.forEach(name -> out.addAll(named("--without", name, space)));
        if (out.size() == space.count()) {
            throw new UserError("--without " + String.join(",", without) + ": no role would be left.");
        }
        RoleSpace less = space;
        for (int role : out) {
            less = less.without(role);
        }
        return less;
    }

    private RoleSpace inLayers(RoleSpace space, int nLayers) {
        RoleSpace layers = space;
        Set<Integer> seen = new HashSet<>();
        for (String text : layerRoles) {
            Matcher parts = OF_LAYERS.matcher(text);
            if (!parts.matches()) {
                throw new UserError("--layer-roles " + text + ": must be like 0=sliding or 1-3=global+16.");
            }
            int first = Integer.parseInt(parts.group(1));
            int last = parts.group(2) == null ? first : Integer.parseInt(parts.group(2));
            if (last < first || last >= nLayers) {
                throw new UserError("--layer-roles " + text + ": the model's layers are 0 to " + (nLayers - 1) + ".");
            }
            int[] roles = Arrays.stream(parts.group(3).split("\\+", -1)).flatMap(name -> named("--layer-roles", name, space).stream()).mapToInt(role -> role).toArray();
            for (int layer = first; layer <= last; layer++) {
                if (!seen.add(layer)) {
                    throw new UserError("--layer-roles " + text + ": layer " + layer + " has its roles already.");
                }
                layers = layers.inLayer(layer, roles);
            }
        }
        return layers;
    }

    /** Roles by a name for people. */
    private static List<Integer> named(String option, String name, RoleSpace space) {
        List<Integer> roles = IntStream.range(0, space.count()).filter(role -> space.name(role).equals(name) || role >= Role.FIRST_SLIDING
                && (name.equals("sliding") || name.equals(String.valueOf(space.window(role))))).boxed().toList();
        if (roles.isEmpty()) {
            throw new UserError(option + " " + name + ": must be global, local, sliding, or one of the windows "
                    + Arrays.stream(space.windows()).mapToObj(String::valueOf).collect(Collectors.joining(",")) + ".");
        }
        return roles;
    }
}
