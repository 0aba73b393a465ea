package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

class ModelFileTest {

    @TempDir
    private Path temp;

    private static Weights random() {
        Weights weights = new Weights(ModelConfig.llama(16, 32, 1, 2, 1, 48, 32).withRoleWindows(4));
        Random random = new Random(1);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = random.nextFloat() - 0.5f;
            }
        }
        return weights;
    }

    private ModelFile saved() throws IOException {
        ModelWriter.save(temp, random());
        return ModelFile.open(temp);
    }

    @Test
    void aTensorIsReadWholeOrByRowsInAnyOrder() throws IOException {
        Weights weights = random();
        try (ModelFile file = saved()) {
            assertEquals(weights.config(), file.config());
            for (Tensor tensor : weights.tensors()) {
                assertEquals(Dtype.F32, file.dtype(tensor));
                float[] whole = new float[tensor.size()];
                file.read(tensor).expand(whole, 0, 0, tensor.rows());
                assertArrayEquals(tensor.data(), whole, tensor.name());
                float[] row = new float[tensor.cols()];
                for (int r = tensor.rows() - 1; r >= 0; r -= 3) {
                    file.rows(tensor).read(row, r, 1);
                    assertArrayEquals(Arrays.copyOfRange(tensor.data(), r * row.length, (r + 1) * row.length), row, tensor.name());
                }
            }
        }
    }

    @Test
    void aRoundedSourceChangesMatricesOnly() throws IOException {
        Weights weights = random();
        try (ModelFile file = saved()) {
            for (ModelSource source : new ModelSource[] {file.as(Dtype.Q8_0), ModelSource.of(weights).as(Dtype.Q8_0)}) {
                Weights expected = weights.as(Dtype.Q8_0);
                for (Tensor tensor : expected.tensors()) {
                    assertEquals(tensor.dtype(), source.dtype(tensor), tensor.name());
                    assertEquals(tensor.dtype(), source.read(tensor).dtype(), tensor.name());
                    float[] a = new float[tensor.size()];
                    float[] b = new float[tensor.size()];
                    tensor.matrix().expand(a, 0, 0, tensor.rows());
                    source.rows(tensor).read(b, 0, tensor.rows());
                    assertArrayEquals(a, b, tensor.name());
                }
            }
        }
    }

    @Test
    void theChatTemplateIsTakenFromWhereItIs() throws IOException {
        try (ModelFile file = saved()) {
            assertEquals(Optional.empty(), file.chatTemplate());
            Path config = temp.resolve("tokenizer_config.json");
            Files.writeString(config, "{\"chat_template\": null}");
            assertEquals(Optional.empty(), file.chatTemplate());
            Files.writeString(config, "{\"chat_template\": \"{{ x }}\"}");
            assertEquals(Optional.of("{{ x }}"), file.chatTemplate());
            Files.writeString(config, "{\"chat_template\": [{\"name\": \"tools\", \"template\": \"a\"}, {\"name\": \"default\", \"template\": \"b\"}]}");
            assertEquals(Optional.of("b"), file.chatTemplate());
            Files.writeString(config, "{\"chat_template\": [{\"name\": \"tools\", \"template\": \"a\"}]}");
            assertThrows(UnsupportedModelException.class, file::chatTemplate);
            Files.writeString(config, "{\"chat_template\": 1}");
            assertThrows(ModelFormatException.class, file::chatTemplate);
            Files.writeString(temp.resolve("chat_template.jinja"), "{{ own }}");
            assertEquals(Optional.of("{{ own }}"), file.chatTemplate());
            Files.write(temp.resolve("chat_template.jinja"), new byte[] {(byte) 0xff});
            assertThrows(ModelFormatException.class, file::chatTemplate);
        }
    }

    @Test
    void oneFileOfAFolderIsToldFromACheckpoint() throws IOException {
        saved().close();
        for (String name : List.of("config.json", "model.safetensors")) {
            ModelFormatException e = assertThrows(ModelFormatException.class, () -> ModelFile.open(temp.resolve(name)));
            assertEquals(temp.resolve(name) + ": is one file of a Hugging Face model: give the folder that it is in", e.getMessage());
        }
    }

    @Test
    void whatIsNoModelIsRefusedByName() throws IOException {
        Path text = Files.writeString(temp.resolve("text"), "a text");
        for (Path path : new Path[] {text, temp.resolve("absent"), temp}) {
            String message = assertThrows(ModelFormatException.class, () -> ModelFile.open(path)).getMessage();
            assertTrue(message.startsWith(path.toString()), message);
        }
    }
}
