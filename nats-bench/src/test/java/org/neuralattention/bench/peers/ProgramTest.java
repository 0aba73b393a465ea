package org.neuralattention.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.bench.cli.UserError;

/** A program's lines come back, its failure is told in one sentence, and it never outlives its run. */
@Timeout(60)
class ProgramTest {

    private static final Predicate<List<String>> ALL = lines -> false;

    @TempDir
    Path folder;

    private String failure(Program program) {
        return assertThrows(UserError.class, () -> program.run(null, Map.of(), List.of(), ALL)).getMessage();
    }

    @Test
    void linesComeBackFromItsFolderWithItsArgumentsAndEnvironment() throws IOException {
        Program program = Scripts.program(folder, "pwd; echo \"$1|$2|$COLOUR\"; echo aside >&2; cat");
        assertEquals(List.of(folder.toRealPath().toString(), "a b|c|red"),
                program.run(folder.toRealPath(), Map.of("COLOUR", "red"), List.of("a b", "c"), ALL));
    }

    @Test
    void aFailureIsToldWithItsLastWords() throws IOException {
        assertEquals("--option " + folder.resolve("program") + " failed with exit code 3: no such model.",
                failure(Scripts.program(folder, "echo out; echo loading >&2; echo 'no such model' >&2; echo >&2; exit 3")));
        assertTrue(failure(Scripts.program(folder, "echo 'Bad magic model file'; exit 1")).endsWith("exit code 1: Bad magic model file."));
    }

    @Test
    void whoTakesTooLongIsEndedWithItsChildren() throws IOException {
        Program program = Scripts.program(folder, "sleep 50 & echo $! > " + folder.resolve("child") + "; wait", Duration.ofMillis(500));
        assertTrue(failure(program).contains("was ended: it took more than"));
        assertGone(Long.parseLong(Files.readString(folder.resolve("child")).strip()));
    }

    @Test
    void itIsEndedWhenItHasSaidEnough() throws IOException {
        Program program = Scripts.program(folder, "while :; do echo $$; sleep 0.01; done");
        List<String> lines = program.run(null, Map.of(), List.of(), said -> said.size() == 3);
        assertEquals(3, lines.size());
        assertGone(Long.parseLong(lines.getFirst()));
    }

    /** A dead process may wait to be collected by whoever inherited it. */
    private static void assertGone(long pid) {
        boolean there = true;
        for (int i = 0; i < 200 && there; i++) {
            there = ProcessHandle.of(pid).isPresent() && !zombie(pid);
            LockSupport.parkNanos(20_000_000);
        }
        assertFalse(there, "process " + pid + " still runs");
    }

    private static boolean zombie(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/stat")).contains(") Z ");
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void whatCannotBeRunIsAMistakeOfTheUser() throws IOException {
        assertTrue(assertThrows(UserError.class, () -> Program.of("--option", folder)).getMessage().contains("is not a file that can be run"));
        assertTrue(assertThrows(UserError.class, () -> Program.of("--option", folder.resolve("no"))).getMessage().contains("there is no such file"));
        Path text = Files.writeString(folder.resolve("text"), "not a program");
        assertTrue(assertThrows(UserError.class, () -> Program.of("--option", text)).getMessage().contains("is not a file that can be run"));
        Program lost = Scripts.program(folder, "");
        Files.writeString(lost.path(), "#!/nowhere/sh\n");
        assertTrue(failure(lost).contains("could not be run"));
    }
}
