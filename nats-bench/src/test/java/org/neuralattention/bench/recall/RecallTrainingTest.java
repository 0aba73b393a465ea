package org.neuralattention.bench.recall;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;
import org.neuralattention.roles.RoleSpace;

class RecallTrainingTest {

    private static final RecallRecipe SHORT = new RecallRecipe(Mqar.of(4, 64), 64, 512, 50, RoleSpace.of(8), 1, 7);

    @Test
    void theBaselinesFollowTheLessonsOfTheLearnedRun() {
        RecallRecipe recipe = new RecallRecipe(Mqar.of(4, 128), 64, 512, 60, RoleSpace.of(16), 0, 7);
        List<RecallTraining.Lesson> lessons = List.of(new RecallTraining.Lesson(0, 64), new RecallTraining.Lesson(20, 128));
        RoleChoice window = new RoleChoice.Fixed(RolePolicy.sinkAndWindow(4, 0));
        int[] length = new int[61];
        RecallTraining.Result result = RecallTraining.follow(recipe, window, lessons, Team.serial(),
                (report, now, recall) -> length[(int) report.step() + 1] = now);
        assertEquals(64, length[20]);
        assertEquals(128, length[21]);
        assertEquals(lessons, result.lessons());
    }

    @Test
    void trainingIsTheSameForAnyNumberOfThreads() {
        try (Team team = Team.of(3)) {
            RecallTraining.Result one = RecallTraining.learnRoles(SHORT, Team.serial(), (report, length, recall) -> {});
            RecallTraining.Result three = RecallTraining.learnRoles(SHORT, team, (report, length, recall) -> {});
            assertEquals(one.curve(), three.curve());
        }
    }

    @Test
    void recallCountsOnlyAnswersThatNothingTies() {
        float[] logits = {0, 2, 1, 3, 3, 0, 5, 0, 0, 1, 1, 1};
        assertEquals(2 / 3.0, Recall.of(logits, new int[] {1, 0, 0, -1}, 3), 1e-12);
        assertEquals(0, Recall.of(logits, new int[] {-1, -1, -1, -1}, 3));
        assertEquals(0, Recall.of(logits, new int[] {-1, 1, -1, -1}, 3), 1e-12, "a tie is not an answer");
    }
}
