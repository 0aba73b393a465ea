package org.neuralattention.bench.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.bench.recall.RecallRecipe;
import org.neuralattention.bench.recall.RecallTraining;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;
import org.neuralattention.roles.RoleSpace;

class DemoTest {

    private static final RecallRecipe SHORT = new RecallRecipe(Mqar.of(4, 64), 64, 512, 50, RoleSpace.of(8), 1, 7);

    private static final Demo.Listener SILENT = new Demo.Listener() {
        @Override
        public RecallTraining.Listener training(String name, int steps) {
            return (report, length, recall) -> {};
        }

        @Override
        public void trained(RecallTraining.Result result) {}

        @Override
        public void measuring(String name) {}
    };

    @Test
    void theWholeStoryEndsInATableAndAReport(@TempDir Path folder) throws IOException {
        try (Team team = Team.of(2)) {
            Demo.Outcome outcome = new Demo(SHORT, 4, 128, team, SILENT).run();
            assertEquals(List.of("full attention", "NAtS", "sink + window " + outcome.window(), "random roles"),
                    outcome.rows().stream().map(Demo.Row::name).toList());
            assertEquals(1, outcome.rows().getFirst().score().share(), 1e-12);
            Demo.Row window = outcome.rows().get(2);
            assertTrue(window.score().peakBytes() >= outcome.nats().score().peakBytes(), "the window gets at least as many bytes as the learned roles");
            DemoReport report = new DemoReport(outcome);
            assertEquals(4, report.rows().size());
            assertEquals(Optional.empty(), report.shortfall());
            report.write(folder.resolve("report.html"));
            assertTrue(Files.readString(folder.resolve("report.html")).contains("sink + window"));
        }
    }

    @Test
    void aLengthThatWasNotReachedIsSaid() {
        RecallRecipe recipe = new RecallRecipe(Mqar.of(4, 128), 64, 512, 50, RoleSpace.of(8), 1, 7);
        Demo.Outcome outcome = new Demo(recipe, 2, 128, Team.serial(), SILENT).run();
        assertEquals("128 tokens were not reached in 50 steps, for recall did not pass 97.0 % in time; measured at 64.",
                new DemoReport(outcome).shortfall().orElseThrow());
    }

    @Test
    void everySequenceHasItsOwnChoiceOfRoles() {
        Transformer model = new Transformer(new Weights(SHORT.model()), Team.serial());
        RoleChoice window = new RoleChoice.Fixed(RolePolicy.sinkAndWindow(Demo.SINKS, 0));
        double full = RecallEvaluation.score(model, i -> RoleChoice.FULL, SHORT.task(), 3, 2).meanBytes();
        double slid = RecallEvaluation.score(model, i -> window, SHORT.task(), 3, 2).meanBytes();
        double mixed = RecallEvaluation.score(model, i -> i == 0 ? RoleChoice.FULL : window, SHORT.task(), 3, 2).meanBytes();
        assertTrue(slid < full, slid + " of " + full);
        assertEquals((full + slid) / 2, mixed, 1e-6 * full);
    }

    @Test
    void bytesBehindAContextAreThoseBeforeDecoding() {
        Transformer model = new Transformer(new Weights(SHORT.model()), Team.serial());
        assertEquals(RecallEvaluation.speed(model, RoleChoice.FULL, SHORT.task(), 128, 1).bytes(),
                RecallEvaluation.speed(model, RoleChoice.FULL, SHORT.task(), 128, 100).bytes());
    }

    @Test
    void evaluationAsksEveryPairOnceThroughTheCache() {
        Mqar task = SHORT.task();
        try (Team team = Team.of(2)) {
            RecallTraining.Result full = RecallTraining.follow(SHORT, RoleChoice.FULL, List.of(new RecallTraining.Lesson(0, 64)), team,
                    (report, length, recall) -> {});
            RecallEvaluation.Score score = RecallEvaluation.score(full.model(), i -> RoleChoice.FULL, task, 3, 5);
            assertEquals(1, score.share(), 1e-12);
            assertTrue(score.peakBytes() > score.meanBytes(), score.toString());
            assertEquals(20, score.asked(), "5 sequences of 4 pairs");
            assertEquals(Math.rint(score.recall() * 20), score.recall() * 20, 1e-12);
        }
    }
}
