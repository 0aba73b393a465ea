package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class Gpt2SplitTest {

    /** The pattern, with Unicode's white space where Java's \s knows only ASCII's. */
    private static final Pattern PATTERN = Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{IsWhite_Space}\\p{L}\\p{N}]+|\\p{IsWhite_Space}+(?!\\P{IsWhite_Space})|\\p{IsWhite_Space}+");

    private static List<String> split(String text) {
        List<String> pieces = new ArrayList<>();
        for (int from = 0; from < text.length();) {
            int to = Gpt2Split.next(text, from, text.length());
            pieces.add(text.substring(from, to));
            from = to;
        }
        return pieces;
    }

    @Provide
    Arbitrary<String> texts() {
        return Texts.any();
    }

    @Property(tries = 2000)
    void piecesAreThoseOfThePattern(@ForAll("texts") String text) {
        assertEquals(PATTERN.matcher(text).results().map(m -> m.group()).toList(), split(text));
    }

    @Test
    void everyCharacterIsInTheClassOfThePattern() {
        for (int first = 0; first <= 0x10FFFF; first += 256) {
            StringBuilder text = new StringBuilder();
            int step = first < 0x20000 ? 1 : 15; // beyond are long runs of ideographs and of nothing
            for (int c = first; c < first + 256; c += step) {
                text.append(' ').appendCodePoint(c).append("x1!");
            }
            assertEquals(PATTERN.matcher(text).results().map(m -> m.group()).toList(), split(text.toString()), Integer.toHexString(first));
        }
    }

    @Test
    void aPieceEndsWhereItIsToldTo() {
        assertEquals(3, Gpt2Split.next("abcdef", 0, 3));
        assertEquals(2, Gpt2Split.next("  x", 0, 2));
        assertEquals(1, Gpt2Split.next("'re", 0, 2));
        assertEquals(1, Gpt2Split.next("\ud83d\ude42", 0, 1));
    }
}
