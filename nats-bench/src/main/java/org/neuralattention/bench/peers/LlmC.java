package org.neuralattention.bench.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.neuralattention.bench.jmh.ModelWork;
import org.neuralattention.bench.peers.Contest.Comparison;
import org.neuralattention.bench.peers.ProgramMatch.Times;
import org.neuralattention.bench.result.Goal;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.train.Init;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.TokenSource;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Trainer;

/**
 * llm.c's train_gpt2, the one for the CPU, on our weights: whole training steps of 4 sequences of 64 tokens, as it is built. Every step sees the same
 * tokens, and the losses before the first update must agree. Source of its lines: llm.c's train_gpt2.c.
 */
final class LlmC {

    private static final int BATCH = 4;
    private static final int SEQ_LEN = 64;

    /** Its first steps allocate. */
    private static final int SKIPPED = 2;

    /** Its output is written when a buffer is full or text is generated, which it does in step 20: that and what follows is not waited for. */
    private static final int STEPS = 20;

    /** Of float32 sums in another order, in nats. */
    private static final double TOLERANCE = 1e-3;

    private static final double GOAL = 4;

    private static final Pattern STEP = Pattern.compile("step \\d+: train loss (\\S+) \\(took ([0-9.]+) ms\\)");

    private LlmC() {}

    /** @param folder for its files, written anew in every run */
    static Match of(Program program, Path folder, ModelConfig config, int threads) {
        String parameters = "GPT-2 " + config.nLayers() + " x " + config.dim() + ", " + BATCH + " x " + SEQ_LEN + " tokens";
        Work work = ModelWork.training(config, (SEQ_LEN + 1) / 2.0);
        int tokens = BATCH * SEQ_LEN;
        return new ProgramMatch("llm.c training step " + parameters, "TrainingStep", threads, tokens * work.flops(),
                () -> new OurSteps(folder, config, threads), side -> theirs(program, folder, threads, side),
                new Comparison(0, 0, "llm.c", "step", parameters, work, 0, tokens, ratio -> Goal.atLeast(GOAL, ratio, "x")));
    }

    private static Times theirs(Program program, Path folder, int threads, Entrant ours) {
        List<String> lines = program.run(folder, Map.of("OMP_NUM_THREADS", "" + threads), List.of(), said -> steps(said).size() >= STEPS);
        List<Matcher> steps = steps(lines);
        if (steps.size() <= SKIPPED) {
            throw program.error("told of " + steps.size() + " steps of training, not of more than " + SKIPPED + " as llm.c's train_gpt2 does");
        }
        float[] loss = new float[1];
        ours.read(0, loss, 1);
        double theirs = Double.parseDouble(steps.getFirst().group(1));
        if (!(Math.abs(theirs - loss[0]) <= TOLERANCE)) {
            throw new DisagreementException("the loss before the first update is " + theirs + " for llm.c and " + loss[0] + " for us");
        }
        return new Times("llm.c", steps.stream().skip(SKIPPED).mapToDouble(step -> Double.parseDouble(step.group(2)) * 1e-3).toArray());
    }

    private static List<Matcher> steps(List<String> lines) {
        List<Matcher> steps = new ArrayList<>();
        for (String line : lines) {
            Matcher step = STEP.matcher(line);
            if (step.matches()) {
                steps.add(step);
            }
        }
        return steps;
    }

    /** Our trainer. Its result is the loss of the first step. */
    private static final class OurSteps implements Entrant {
        private final Team team;
        private final TokenSource source;
        private final Trainer trainer;
        private StepReport first;

        OurSteps(Path folder, ModelConfig config, int threads) {
            team = Team.of(threads);
            Weights weights = new Weights(config);
            Init.GPT2.apply(weights, 1, team);
            int[] tokens = new int[BATCH * SEQ_LEN];
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = i * 7919 % config.vocabSize();
            }
            try {
                LlmCFiles.write(folder, weights, tokens);
            } catch (IOException e) {
                team.close();
                throw new UncheckedIOException(e);
            }
            source = (ids, targets, offset, step, row, seqLen) -> {
                for (int i = 0; i < seqLen; i++) {
                    ids[offset + i] = tokens[row * seqLen + i];
                    targets[offset + i] = tokens[(row * seqLen + i + 1) % tokens.length];
                }
            };
            trainer = new Trainer(weights, TrainConfig.of(BATCH, SEQ_LEN, 1_000_000, 1e-5), team);
        }

        @Override
        public void run() {
            StepReport report = trainer.step(source);
            first = first == null ? report : first;
        }

        @Override
        public int size() {
            return 1;
        }

        @Override
        public void read(int from, float[] into, int length) {
            into[0] = (float) first.loss();
        }

        @Override
        public void close() {
            team.close();
        }
    }
}
