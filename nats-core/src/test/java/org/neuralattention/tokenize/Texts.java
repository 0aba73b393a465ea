package org.neuralattention.tokenize;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Random texts that are hard on a tokenizer. */
final class Texts {

    private Texts() {}

    /** Pieces from every class of the splitting pattern, from one to four bytes, also halves of surrogate pairs. */
    static Arbitrary<String> any() {
        Arbitrary<String> piece = Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(6, Arbitraries.of("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'", "'S", " ", "  ", "\n", "\t", "\r\n",
                        "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u202f", "\u3000", "\u001c", "\u180e", "\u200b", "!", "?!", "\u2026",
                        "e", "the", "The", "HTMLDoc", "/", "\u01c5", "\u02b0", "\u00e9", "\u00ff", "\u0301", "7", "42", "\u00b2", "\u216b", "\u0660", "\u65e5\u672c", "\ufffd", "\uffff",
                        "\ud83d\ude42", "\ud800\udf48", "\ud835\udfd8", "\ud801\udc00", "\ud83d", "\ude42", "<|endoftext|>", "<|end")),
                net.jqwik.api.Tuple.of(1, Arbitraries.strings().ofMaxLength(8)),
                net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(0, 0x10FFFF).map(Character::toString)));
        return piece.list().ofMaxSize(40).map(pieces -> String.join("", pieces));
    }

    /** The text with U+FFFD for each half of a surrogate pair. */
    static String wellFormed(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().map(c -> c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c).forEach(out::appendCodePoint);
        return out.toString();
    }

    static byte[] utf8(String text) {
        return wellFormed(text).getBytes(StandardCharsets.UTF_8);
    }
}
