package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.testing.Vectors;

/** The models that transformers saved load with their shapes and values, and what we save loads again to the bit. */
class HfModelsTest {

    @TempDir
    Path temp;

    private static Path model(String name) {
        return Vectors.path("hf").resolve(name);
    }

    private static ModelConfig small(boolean tied, int nKvHeads, int headDim, Positions positions) {
        return new ModelConfig(256, 64, 2, 4, nKvHeads, headDim, 128, 256, Norm.RMS, 1e-6f, positions, Activation.SWIGLU, Biases.NONE,
                false, tied, 0, RoleSpace.NONE);
    }

    @Test
    void configurationsAreWhatTheFilesSay() throws IOException {
        Positions rope = new Positions.Rotary(10_000, false, null);
        assertEquals(small(false, 2, 16, rope), ModelLoader.config(model("llama")));
        assertEquals(small(true, 4, 16, rope), ModelLoader.config(model("llama-mha-tied-bf16-sharded")));
        assertEquals(small(false, 2, 32, rope).withTiedHead(true), ModelLoader.config(model("llama-wide-head")));
        assertEquals(small(true, 2, 16, new Positions.Rotary(500_000, false, new Positions.Llama3Scaling(8, 1, 4, 32))),
                ModelLoader.config(model("llama3-rope")));
        assertEquals(new ModelConfig(256, 64, 2, 4, 2, 16, 128, 256, Norm.RMS, 1e-6f, rope, Activation.SWIGLU, Biases.NONE,
                false, false, 9, RoleSpace.NONE), ModelLoader.config(model("mistral-window")));
        assertEquals(new ModelConfig(256, 64, 2, 4, 2, 16, 128, 256, Norm.RMS, 1e-6f, new Positions.Rotary(1_000_000, false, null),
                Activation.SWIGLU, new Biases(true, false, false), false, true, 0, RoleSpace.NONE), ModelLoader.config(model("qwen2")));
        assertEquals(new ModelConfig(256, 64, 2, 4, 2, 32, 128, 256, Norm.RMS, 1e-6f, rope, Activation.SWIGLU, Biases.NONE,
                true, true, 0, RoleSpace.NONE), ModelLoader.config(model("qwen3")));
        assertEquals(new ModelConfig(256, 64, 2, 4, 4, 16, 256, 64, Norm.LAYER, 1e-5f, new Positions.Learned(), Activation.GELU_TANH,
                new Biases(true, true, true), false, true, 0, RoleSpace.NONE), ModelLoader.config(model("gpt2")));
        assertEquals(new ModelConfig(128, 48, 2, 4, 2, 12, 96, 256, Norm.RMS, 1e-5f, rope, Activation.SWIGLU, Biases.NONE,
                false, true, 0, RoleSpace.of(4)), ModelLoader.config(Vectors.path("nats-llama")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "llama-mha-tied-bf16-sharded", "llama-wide-head", "llama3-rope", "mistral-window", "qwen2", "qwen3", "../nats-llama"})
    void everyTensorHoldsTheBytesOfTheFile(String name) throws IOException {
        Map<String, float[]> raw = rawTensors(model(name));
        Weights weights = ModelLoader.load(model(name));
        Map<String, Tensor> exported = TensorLayout.export(weights).stream().collect(Collectors.toMap(Tensor::name, t -> t));
        assertEquals(raw.keySet(), exported.keySet());
        raw.forEach((tensor, values) -> assertArrayEquals(values, exported.get(tensor).data(), tensor));
        assertEquals(weights.config().tiedHead(), weights.head == weights.embedding);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "llama-mha-tied-bf16-sharded", "llama-wide-head", "llama3-rope", "mistral-window", "qwen2", "qwen3", "../nats-llama"})
    void aSavedModelLoadsEqualToTheBit(String name) throws IOException {
        Weights weights = ModelLoader.load(model(name));
        ModelWriter.save(temp, weights);
        Weights again = ModelLoader.load(temp);
        assertEquals(weights.config(), again.config());
        for (int i = 0; i < weights.tensors().size(); i++) {
            Tensor tensor = weights.tensors().get(i);
            assertEquals(tensor.name(), again.tensors().get(i).name());
            assertArrayEquals(bits(tensor.data()), bits(again.tensors().get(i).data()), tensor.name());
        }
        byte[] first = Files.readAllBytes(temp.resolve("model.safetensors"));
        ModelWriter.save(temp, again);
        assertArrayEquals(first, Files.readAllBytes(temp.resolve("model.safetensors")));
    }

