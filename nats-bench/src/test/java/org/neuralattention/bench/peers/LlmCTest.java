package org.neuralattention.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.result.Row;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.train.Init;

/** train_gpt2 finds files in its formats, its steps become a row, and it is stopped when there are enough of them. */
@Timeout(120)
class LlmCTest {

    private static final ModelConfig CONFIG = new ModelConfig(300, 32, 2, 2, 2, 16, 128, 64, Norm.LAYER, 1e-5f, new Positions.Learned(),
            Activation.GELU_TANH, new Biases(true, true, true), false, true, 0, RoleSpace.NONE);

    /** What it prints: a header, steps of 1000, 1001, ... ms, and then it generates text, here for a minute. */
    private static final String STEPS = """
            [ -f gpt2_124M.bin ] || { echo 'Error opening model file'; exit 1; }
            echo '[GPT-2]'
            echo "max_seq_len: 64, $OMP_NUM_THREADS threads"
            echo 'val loss 5.7'
            i=0
            while [ $i -lt 20 ]; do
              echo "step $i: train loss LOSS (took $((1000 + i)).000000 ms)"
              i=$((i + 1))
            done
            echo 'generating:'
            sleep 60
            """;

    @TempDir
    Path folder;

    private Row run(String script) throws IOException {
        return LlmC.of(Scripts.program(folder, script), folder, CONFIG, 1).run(new Rounds(System::nanoTime, 1, 2, 2)).getFirst();
    }

    @Test
    void itsStepsBecomeARowAndItsLossMustBeOurs() throws IOException {
        String told = assertThrows(DisagreementException.class, () -> run(STEPS.replace("LOSS", "0.5"))).getMessage();
        assertTrue(told.startsWith("the loss before the first update is 0.5 for llm.c and 5."), told);
        Row row = run(STEPS.replace("LOSS", told.split(" and ")[1].split(" ")[0]));
        assertEquals(256 / 1.0105, row.versus().sample().median(), 1e-3); // of steps 2 to 19
        assertEquals("llm.c", row.versus().peer());
        assertEquals("at least 4 x", row.goal().text());
    }

    @Test
    void whatIsNotTrainGpt2IsTold() throws IOException {
        assertTrue(assertThrows(UserError.class, () -> run("echo hello")).getMessage().contains("told of 0 steps"));
        assertTrue(assertThrows(UserError.class, () -> run("echo 'Bad version in model file'; exit 1")).getMessage().contains("Bad version in model file"));
    }

    @Test
    void filesAreInItsFormats() throws IOException {
        Weights weights = new Weights(CONFIG);
        try (Team team = Team.of(1)) {
            Init.GPT2.apply(weights, 1, team);
        }
        LlmCFiles.write(folder, weights, new int[] {5, 299, 7});

        ByteBuffer model = read("gpt2_124M.bin");
        int[] header = {20240326, 3, 64, 300, 2, 2, 32, 384};
        for (int i = 0; i < header.length; i++) {
            assertEquals(header[i], model.getInt(4 * i));
        }
        int layer = 2 * 32 + 3 * 32 * 32 + 3 * 32 + 32 * 32 + 32 + 2 * 32 + 128 * 32 + 128 + 32 * 128 + 32;
        assertEquals(1024 + 4 * (384 * 32 + 64 * 32 + 2 * layer + 2 * 32), model.capacity());
        assertFloat(weights.embedding.data()[299 * 32 + 31], model, 299 * 32 + 31);
        assertFloat(0, model, 300 * 32);
        int positions = 384 * 32;
        assertFloat(weights.positions.data()[0], model, positions);
        int norms = positions + 64 * 32;
        assertFloat(1, model, norms);
        int qkv = norms + 2 * 2 * 32;
        assertFloat(weights.layers.get(1).wk.data()[3], model, qkv + 3 * 32 * 32 + 32 * 32 + 3);
        int down = qkv + 2 * (3 * 32 * 32 + 3 * 32 + 32 * 32 + 32 + 2 * 32 + 128 * 32 + 128);
        assertFloat(weights.layers.get(1).wDown.data()[9], model, down + 128 * 32 + 9);

        ByteBuffer tokens = read("dev/data/tinyshakespeare/tiny_shakespeare_train.bin");
        assertEquals(20240520, tokens.getInt(0));
        assertEquals(1, tokens.getInt(4));
        assertEquals(1024 + 2 * tokens.getInt(8), tokens.capacity());
        assertEquals(299, tokens.getShort(1024 + 2 * 4));
        assertEquals(5, tokens.getShort(tokens.capacity() - 2));
        assertEquals(-1, Files.mismatch(folder.resolve("dev/data/tinyshakespeare/tiny_shakespeare_train.bin"),
                folder.resolve("dev/data/tinyshakespeare/tiny_shakespeare_val.bin")));

        ByteBuffer tokenizer = read("gpt2_tokenizer.bin");
        assertEquals(List.of(20240328, 2, 300, 299), List.of(tokenizer.getInt(0), tokenizer.getInt(4), tokenizer.getInt(8), tokenizer.getInt(12)));
        assertEquals(1024 + 600, tokenizer.capacity());
        assertEquals(1, tokenizer.get(1024));
    }

    private ByteBuffer read(String name) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(folder.resolve(name))).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void assertFloat(float expected, ByteBuffer model, int index) {
        assertEquals(expected, model.getFloat(1024 + 4 * index));
    }
}
