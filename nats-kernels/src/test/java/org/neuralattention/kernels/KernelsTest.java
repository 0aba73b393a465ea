package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What runs is what was asked for; what cannot run as asked says which flag is missing. */
class KernelsTest {

    /** What {@link Kernels} chooses in a JVM of its own, printed. */
    static final class Choice {
        public static void main(String[] args) {
            System.out.println("kernels: " + Kernels.describe());
        }
    }

    private static final String MODULE = "--add-modules=jdk.incubator.vector";

    @Test
    void theKernelsRunThatTheBuildStartedThisJvmFor() {
        System.out.println("kernels: " + Kernels.describe());
        boolean vector = "vector".equals(System.getProperty("nats.tests.kernels"));
        assertEquals(vector, Kernels.vector());
        assertEquals(Kernels.vector(), Kernels.vectorBits() > 0);
        String bits = System.getProperty("nats.vectorBits");
        if (vector && bits != null) {
            assertEquals(Integer.parseInt(bits), Kernels.vectorBits());
        }
    }

    @Test
    void vectorKernelsRunWithTheModuleAndPlainOnesWithout() throws Exception {
        assertTrue(choose(0, MODULE).matches("(?s).*kernels: vector, (128|256|512) bits.*"));
        String without = choose(0);
        assertTrue(without.contains("kernels: scalar"), without);
        assertTrue(without.contains("--add-modules jdk.incubator.vector"), without);
    }

    @Test
    void aForcedChoiceIsObeyedWithoutAWarning() throws Exception {
        String scalar = choose(0, MODULE, "-Dnats.kernels=scalar");
        assertTrue(scalar.contains("kernels: scalar"), scalar);
        assertFalse(scalar.contains("--add-modules"), scalar);
        assertTrue(choose(0, MODULE, "-Dnats.kernels=vector", "-Dnats.vectorBits=128").contains("kernels: vector, 128 bits"));
    }

    @Test
    void whatIsForcedAndUnavailableFailsAndNamesTheFlag() throws Exception {
        assertFails("--add-modules jdk.incubator.vector", "-Dnats.kernels=vector");
        assertFails("--add-modules jdk.incubator.vector", "-Dnats.vectorBits=256");
        assertFails("-Xint", MODULE, "-Dnats.kernels=vector", "-Xint");
        assertFails("-Dnats.vectorBits", MODULE, "-Dnats.vectorBits=512", "-XX:MaxVectorSize=32");
        assertFails("-Dnats.vectorBits", MODULE, "-Dnats.vectorBits=96");
        assertFails("-Dnats.vectorBits", MODULE, "-Dnats.kernels=vector", "-Dnats.vectorBits=wide");
        assertFails("auto, scalar or vector", MODULE, "-Dnats.kernels=fast");
    }

    private static void assertFails(String naming, String... options) throws Exception {
        String output = choose(1, options);
        assertTrue(output.contains("IllegalStateException"), output);
        assertTrue(output.contains(naming), output);
    }

    /** Output of {@link Choice} in a new JVM with the given options, which must end with the given code. */
    private static String choose(int exitCode, String... options) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", classPath(), Choice.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        assertEquals(exitCode, process.exitValue(), output);
        return output;
    }

    private static String classPath() throws Exception {
        Path main = Path.of(Kernels.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Path test = Path.of(KernelsTest.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        return main + System.getProperty("path.separator") + test;
    }
}
