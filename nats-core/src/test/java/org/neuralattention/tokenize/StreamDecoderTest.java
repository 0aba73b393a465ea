package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class StreamDecoderTest {

    private final Tokenizer bytes = new ByteTokenizer();

    @Test
    void aCharacterComesWithItsLastByte() {
        StreamDecoder decoder = bytes.streamDecoder();
        assertEquals("a", decoder.next('a'));
        assertEquals("", decoder.next(0xF0));
        assertEquals("", decoder.next(0x9F));
        assertEquals("", decoder.next(0x99));
        assertEquals("\ud83d\ude42", decoder.next(0x82));
        assertEquals("", decoder.next(0xE2));
        assertEquals("\ufffdb", decoder.next('b'));
        assertEquals("", decoder.end());
    }

    @Test
    void anIncompleteCharacterIsReplacedAtTheEndAndTheDecoderStartsAnew() {
        StreamDecoder decoder = bytes.streamDecoder();
        assertEquals("", decoder.next(0xE2));
        assertEquals("", decoder.next(0x82));
        assertEquals("\ufffd", decoder.end());
        assertEquals("", decoder.end());
        assertEquals("x", decoder.next('x'));
        assertThrows(IllegalArgumentException.class, () -> decoder.next(256));
        assertEquals("y", decoder.next('y'));
    }

    @Provide
    Arbitrary<List<Integer>> sequences() {
        // lead and continuation bytes of every kind, so that most sequences are nearly UTF-8
        Arbitrary<Integer> lead = Arbitraries.of((int) 'a', 0xC2, 0xDF, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xC0, 0xF5, 0xFF);
        Arbitrary<Integer> continuation = Arbitraries.of(0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF);
        return Arbitraries.oneOf(lead, continuation, continuation, Arbitraries.integers().between(0, 255)).list().ofMaxSize(60);
    }

    @Property(tries = 2000)
    void thePiecesAreTheTextOfAllTheIds(@ForAll("sequences") List<Integer> ids) {
        StreamDecoder decoder = bytes.streamDecoder();
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            String piece = decoder.next(id);
            assertFalse(!piece.isEmpty() && Character.isHighSurrogate(piece.charAt(piece.length() - 1)));
            text.append(piece);
        }
        text.append(decoder.end());
        assertEquals(bytes.decode(ids.stream().mapToInt(i -> i).toArray()), text.toString());
    }

    @Test
    void tokensLongerThanTheBufferPass() {
        String content = "<|" + "\u00e9".repeat(500) + "|>";
        BpeModel model = new BpeModel(ByteTokenizer.MODEL.vocab(), List.of(), List.of(new AddedToken(256, content, true)));
        StreamDecoder decoder = new BpeTokenizer(model, Boundaries.NONE).streamDecoder();
        assertEquals("", decoder.next(0xC3));
        assertEquals("\ufffd" + content, decoder.next(256));
    }
}