    @Test
    void gpt2ProjectionsAreSplitAndTurned() throws IOException {
        Map<String, float[]> raw = rawTensors(model("gpt2"));
        Weights weights = ModelLoader.load(model("gpt2"));
        float[] fused = raw.get("transformer.h.1.attn.c_attn.weight");
        float[] fusedBias = raw.get("transformer.h.1.attn.c_attn.bias");
        float[] up = raw.get("transformer.h.1.mlp.c_fc.weight");
        Weights.Layer layer = weights.layers.get(1);
        for (int out = 0; out < 64; out++) {
            for (int in = 0; in < 64; in++) {
                assertEquals(fused[in * 192 + out], layer.wq.data()[out * 64 + in]);
                assertEquals(fused[in * 192 + 64 + out], layer.wk.data()[out * 64 + in]);
                assertEquals(fused[in * 192 + 128 + out], layer.wv.data()[out * 64 + in]);
                assertEquals(up[in * 256 + out], layer.wUp.data()[out * 64 + in]);
            }
            assertEquals(fusedBias[64 + out], layer.bk.data()[out]);
        }
        assertArrayEquals(raw.get("transformer.wpe.weight"), weights.positions.data());
        assertSame(weights.embedding, weights.head);
        assertNull(layer.wGate);
    }

    @Test
    void gradientsExportUnderTheNamesOfTheGoldens() throws IOException {
        for (String name : List.of("gpt2", "qwen2", "llama")) {
            Map<String, List<Long>> exported = new TreeMap<>();
            for (Tensor tensor : TensorLayout.export(new Weights(ModelLoader.config(model(name))))) {
                exported.put("grad." + tensor.name(), Arrays.stream(tensor.shape()).mapToObj(Long::valueOf).toList());
            }
            try (SafeTensors golden = SafeTensors.open(model(name).resolve("expected.safetensors"))) {
                Map<String, List<Long>> expected = new TreeMap<>();
                golden.names().stream().filter(n -> n.startsWith("grad."))
                        .forEach(n -> expected.put(n, Arrays.stream(golden.shape(n)).boxed().toList()));
                assertEquals(expected, exported);
            }
        }
    }

    @Test
    void doublesAndIntsAreReadAsStored() throws IOException {
        try (SafeTensors golden = SafeTensors.open(Vectors.path("nats-llama/expected.safetensors"))) {
            int[] ids = golden.readInts("input_ids");
            assertEquals(2 * 41, ids.length);
            assertEquals(0, Arrays.stream(ids).filter(id -> id < 0 || id >= 128).count());
            double[] logits = golden.readDoubles("eval.logits");
            float[] rounded = golden.readFloats("eval.logits");
            for (int i = 0; i < logits.length; i++) {
                assertEquals((float) logits[i], rounded[i]);
            }
            assertEquals(SafeTensors.DType.F64, golden.dtype("train.loss"));
        }
    }

    /** Read without any of our code but the JSON: F32, F16 by arithmetic, BF16 by shift, F64 rounded. */
    private static Map<String, float[]> rawTensors(Path directory) throws IOException {
        Map<String, float[]> tensors = new HashMap<>();
        try (var files = Files.newDirectoryStream(directory, "model*.safetensors")) {
            for (Path file : files) {
                rawTensors(file, tensors);
            }
        }
        return tensors;
    }

    private static void rawTensors(Path file, Map<String, float[]> tensors) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()).order(ByteOrder.LITTLE_ENDIAN);
            int headerLength = (int) bytes.getLong(0);
            byte[] header = new byte[headerLength];
            bytes.get(8, header);
            JsonObject json = JsonObject.of(file, Json.parse(file, new String(header, StandardCharsets.UTF_8).strip().getBytes(StandardCharsets.UTF_8)));
            for (String name : json.fields().keySet()) {
                if (name.equals("__metadata__")) {
                    continue;
                }
                List<Integer> offsets = json.object(name).ints("data_offsets");
                int from = 8 + headerLength + offsets.get(0);
                int size = offsets.get(1) - offsets.get(0);
                tensors.put(name, switch (json.object(name).string("dtype")) {
                    case "F64" -> floats(size / 8, i -> (float) bytes.getDouble(from + 8 * i));
                    case "F32" -> floats(size / 4, i -> bytes.getFloat(from + 4 * i));
                    case "BF16" -> floats(size / 2, i -> Float.intBitsToFloat((bytes.getShort(from + 2 * i) & 0xffff) << 16));
                    case "F16" -> floats(size / 2, i -> (float) HalfReference.value(bytes.getShort(from + 2 * i)));
                    default -> throw new AssertionError(name);
                });
            }
        }
    }

    private interface At {
        float get(int i);
    }

    private static float[] floats(int n, At at) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = at.get(i);
        }
        return values;
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
