package org.neuralattention.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SamplerTest {

    private static final float MASKED = Float.NEGATIVE_INFINITY;
    private static final int[] NONE = {};

    private static int sample(Sampling sampling, float[] logits, int... history) {
        return new Sampler(sampling).sample(logits, 0, logits.length, history, 0, history.length, 0);
    }

    @Test
    void greedyTakesTheLargestLogitAndTheLowestOfEquals() {
        assertEquals(2, sample(Sampling.GREEDY, new float[] {0, -1, 5, 5, MASKED}));
        assertEquals(0, sample(Sampling.GREEDY, new float[] {-0f, 0f}));
        assertEquals(1, sample(Sampling.GREEDY, new float[] {MASKED, -1e30f, MASKED}));
    }

    @Test
    void penaltyActsOnceOnEachTokenThatOccurred() {
        Sampling penalised = Sampling.GREEDY.withRepetitionPenalty(2);
        assertEquals(1, sample(penalised, new float[] {4, 2.5f, 0}, 0));
        assertEquals(0, sample(penalised, new float[] {4, 1.5f, 0}, 0, 0, 0)); // 2 and not 0.5
        assertEquals(1, sample(penalised, new float[] {-1, -1.5f}, 0));
        assertEquals(0, sample(Sampling.GREEDY.withRepetitionPenalty(1e-38f), new float[] {1e30f, 1e31f}, 0));
    }

    @Test
    void offsetsAreRespectedAndLogitsUnchanged() {
        float[] logits = {Float.NaN, 1, 3, 2, Float.NaN};
        int[] history = {99, 1, 99};
        float[] before = logits.clone();
        assertEquals(2, new Sampler(Sampling.GREEDY.withRepetitionPenalty(2)).sample(logits, 1, 3, history, 1, 1, 0));
        assertArrayEquals(before, logits);
    }

    /** Frequencies over steps against probabilities worked out by sorting everything, for each filter and all together. */
    @Test
    void frequenciesAreTheProbabilities() {
        float[] logits = {1.5f, 0.25f, MASKED, 2, -1, 2, 0.5f, -3};
        Sampling plain = Sampling.of(0.8f, 42);
        for (Sampling sampling : List.of(plain, plain.withTopK(3), plain.withTopP(0.7f), plain.withMinP(0.2f),
                plain.withRepetitionPenalty(1.3f), Sampling.of(2, 7).withTopK(6).withTopP(0.9f).withMinP(0.15f))) {
            int[] history = {3, 4};
            double[] expected = probabilities(sampling, logits, history);
            Sampler sampler = new Sampler(sampling);
            int draws = 40_000;
            int[] counts = new int[logits.length];
            for (int step = 0; step < draws; step++) {
                counts[sampler.sample(logits, 0, logits.length, history, 0, history.length, step)]++;
            }
            double chiSquare = 0;
            for (int id = 0; id < counts.length; id++) {
                if (expected[id] == 0) {
                    assertEquals(0, counts[id], sampling + " chose " + id);
                } else {
                    double difference = counts[id] - draws * expected[id];
                    chiSquare += difference * difference / (draws * expected[id]);
                }
            }
            assertTrue(chiSquare < 24.3, sampling + ": chi square " + chiSquare); // 7 degrees of freedom, p = 0.001; the seed is fixed
        }
    }

    private static double[] probabilities(Sampling sampling, float[] logits, int[] history) {
        int n = logits.length;
        double[] scaled = new double[n];
        for (int id = 0; id < n; id++) {
            float logit = logits[id];
            int token = id;
            if (sampling.repetitionPenalty() != 1 && Arrays.stream(history).anyMatch(h -> h == token)) {
                logit = logit > 0 ? logit / sampling.repetitionPenalty() : logit * sampling.repetitionPenalty();
            }
            scaled[id] = (double) logit / sampling.temperature();
        }
        List<Integer> order = new ArrayList<>(IntStream.range(0, n).filter(id -> scaled[id] > MASKED).boxed().toList());
        order.sort(Comparator.comparing((Integer id) -> -scaled[id]).thenComparing(id -> id));
        double max = scaled[order.get(0)];
        if (sampling.topK() > 0) {
            order = order.subList(0, Math.min(sampling.topK(), order.size()));
        }
        double total = order.stream().mapToDouble(id -> Math.exp(scaled[id] - max)).sum();
        Set<Integer> kept = new HashSet<>();
        double mass = 0;
        for (int id : order) {
            double weight = Math.exp(scaled[id] - max);
            if (sampling.topP() == 1 || mass < sampling.topP() * total) {
                if (weight >= sampling.minP()) {
                    kept.add(id);
                }
            }
            mass += weight;
        }
        double[] p = new double[n];
        double sum = kept.stream().mapToDouble(id -> Math.exp(scaled[id] - max)).sum();
        kept.forEach(id -> p[id] = Math.exp(scaled[id] - max) / sum);
        return p;
    }

    @Property(tries = 500)
    void theChosenTokenIsAlwaysAllowed(@ForAll long seed) {
        Random random = new Random(seed);
        int n = 1 + random.nextInt(random.nextBoolean() ? 12 : 1000);
        float[] logits = new float[n];
        for (int i = 0; i < n; i++) { // few values, so that there are ties, or many
            logits[i] = random.nextInt(10) == 0 ? MASKED : (float) (random.nextBoolean() ? random.nextInt(4) : random.nextGaussian() * 3);
        }
        logits[random.nextInt(n)] = 1;
        Sampling sampling = new Sampling(random.nextBoolean() ? 1 : 0.5f + random.nextFloat() * 2, 0.1f + random.nextFloat() * 3,
                random.nextInt(n + 5), random.nextBoolean() ? 1 : 0.01f + random.nextFloat() * 0.98f,
                random.nextBoolean() ? 0 : random.nextFloat(), seed);
        int[] history = random.ints(random.nextInt(5), 0, n).toArray();
        double[] p = probabilities(sampling, logits, history);
        Sampler sampler = new Sampler(sampling);
        for (int step = 0; step < 20; step++) {
            int id = sampler.sample(logits, 0, n, history, 0, history.length, step);
            assertTrue(p[id] > 0, () -> sampling + " chose " + id);
        }
    }

    @Property(tries = 300)
    void theBestAreKeptWhateverTheOrder(@ForAll long seed) {
        Random random = new Random(seed);
        int n = 1 + random.nextInt(300);
        List<Float> values = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            values.add(random.nextBoolean() ? (float) random.nextInt(3) : random.nextFloat() * 2 - 1);
        }
        switch (random.nextInt(3)) {
            case 0 -> Collections.sort(values);
            case 1 -> values.sort(Collections.reverseOrder());
            default -> { }
        }
        List<Integer> order = new ArrayList<>(IntStream.range(0, n).boxed().toList());
        order.sort(Comparator.comparing((Integer id) -> -values.get(id)).thenComparing(id -> id));
        Candidates candidates = new Candidates();
        int k = 1 + random.nextInt(n);
        candidates.clear(n);
        for (int id = 0; id < n; id++) {
            candidates.add(id, values.get(id));
        }
        candidates.keepBest(k);
        assertEquals(Set.copyOf(order.subList(0, k)), ids(candidates));

        float max = values.get(order.get(0));
        candidates.weigh(max, 0.5f);
        double share = random.nextDouble();
        double total = order.subList(0, k).stream().mapToDouble(id -> Math.exp((values.get(id) - (double) max) / 0.5)).sum();
        candidates.keepMass(share);
        int m = candidates.size();
        assertEquals(Set.copyOf(order.subList(0, m)), ids(candidates));
        double mass = order.subList(0, m).stream().mapToDouble(id -> Math.exp((values.get(id) - (double) max) / 0.5)).sum();
        double last = Math.exp((values.get(order.get(m - 1)) - (double) max) / 0.5);
        assertTrue(mass >= share * total - 1e-9 && mass - last < share * total + 1e-9, () -> m + " kept of " + k);
    }

    private static Set<Integer> ids(Candidates candidates) {
        Set<Integer> ids = new HashSet<>();
        for (int i = 0; i < candidates.size(); i++) {
            ids.add(candidates.id(i));
        }
        return ids;
    }

    @Test
    void theChoiceDependsOnSeedAndStepOnly() {
        float[] logits = new float[1000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) Math.sin(i);
        }
        Sampler used = new Sampler(Sampling.of(1, 5).withTopP(0.9f));
        Set<Integer> chosen = new HashSet<>();
        for (int step = 0; step < 50; step++) {
            int id = used.sample(logits, 0, logits.length, NONE, 0, 0, step);
            assertEquals(id, new Sampler(used.sampling()).sample(logits, 0, logits.length, NONE, 0, 0, step));
            chosen.add(id);
        }
        assertTrue(chosen.size() > 30, () -> chosen + " in 50 steps");
        Sampler other = new Sampler(Sampling.of(1, 6).withTopP(0.9f));
        assertTrue(IntStream.range(0, 50).filter(step -> other.sample(logits, 0, logits.length, NONE, 0, 0, step)
                != used.sample(logits, 0, logits.length, NONE, 0, 0, step)).count() > 40);
    }

    @Test
    void extremesAreDrawnFrom() {
        float[] logits = {-3e38f, 3e38f, MASKED};
        assertEquals(1, sample(Sampling.of(Float.MIN_VALUE, 1), logits));
        assertEquals(1, sample(Sampling.of(1, 1).withTopK(1), logits));
        assertEquals(1, sample(Sampling.of(1, 1).withMinP(1), logits));
        assertEquals(1, sample(Sampling.of(1, 1).withTopP(Float.MIN_VALUE), logits));
        assertTrue(sample(Sampling.of(Float.MAX_VALUE, 1), logits) < 2);
        assertEquals(0, sample(Sampling.of(1, 1), new float[] {-7}));
    }

    @Test
    void wrongLogitsAndHistoryAreNamed() {
        assertMessage("logits[1] = NaN: must be a number below infinity", () -> sample(Sampling.GREEDY, new float[] {0, Float.NaN}));
        assertMessage("logits[0] = Infinity: must be a number below infinity", () -> sample(Sampling.of(1, 0), new float[] {Float.POSITIVE_INFINITY}));
        assertMessage("all 2 logits are negative infinity: no token may be chosen", () -> sample(Sampling.GREEDY, new float[] {MASKED, MASKED}));
        assertMessage("history[1] = 2: must be in [0, 2)", () -> sample(Sampling.GREEDY.withRepetitionPenalty(2), new float[] {0, 0}, 1, 2));
        assertMessage("vocabSize = 0: must be at least 1", () -> sample(Sampling.GREEDY, new float[0]));
        assertThrows(IndexOutOfBoundsException.class, () -> new Sampler(Sampling.GREEDY).sample(new float[3], 1, 3, NONE, 0, 0, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> new Sampler(Sampling.GREEDY).sample(new float[3], 0, 3, NONE, 0, 1, 0));
    }

    @Test
    void wrongParametersAreNamed() {
        assertMessage("temperature = -1.0: must be 0 or positive, and finite", () -> Sampling.of(-1, 0));
        assertMessage("temperature = NaN: must be 0 or positive, and finite", () -> Sampling.of(Float.NaN, 0));
        assertMessage("topK = -1: must be 0 (all) or positive", () -> Sampling.GREEDY.withTopK(-1));
        assertMessage("topP = 0.0: must be in (0, 1]", () -> Sampling.GREEDY.withTopP(0));
        assertMessage("topP = NaN: must be in (0, 1]", () -> Sampling.GREEDY.withTopP(Float.NaN));
        assertMessage("minP = 1.5: must be in [0, 1]", () -> Sampling.GREEDY.withMinP(1.5f));
        assertMessage("repetitionPenalty = 0.0: must be positive and finite", () -> Sampling.GREEDY.withRepetitionPenalty(0));
    }

    private static void assertMessage(String message, org.junit.jupiter.api.function.Executable executable) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, executable).getMessage());
    }
}
