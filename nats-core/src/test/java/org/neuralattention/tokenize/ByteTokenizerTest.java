package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.OptionalInt;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ByteTokenizerTest {

    private final Tokenizer tokenizer = new ByteTokenizer();

    @Provide
    Arbitrary<String> texts() {
        return Texts.any();
    }

    @Property(tries = 500)
    void idsAreTheBytesOfUtf8(@ForAll("texts") String text) {
        byte[] bytes = Texts.utf8(text);
        assertArrayEquals(IntStream.range(0, bytes.length).map(i -> bytes[i] & 0xFF).toArray(), tokenizer.encode(text));
        assertEquals(Texts.wellFormed(text), tokenizer.decode(tokenizer.encode(text)));
    }

    @Test
    void thereAre256AndNoBeginningOrEnd() {
        assertEquals(256, tokenizer.vocabSize());
        assertEquals(OptionalInt.empty(), tokenizer.bosId());
        assertEquals(OptionalInt.empty(), tokenizer.eosId());
        assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(256));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(-1));
    }

    @Test
    void bytesThatAreNotUtf8BecomeReplacementCharacters() {
        assertEquals("\ufffdA\ufffd", tokenizer.decode(0xE2, 'A', 0xFF));
    }
}
