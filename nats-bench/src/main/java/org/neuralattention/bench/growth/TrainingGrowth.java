package org.neuralattention.bench.growth;

import java.util.List;
import org.neuralattention.bench.jmh.TrainingStepBench;
import org.neuralattention.bench.result.Picture;
import org.neuralattention.bench.result.Unit;
import org.neuralattention.kernels.Team;
import org.neuralattention.train.Trainer;

/** A training step of the model of {@link TrainingStepBench}: time and memory against the length of its sequences, their number, and the threads. */
final class TrainingGrowth {

    private static final List<String> ROLES = List.of("dense", "learning", "sampled");
    private static final int BATCH_TOKENS = 256;
    private final double budget;
    private final Runnable step;

    TrainingGrowth(double budget, Runnable step) {
        this.budget = budget;
        this.step = step;
    }

    /** One sequence of up to {@code most} tokens; up to {@code mostBatch} sequences of 256. */
    List<Picture> againstLength(Team team, int least, int most, int mostBatch) {
        Points[] time = points();
        Points[] memory = points();
        Points[] batches = points();
        for (int i = 0; i < ROLES.size(); i++) {
            Trainer first = TrainingStepBench.trainer(ROLES.get(i), 1, least, team);
            Repeats.warm(Repeats.compiled(budget), () -> first.step(TrainingStepBench.SOURCE));
            for (int tokens = least; tokens <= most; tokens *= 2) {
                point(ROLES.get(i), 1, tokens, team, tokens, time[i], memory[i]);
            }
            for (int batch = 1; batch <= mostBatch; batch *= 2) {
                point(ROLES.get(i), batch, BATCH_TOKENS, team, batch, batches[i], new Points(""));
            }
        }
        String note = ", 5M parameters, " + team.size() + (team.size() == 1 ? " thread" : " threads");
        return List.of(new Picture("A training step" + note, "tokens in the sequence", "time", Unit.SECONDS, curves(time)),
                new Picture("A trainer's memory" + note, "tokens in the sequence", "memory", Unit.BYTES, curves(memory)),
                new Picture("A training step" + note + ", sequences of " + BATCH_TOKENS, "sequences", "time", Unit.SECONDS, curves(batches)));
    }

    /** Tokens per second of a dense step on 1024 tokens. */
    void againstThreads(Team team, Points tokensPerSecond) {
        Points time = new Points("");
        point("dense", 1, 1024, team, 1, time, new Points(""));
        tokensPerSecond.add(team.size(), 1024 / time.curve().y()[0]);
    }

    private void point(String roles, int batch, int tokens, Team team, double x, Points time, Points memory) {
        Trainer[] made = new Trainer[1];
        double bytes = Repeats.allocatedBytes(() -> {
            made[0] = TrainingStepBench.trainer(roles, batch, tokens, team);
            made[0].step(TrainingStepBench.SOURCE);
        });
        memory.add(x, bytes);
        time.add(x, Repeats.seconds(budget, () -> made[0].step(TrainingStepBench.SOURCE)).median());
        step.run();
    }

    private static Points[] points() {
        return ROLES.stream().map(Points::new).toArray(Points[]::new);
    }

    private static List<Picture.Curve> curves(Points[] points) {
        return List.of(points).stream().map(Points::curve).toList();
    }
}
