package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same bits for 1, 2, 3, 7 and 16 threads, again and again: a task that reads what another writes shows sooner or later. {@code -Dnats.soak=true} repeats
 * every call 250 times instead of 5.
 */
class RaceTest {

    private static final int REPEATS = KernelCases.SOAK ? 250 : 5;

    private static final List<Team> TEAMS = Stream.of(1, 2, 3, 7, 16).map(Team::of).toList();

    static Stream<String> kernels() {
        return KernelCases.ALL.keySet().stream();
    }

    @AfterAll
    static void close() {
        TEAMS.forEach(Team::close);
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void sameBitsForAnyTeam(String kernel) {
        KernelCase c = KernelCases.ALL.get(kernel).make(new SplittableRandom(KernelCases.SEED), true);
        c.reset();
        c.run(Team.serial());
        List<float[]> expected = c.outputs.stream().map(output -> output.slice().array.clone()).toList();
        for (int repeat = 0; repeat < REPEATS; repeat++) {
            for (Team team : TEAMS) {
                c.reset();
                c.run(team);
                for (int o = 0; o < expected.size(); o++) {
                    int repeated = repeat;
                    String name = c.outputs.get(o).name();
                    assertArrayEquals(expected.get(o), c.outputs.get(o).slice().array,
                            () -> kernel + " (" + c + "): " + name + " with " + team.size() + " threads, repeat " + repeated + ", -Dnats.seed=" + KernelCases.SEED);
                }
            }
        }
    }
}
