package org.neuralattention.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.neuralattention.golden.Errors.assertClose;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Session;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.SafeTensors;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.testing.Vectors;

/** A whole model with roles, made in float64: loss, roles and every gradient under given noise; evaluation with the likeliest roles. */
@Tag("widths")
class NatsLlamaGoldenTest {

    private static final int BATCH = 2;

    @Test
    void trainingUnderGivenNoiseGivesTheGoldenLossAndGradients() throws IOException {
        try (Team team = Team.of(2); SafeTensors expected = open()) {
            Transformer transformer = new Transformer(ModelLoader.load(directory()), team);
            ModelConfig c = transformer.config();
            int[] ids = inputs(expected, 0);
            int[] targets = inputs(expected, 1);
            RoleChoice choice = new RoleChoice.Noise(new float[][] {expected.readFloats("gumbel_noise.0"), expected.readFloats("gumbel_noise.1")});
            Activations s = new Activations(c, BATCH, ids.length / BATCH, Activations.Keep.ALL);
            assertEquals(expected.readDoubles("train.loss")[0], transformer.forward(s, ids, 0, targets, 0, choice), 1e-5, "loss");
            assertClose("logits", 1e-5, expected.readDoubles("train.logits"), logits(transformer, s));

            Weights gradients = new Weights(c);
            transformer.backward(gradients, s, ids, 0, targets, 0, choice, 1f / ids.length, 0);
            for (Tensor gradient : gradients.tensors()) {
                assertClose("gradient of " + gradient.name(), 1e-3, expected.readDoubles("grad." + gradient.name()), gradient.data());
            }
        }
    }

    @Test
    void evaluationTakesTheGoldenRolesAndShare() throws IOException {
        JsonObject facts = JsonObject.read(directory().resolve("README.json"));
        try (Team team = Team.of(2); SafeTensors expected = open()) {
            Transformer transformer = new Transformer(ModelLoader.load(directory()), team);
            int[] ids = inputs(expected, 0);
            Activations s = new Activations(transformer.config(), BATCH, ids.length / BATCH, Activations.Keep.ALL);
            transformer.forward(s, ids, 0, RoleChoice.BEST);
            assertClose("logits", 1e-5, expected.readDoubles("eval.logits"), logits(transformer, s));
            long[] counts = new long[3];
            for (long[] layer : s.roleCounts()) {
                Arrays.setAll(counts, role -> counts[role] + layer[role]);
            }
            double[] shares = Arrays.stream(counts).mapToDouble(n -> n / (double) Arrays.stream(counts).sum()).toArray();
            assertArrayEquals(facts.list("eval_role_share").stream().mapToDouble(x -> ((Number) x).doubleValue()).toArray(), shares, 1e-6);
            assertEquals(facts.doubleValue("eval_visible_fraction"), s.share(), 1e-6); // the file has a mean of float32
        }
    }

    /** Token by token and in pieces, through the cache: the logits behind every piece, and the share that was held. */
    @Test
    void sessionsGiveTheGoldenEvaluation() throws IOException {
        double share = JsonObject.read(directory().resolve("README.json")).doubleValue("eval_visible_fraction");
        try (Team team = Team.of(2); SafeTensors expected = open()) {
            Transformer transformer = new Transformer(ModelLoader.load(directory()), team);
            int[] ids = inputs(expected, 0);
            int rows = ids.length / BATCH;
            int vocab = transformer.config().vocabSize();
            double[] logits = expected.readDoubles("eval.logits");
            for (int piece : new int[] {1, 2, 3, 7, rows}) {
                double held = 0;
                for (int b = 0; b < BATCH; b++) {
                    Session session = new Session(transformer, KvCache.of(transformer.config()), RoleChoice.BEST, piece);
                    for (int n = 0; n < rows; n += piece) {
                        int count = Math.min(piece, rows - n);
                        session.prefill(ids, b * rows + n, count);
                        int last = (b * rows + n + count - 1) * vocab;
                        assertClose("pieces of " + piece + ", row " + n, 1e-5, Arrays.copyOfRange(logits, last, last + vocab), session.logits());
                    }
                    held += session.cache().stats().kvShare() / BATCH;
                }
                assertEquals(share, held, 1e-6, "pieces of " + piece);
            }
        }
    }

    private static Path directory() {
        return Vectors.path("nats-llama");
    }

    private static SafeTensors open() throws IOException {
        return SafeTensors.open(directory().resolve("expected.safetensors"));
    }

    /** The golden rows hold one token more than the model sees: inputs from 0, targets from 1. */
    private static int[] inputs(SafeTensors expected, int from) throws IOException {
        int[] rows = expected.readInts("input_ids");
        int width = rows.length / BATCH;
        int[] ids = new int[BATCH * (width - 1)];
        for (int b = 0; b < BATCH; b++) {
            System.arraycopy(rows, b * width + from, ids, b * (width - 1), width - 1);
        }
        return ids;
    }

    private static float[] logits(Transformer transformer, Activations s) {
        float[] logits = new float[s.rows() * transformer.config().vocabSize()];
        transformer.logits(logits, 0, s, 0, s.rows());
        return logits;
    }
}
