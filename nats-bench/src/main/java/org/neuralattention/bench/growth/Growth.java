package org.neuralattention.bench.growth;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.neuralattention.bench.result.Picture;
import org.neuralattention.bench.result.Unit;
import org.neuralattention.kernels.Team;

/**
 * All pictures of growth, measured in this JVM: small sizes first, so that code is compiled before it counts.
 *
 * @param quick to shorter lengths and with fewer repeats: about half a minute on two cores instead of three
 */
public record Growth(boolean quick) {

    private static final int LEAST = 512;
    private static final int PROMPT = 512;

    /** Calls of its {@code step} during {@link #measure}, on a machine of so many cores. */
    public int steps(int cores) {
        int attention = doublings(LEAST, mostDense()) + doublings(LEAST, most());
        int decode = 2 * (doublings(LEAST, mostContext()) + doublings(LEAST, mostPrompt()));
        int training = 3 * (doublings(LEAST / 4, mostTrained()) + doublings(1, mostBatch()));
        return attention + decode + training + 2 * threads(cores).size();
    }

    /** What {@link #measure} takes on two cores, roughly. */
    public double seconds() {
        return quick ? 30 : 180;
    }

    /** @param step called after each point */
    public List<Picture> measure(int cores, Runnable step) {
        double budget = quick ? 0.15 : 0.5;
        List<Picture> pictures = new ArrayList<>(new AttentionGrowth(cores, budget, step).measure(LEAST, mostDense(), most()));
        TrainingGrowth training = new TrainingGrowth(budget, step);
        DecodeGrowth decode;
        try (Team team = Team.of(cores)) {
            decode = new DecodeGrowth(team, budget, step);
            pictures.addAll(decode.againstContext(team, LEAST, mostContext(), mostPrompt()));
            pictures.addAll(training.againstLength(team, LEAST / 4, mostTrained(), mostBatch()));
        }
        Points decoded = new Points("decoding");
        Points prefilled = new Points("prefill of " + PROMPT);
        Points trained = new Points("training, 5M parameters");
        for (int threads : threads(cores)) {
            try (Team team = Team.of(threads)) {
                decode.againstThreads(team, PROMPT, prefilled, decoded);
                training.againstThreads(team, trained);
            }
        }
        pictures.add(new Picture("Threads", "threads", "tokens/s", Unit.TOKENS_PER_SECOND, List.of(decoded.curve(), prefilled.curve(), trained.curve())));
        return pictures;
    }

    /** 1, 2, 4 and so on, and all cores. */
    private static SortedSet<Integer> threads(int cores) {
        SortedSet<Integer> threads = new TreeSet<>(List.of(cores));
        for (int n = 1; n < cores; n *= 2) {
            threads.add(n);
        }
        return threads;
    }

    private static int doublings(int least, int most) {
        return 32 - Integer.numberOfLeadingZeros(most / least);
    }

    private int mostDense() {
        return quick ? 4096 : 16_384;
    }

    private int most() {
        return quick ? 16_384 : 65_536;
    }

    private int mostContext() {
        return quick ? 4096 : 16_384;
    }

    private int mostPrompt() {
        return quick ? 1024 : 4096;
    }

    private int mostTrained() {
        return quick ? 1024 : 4096;
    }

    private int mostBatch() {
        return quick ? 4 : 16;
    }
}
