package org.neuralattention.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import picocli.CommandLine;

class ConvertCommandTest {

    @TempDir
    private Path temp;
    private Path model;

    @BeforeEach
    void saveModel() throws Exception {
        model = temp.resolve("model");
        Weights weights = new Weights(ModelConfig.llama(256, 32, 2, 4, 2, 64, 512));
        Random random = new Random(5);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = (float) random.nextGaussian();
            }
        }
        ModelWriter.save(model, weights);
        new ByteTokenizer().save(model);
    }

    private final StringWriter err = new StringWriter();

    private String convert(String... more) {
        StringWriter out = new StringWriter();
        CommandLine line = new CommandLine(new ConvertCommand()).setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            throw e;
        });
        assertEquals(0, line.execute(more), err.toString());
        return out.toString();
    }

    private static String refused(String... more) {
        CommandLine line = new CommandLine(new ConvertCommand()).setErr(new PrintWriter(new StringWriter()));
        String[] message = new String[1];
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            message[0] = ((UserError) e).getMessage();
            return 2;
        });
        assertEquals(2, line.execute(more));
        return message[0];
    }

    @Test
    void theNameOfTheResultSaysTheFormatAndItSaysWhatWasDone() throws Exception {
        Path bin = temp.resolve("model.bin");
        String told = convert(model.toString(), bin.toString());
        assertTrue(told.contains("llama2c") && told.contains("read back and compared"), told);
        assertTrue(err.toString().contains("numbers"), "progress: " + err);
        Path half = temp.resolve("half");
        told = convert(bin.toString(), half.toString(), "--dtype", "bf16", "--shard-size", "10k", "--json");
        assertTrue(told.contains("{\"event\":\"done\",\"out\":\"" + half + "\",\"format\":\"safetensors\",\"dtype\":\"bf16\",\"bytes\":"), told);
        assertTrue(told.contains("\"event\":\"progress\",\"task\":\"numbers\""), told);
        assertTrue(Files.exists(half.resolve("model.safetensors.index.json")));
        assertEquals(Dtype.BF16, ModelLoader.loadStored(half).embedding.dtype());
    }

    @Test
    void mistakesAreOneSentence() throws Exception {
        String out = temp.resolve("out").toString();
        assertTrue(refused(model.toString(), out + ".safetensors").contains("does not say a format"));
        assertTrue(refused(model.toString(), out, "--dtype", "q4_0").contains("safetensors cannot express Q4_0"));
        assertTrue(refused(model.toString(), out, "--dtype", "q9").contains("--dtype q9"));
        assertTrue(refused(model.toString(), model.toString()).contains("is there already"));
        assertTrue(refused(model.toString(), out + ".bin", "--dtype", "f16").contains("llama2c cannot express F16"));
        assertEquals("There is no folder " + temp.resolve("a") + " to write m.gguf into.", refused(model.toString(), temp.resolve("a/m.gguf").toString()));
        assertEquals("OUT is empty.", refused(model.toString(), "", "--to", "gguf"));
        Path lock = temp.resolve("m.gguf.nats-lock");
        try (FileChannel other = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            other.lock();
            assertTrue(refused(model.toString(), temp.resolve("m.gguf").toString()).contains("another conversion is writing it"));
        }
        convert(model.toString(), temp.resolve("m.gguf").toString());
        assertFalse(Files.exists(lock));
    }
}
