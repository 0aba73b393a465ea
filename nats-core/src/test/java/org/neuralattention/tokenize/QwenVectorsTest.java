package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.testing.Vectors;

class QwenVectorsTest {

    @TempDir
    Path dir;

    @Test
    void qwensTokenizerGivesTheIdsOfHuggingFace() throws IOException {
        JsonObject vectors = JsonObject.read(Vectors.path("qwen2.5-tokenizer.json"));
        Files.writeString(dir.resolve("tokenizer.json"), Json.compact(vectors.object("tokenizer").fields()));
        Tokenizer qwen = Tokenizers.load(dir);
        assertEquals(130, vectors.list("texts").size());
        for (Object element : vectors.list("texts")) {
            JsonObject row = JsonObject.of("texts", element);
            int[] ids = row.ints("ids").stream().mapToInt(i -> i).toArray();
            assertArrayEquals(ids, qwen.encode(row.string("text")), row.string("text"));
            assertEquals(Normalizer.normalize(row.string("text"), Normalizer.Form.NFC), qwen.decode(ids));
        }
    }
}
