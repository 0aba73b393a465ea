package org.neuralattention.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.neuralattention.cache.KvCache;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.GgufWriter;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.testing.Shared;

class MemoryNeedTest {

    @TempDir
    Path folder;

    private static long held(Weights weights) {
        return weights.tensors().stream().map(Tensor::matrix).mapToLong(WeightMatrix::bytes).sum();
    }

    private static Weights random(ModelConfig config) {
        Weights weights = new Weights(config);
        Random random = new Random(3);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = (float) (0.1 * random.nextGaussian());
            }
        }
        return weights;
    }

    private static void theWeightsAreForetold(Path path) throws Exception {
        for (Dtype dtype : Dtype.values()) {
            try (ModelFile file = ModelFile.open(path)) {
                long need = MemoryNeed.of(file.as(dtype), 0, 8, KvDtype.F32, 1).weights();
                assertEquals(held(ModelLoader.load(path, dtype)), need, path + " as " + dtype);
            }
        }
        try (ModelFile file = ModelFile.open(path)) {
            assertEquals(held(ModelLoader.loadStored(path)), ModelLoader.bytes(file), path + " as stored");
        }
    }

    @Test
    void weightsTakeWhatWasForetoldInEveryFormAndFormat() throws Exception {
        theWeightsAreForetold(Shared.path("models/stories260K/stories260K.bin"));
        theWeightsAreForetold(Shared.path("models/stories260K/stories260K-q8.bin"));
        theWeightsAreForetold(Shared.path("models/books-llama"));
        // Rows of 96 and 160: no whole blocks of the K quants.
        Weights weights = random(ModelConfig.llama(200, 96, 2, 4, 2, 160, 64).withRoleWindows(4).withTiedHead(true));
        ModelWriter.save(folder.resolve("hf"), weights);
        theWeightsAreForetold(folder.resolve("hf"));
        GgufWriter.write(folder.resolve("q4.gguf"), ModelSource.of(weights).as(Dtype.Q4_0), new GgufMetadata.Builder().build());
        theWeightsAreForetold(folder.resolve("q4.gguf"));
    }

    @ParameterizedTest
    @EnumSource
    void aCacheTakesNoMoreThanWasForetoldAndWithoutRolesNearlyThat(KvDtype dtype) {
        ModelConfig plain = ModelConfig.llama(50, 64, 2, 2, 2, 32, 4096);
        for (int tokens : new int[] {1, 64, 300, 2047}) {
            for (int piece : new int[] {1, 16, 256}) {
                KvCache cache = fill(plain, dtype, tokens, piece, new Random(tokens));
                long most = KvCache.mostBytes(plain, dtype, tokens);
                long peak = cache.stats().peakBytes();
                assertTrue(peak <= most, tokens + " tokens in pieces of " + piece + ": " + peak + " of " + most);
                assertTrue(tokens < 2047 || piece < 256 || most - peak < 0.35 * most, tokens + " tokens in pieces of " + piece + ": only " + peak + " of " + most);
            }
        }
    }

    @Test
    void rolesNeverTakeMoreThanWasForetold() {
        for (int[] windows : new int[][] {{4}, {16, 64, 256}, {1000}}) {
            for (int seed = 0; seed < 2; seed++) {
                ModelConfig config = ModelConfig.llama(50, 64, 2, 2, 2, 32, 4096).withRoleWindows(windows);
                int tokens = 500 * (1 + seed);
                for (int piece : new int[] {1, 256}) {
                    long peak = fill(config, KvDtype.BF16, tokens, piece, new Random(seed)).stats().peakBytes();
                    long most = KvCache.mostBytes(config, KvDtype.BF16, tokens);
                    assertTrue(peak <= most, Arrays.toString(windows) + ", seed " + seed + ", pieces of " + piece + ": " + peak + " of " + most);
                }
            }
        }
    }

    /** Of random roles, where the model has any. */
    private static KvCache fill(ModelConfig c, KvDtype dtype, int tokens, int piece, Random random) {
        KvCache cache = KvCache.of(c, dtype, Long.MAX_VALUE);
        float[] k = new float[piece * c.kvDim()];
        float[] v = k.clone();
        for (int done = 0; done < tokens; ) {
            int rows = Math.min(piece, tokens - done);
            for (int layer = 0; layer < c.nLayers(); layer++) {
                int[] roles = new int[rows * c.nKvHeads()];
                Arrays.setAll(roles, i -> c.hasRoles() ? random.nextInt(c.nRoles()) : 0);
                if (rows == 1) {
                    cache.spans(layer, k, 0, v, 0);
                } else {
                    cache.past(layer, roles, 0, rows);
                }
                cache.append(layer, roles, 0, k, 0, v, 0, rows);
            }
            done += rows;
        }
        return cache;
    }

    @Test
    void aSessionTakesNoMoreOfTheHeapThanWasForetold() {
        ModelConfig config = ModelConfig.llama(1000, 128, 4, 4, 4, 256, 4096);
        Weights weights = new Weights(config);
        try (Team team = Team.of(2)) {
            MemoryNeed need = MemoryNeed.of(ModelSource.of(weights), 0, 1500, KvDtype.F32, 2);
            long before = used();
            Session session = new Session(new Transformer(weights, team));
            session.prefill(new int[1500], 0, 1500);
            long took = used() - before;
            long foretold = need.heap() - need.weights();
            assertTrue(took <= 1.1 * foretold && took >= 0.7 * foretold, "took " + took + ", foretold " + foretold);
            assertEquals(1500, session.position());
        }
    }

    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void aBudgetAndAnAttentionWindowLimitTheCache() {
        ModelConfig config = ModelConfig.llama(50, 64, 2, 2, 2, 32, 4096);
        MemoryNeed need = MemoryNeed.of(ModelSource.of(new Weights(config)), 10, 4000, KvDtype.Q8, 3);
        assertEquals(1000, need.withKvBudget(1000).kvCache());
        assertEquals(need.total() - need.kvCache() - need.garbage() + 1500, need.withKvBudget(1000).total());
        assertEquals(need, need.withKvBudget(Long.MAX_VALUE));
        assertEquals(need.total(), List.of(need.weights(), need.kvCache(), need.activations(), need.scratch(), need.tokenizer(), need.garbage(), need.jvm())
                .stream().mapToLong(Long::longValue).sum());
    }

    @Test
    void badNumbersAreNamed() {
        ModelSource source = ModelSource.of(new Weights(ModelConfig.llama(50, 64, 2, 2, 2, 32, 64)));
        assertThrows(IllegalArgumentException.class, () -> MemoryNeed.of(source, -1, 1, KvDtype.F32, 1));
        assertThrows(IllegalArgumentException.class, () -> MemoryNeed.of(source, 0, 0, KvDtype.F32, 1));
        assertThrows(IllegalArgumentException.class, () -> MemoryNeed.of(source, 0, 1, KvDtype.F32, 0));
        assertThrows(IllegalArgumentException.class, () -> KvCache.mostBytes(source.config(), KvDtype.F32, -1));
    }
}
