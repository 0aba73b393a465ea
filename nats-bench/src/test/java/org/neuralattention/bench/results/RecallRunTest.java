package org.neuralattention.bench.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.bench.recall.RecallRecipe;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.RoleSpace;

class RecallRunTest {

    /** A small vocabulary is learned in some hundred short steps. */
    private static final RecallRecipe SHORT = new RecallRecipe(new Mqar(8, 8, 8, 4, 32), 32, 1024, 300, RoleSpace.of(2), 8, 1);

    @Test
    void rolesRecallWhatAWindowOfAsManyBytesCannot() {
        try (Team team = Team.of(2)) {
            RecallRun.Outcome outcome = RecallRun.of(SHORT, 50, List.of(32), team, (report, length, recall) -> {});
            RecallRun.Asked learned = outcome.asked("learned", 32);
            RecallRun.Asked window = outcome.asked("window", 32);
            assertEquals(50 * 4, learned.score().asked());
            assertTrue(window.score().use().meanBytes() >= learned.score().use().meanBytes(), "the window gets at least as many bytes");
            assertTrue(learned.score().value() > window.score().value() + 0.2, learned + " against " + window);
        }
    }

    @Test
    void theTableHasARowForEachRunAndLength(@TempDir Path folder) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (String policy : List.of("learned", "window")) {
            lines.append("{\"event\":\"trained\",\"policy\":\"" + policy + "\",\"seconds\":30}\n");
        }
        for (String policy : List.of("learned", "oracle", "window")) {
            for (int length : RecallJob.LENGTHS) {
                lines.append("{\"event\":\"recall\",\"policy\":\"" + policy + "\",\"length\":" + length + ",\"recall\":0.5,\"kvShare\":0.25,\"meanBytes\":"
                        + (length + policy.length()) + "}\n");
            }
        }
        Files.writeString(folder.resolve("recall-16-seed2.jsonl"), lines);
        Place place = new Place(folder, folder, false, null, new PrintWriter(new StringWriter()));
        List<List<String>> rows = new RecallQuestion(3).table(place).rows();
        assertEquals(List.of(
                List.of("16", "256", "2", "0.5000", "263", "25.0 %", "0.5000", "262", "0.5000", "262", "1 min 00 s"),
                List.of("16", "1024", "2", "0.5000", "1031", "25.0 %", "0.5000", "1030", "0.5000", "1030", "1 min 00 s")), rows);
    }
}
