package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Assumptions;
import org.neuralattention.testing.Shared;

/** The promise of {@link Tokenizer} for byte-level BPE from each kind of file, with the vocabularies people have. */
class RoundTripTest {

    private static final Map<String, Tokenizer> TOKENIZERS = new LinkedHashMap<>();

    @BeforeContainer
    static void load() throws IOException {
        for (String name : new String[] {"tokenizers/gpt2", "tokenizers/tiktoken/cl100k_base.tiktoken", "tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf",
            "models/books-llama"}) {
            Path path = Path.of(System.getProperty("nats.shared", "../shared")).resolve(name);
            if (Files.exists(path)) {
                TOKENIZERS.put(name, Tokenizers.load(path));
            }
        }
    }

    @Provide
    Arbitrary<String> texts() {
        return Texts.any();
    }

    @Property(tries = 500)
    void decodingWhatWasEncodedGivesTheTextAtOnceAndAsAStream(@ForAll("texts") String text) {
        Shared.path("tokenizers/gpt2");
        assertEquals(4, TOKENIZERS.size());
        TOKENIZERS.forEach((name, tokenizer) -> {
            int[] ids = tokenizer.encode(text);
            assertEquals(Texts.wellFormed(text), tokenizer.decode(ids), name);
            assertEquals(Texts.wellFormed(text), tokenizer.decode(tokenizer.encodeLiteral(text)), name);
            StreamDecoder decoder = tokenizer.streamDecoder();
            StringBuilder streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(decoder.next(id));
            }
            assertEquals(Texts.wellFormed(text), streamed.append(decoder.end()).toString(), name);
        });
    }

    /** Three files say the same of GPT-2, each in its own way. */
    @Property(tries = 500)
    void gpt2sIdsAreTheSameFromEachOfItsFiles(@ForAll("texts") String text) {
        Assumptions.assumeTrue(TOKENIZERS.size() == 4);
        assertArrayEquals(TOKENIZERS.get("tokenizers/gpt2").encode(text), TOKENIZERS.get("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf").encode(text));
    }
}
