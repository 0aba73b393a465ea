package org.neuralattention.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.tokenize.ByteTokenizer;

class ModelTest {

    private static final ModelConfig CONFIG = ModelConfig.llama(256, 32, 2, 4, 2, 64, 512).withRoleWindows(4, 16);

    @TempDir
    Path folder;

    @BeforeEach
    void save() throws IOException {
        ModelWriter.save(folder, SessionTest.random(CONFIG));
        new ByteTokenizer().save(folder);
    }

    @Test
    void aModelIsLoadedAsItIsStoredOrAsAsked() throws IOException {
        try (Model model = Model.load(folder)) {
            assertEquals(CONFIG, model.config());
            assertEquals(Dtype.F32, model.weights().embedding.dtype());
            assertEquals(256, model.tokenizer().vocabSize());
            assertTrue(model.chatTemplate().isEmpty());
            assertEquals(Runtime.getRuntime().availableProcessors(), model.transformer().team().size());
        }
        try (Model model = Model.load(folder, Model.Options.DEFAULT.with(Dtype.Q8_0).withThreads(1))) {
            assertEquals(Dtype.Q8_0, model.weights().embedding.dtype());
            assertEquals(1, model.transformer().team().size());
        }
    }

    @Test
    void theTokenizerMayBeElsewhereAndMustFit(@TempDir Path elsewhere) throws IOException {
        Files.move(folder.resolve("tokenizer.json"), elsewhere.resolve("tokenizer.json"));
        assertThrows(NoSuchFileException.class, () -> Model.load(folder));
        Model.load(folder, Model.Options.DEFAULT.withTokenizer(elsewhere)).close();
        ModelConfig small = ModelConfig.llama(200, 32, 2, 4, 2, 64, 512);
        ModelWriter.save(folder.resolve("small"), SessionTest.random(small));
        String message = assertThrows(ModelFormatException.class, () -> Model.load(folder.resolve("small"), Model.Options.DEFAULT.withTokenizer(elsewhere))).getMessage();
        assertTrue(message.contains("256") && message.contains("200"), message);
        assertThrows(IllegalArgumentException.class, () -> new Model(SessionTest.random(small), new ByteTokenizer(), Team.serial()));
    }

    /** They take turns on the model's threads, a token or a piece each, and none hears of another. */
    @Test
    void sessionsOfSeveralThreadsDoNotDisturbEachOther() throws Exception {
        try (Model model = Model.load(folder); ExecutorService threads = Executors.newFixedThreadPool(4)) {
            Request request = Request.of(40).with(Sampling.of(1, 7));
            List<String> prompts = List.of("a", "It was a dark and stormy night. ".repeat(20), "Call me", "x".repeat(300));
            List<Future<Generation>> futures = new ArrayList<>();
            for (int round = 0; round < 3; round++) {
                for (String prompt : prompts) {
                    futures.add(threads.submit(() -> model.generator().generate(prompt, request)));
                }
            }
            for (int i = 0; i < futures.size(); i++) {
                assertArrayEquals(model.generator().generate(prompts.get(i % 4), request).ids(), futures.get(i).get().ids(), "call " + i);
            }
        }
    }

    @Test
    void aSessionMayHaveABudgetAndAnotherForm() throws IOException {
        try (Model model = Model.load(folder)) {
            Generator generator = model.generator(model.session(KvDtype.Q8, 60_000));
            Generation made = generator.generate("In the beginning", Request.of(5_000));
            assertEquals(Generation.Finish.FULL, made.finish());
            assertTrue(generator.session().cache().stats().peakBytes() <= 60_000);
        }
    }

    @Test
    void aClosedModelRefusesToWork() throws IOException {
        Model model = Model.load(folder);
        Generator generator = model.generator();
        model.close();
        model.close();
        assertThrows(IllegalStateException.class, () -> generator.generate("a", Request.of(1)));
    }
}
