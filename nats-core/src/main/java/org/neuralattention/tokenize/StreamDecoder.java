package org.neuralattention.tokenize;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Decodes ids one by one. The bytes of a character that later ids may complete are held back; all the pieces together with
 * {@link #end} are what {@link Tokenizer#decode} gives for all the ids. For a decoder that was told which ids precede them, they are what
 * decode gives for those and these together, less the text that those complete. For one thread.
 */
public final class StreamDecoder {

    private static final int LONGEST = 4; // bytes of a character

    private final Tokenizer tokenizer;
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private ByteBuffer held = ByteBuffer.allocate(64); // the bytes not decoded yet, from 0 to position

    private int before = -1;

    StreamDecoder(Tokenizer tokenizer, int... before) {
        this.tokenizer = tokenizer;
        int from = before.length;
        for (int bytes = 0; from > 0 && bytes < LONGEST; bytes += tokenizer.bytes(before[from]).length) { // where a character may have begun
            from--;
        }
        for (int id : Arrays.copyOfRange(before, Math.max(0, from - 1), before.length)) {
            next(id);
        }
    }

    /**
     * The text that {@code id} completes; empty if a character is still incomplete.
     *
     * @throws IllegalArgumentException if {@code id} is not in [0, vocabSize)
     */
    public String next(int id) {
        byte[] bytes = tokenizer.bytes(before, id);
        before = id;
        if (held.remaining() < bytes.length) {
            ByteBuffer larger = ByteBuffer.allocate(held.position() + 2 * bytes.length);
            held = larger.put(held.flip());
        }
        held.put(bytes).flip();
        CharBuffer text = CharBuffer.allocate(held.remaining());
        utf8.decode(held, text, false);
        held.compact();
        return text.flip().toString();
    }

    /** What is held back: U+FFFD for an incomplete character, else nothing. The decoder can then be used for another text. */
    public String end() {
        before = -1;
        held.flip();
        CharBuffer text = CharBuffer.allocate(held.remaining() + 1);
        utf8.decode(held, text, true);
        utf8.flush(text);
        utf8.reset();
        held.clear();
        return text.flip().toString();
    }
}
