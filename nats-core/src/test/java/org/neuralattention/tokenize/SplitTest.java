package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SplitTest {

    /** The expression for Java: white space and case are Unicode's, and $ is the end of the text, not also the line end before it. */
    private static Pattern java(Split split) {
        return java(split.pattern());
    }

    private static Pattern java(String pattern) {
        return Pattern.compile(pattern.replace("\\s", "\\p{IsWhite_Space}").replace("\\S", "\\P{IsWhite_Space}")
                .replace("(?i:", "(?iu:").replace("$|", "\\z|"));
    }

    private static List<String> expected(Pattern pattern, String text) {
        List<String> pieces = new ArrayList<>();
        int end = 0;
        for (Matcher m = pattern.matcher(text); m.find(); end = m.end()) {
            if (m.start() > end) {
                pieces.add(text.substring(end, m.start()));
            }
            pieces.add(m.group());
        }
        if (end < text.length()) {
            pieces.add(text.substring(end));
        }
        return pieces;
    }

    private static List<String> pieces(Split split, String text) {
        List<String> pieces = new ArrayList<>();
        for (int from = 0; from < text.length();) {
            int to = split.next(text, from, text.length());
            if (to <= from) {
                fail(split + " makes an empty piece at " + from + " of " + text);
            }
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
    void piecesAreThoseOfTheExpression(@ForAll("texts") String text) {
        for (Split split : Split.values()) {
            assertEquals(expected(java(split), text), pieces(split, text), split.name());
        }
    }

    /** As tiktoken's openai_public.py has them today. */
    @Property(tries = 1000)
    void tiktokensOwnExpressionsMeanTheSame(@ForAll("texts") String text) {
        assertEquals(expected(java("'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s"), text),
                pieces(Split.GPT2, text));
        assertEquals(expected(java("'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+"
                + "|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s"), text), pieces(Split.CL100K, text));
    }

    @ParameterizedTest
    @EnumSource
    void everyCharacterIsInTheClassesOfTheExpression(Split split) {
        Pattern pattern = java(split);
        for (int first = 0; first <= 0x10FFFF; first += 256) {
            StringBuilder text = new StringBuilder();
            boolean alike = first >= 0x3400 && first < 0xA000 || first >= 0xAC00 && first < 0xD700 || first >= 0x20000;
            int step = alike ? 51 : 1; // long runs of ideographs, of syllables, and of nothing
            for (int c = first; c < first + 256; c += step) {
                String s = Character.toString(c);
                text.append(' ').append(s).append("x1").append(s).append(s).append("!'").append(s).append("\n ").append(s).append("\t\n");
            }
            assertEquals(expected(pattern, text.toString()), pieces(split, text.toString()), split + " " + Integer.toHexString(first));
        }
    }

    /** All texts of up to five and four characters of the ones that matter to the expressions. */
    @ParameterizedTest
    @EnumSource
    void shortTextsAreCutAsByTheExpression(Split split) {
        allTexts(split, 5, "a", "S", "l", "\u017f", "'", "1", " ", "\t", "\r", "\n", "!", "\ud83d\ude42");
        allTexts(split, 4, "a", "S", "d", "'", "1", " ", "\n", "/", "\u0301", "\u65e5", "\u01c5", "\u02b0", "\ud801\udc00", "\ud801\udc28", "\u2003", "!");
    }

    private static void allTexts(Split split, int length, String... characters) {
        Pattern pattern = java(split);
        int n = characters.length;
        for (int code = 0; code < Math.pow(n, length); code++) {
            StringBuilder text = new StringBuilder();
            for (int rest = code; rest > 0; rest /= n) {
                text.append(characters[rest % n]);
            }
            assertEquals(expected(pattern, text.toString()), pieces(split, text.toString()), () -> split + " of " + text);
        }
    }

    @ParameterizedTest
    @EnumSource
    void forTheExpressionATextEndsWhereItIsTold(Split split) {
        String text = "a's\n  x'LL 1234!\r\n\ud83d\ude42 ";
        for (int to = 1; to <= text.length(); to++) {
            int end = 0;
            for (String piece : expected(java(split), text.substring(0, to))) {
                int next = split.next(text, end, to);
                assertEquals(end + piece.length(), next, split + " after " + end + " of " + to);
                end = next;
            }
        }
    }

    @Test
    void caseEndsWordsWhereTheExpressionSaysSo() {
        String text = "iPhone's HTMLDoc\u65e5A1234/\n";
        assertEquals(List.of("i", "Phone's", " HTMLDoc\u65e5", "A", "123", "4", "/\n"), pieces(Split.O200K, text));
        assertEquals(List.of("i", "Phone", "'s", " HTMLDoc\u65e5", "A", "1", "2", "3", "4", "/\n"), pieces(Split.TEKKEN, text));
    }

    /** What the expressions differ in, spelled out. */
    @Test
    void eachSplitCutsInItsOwnWay() {
        String text = "I'LL pay  12345,67\n\n  ";
        assertEquals(List.of("I", "'", "LL", " pay", " ", " 12345", ",", "67", "\n\n  "), pieces(Split.GPT2, text));
        assertEquals(List.of("I", "'LL", " pay", " ", " ", "123", "45", ",", "67", "\n\n", "  "), pieces(Split.LLAMA3, text));
        assertEquals(List.of("I", "'LL", " pay", " ", " ", "123", "45", ",", "67", "\n\n  "), pieces(Split.CL100K, text));
        assertEquals(List.of("I", "'LL", " pay", " ", " ", "1", "2", "3", "4", "5", ",", "6", "7", "\n\n", "  "), pieces(Split.QWEN2, text));
        assertEquals(List.of("I'LL pay  ", "1", "2", "3", "4", "5", ",", "6", "7", "\n\n  "), pieces(Split.DIGITS, text));
        assertEquals(List.of("I'LL pay  ", "12345", ",", "67", "\n\n  "), pieces(Split.NUMBERS, text));
        assertEquals(List.of("I", "'", "LL pay  12345", ",", "67\n\n  "), pieces(Split.PUNCTUATION, text));
        assertEquals(List.of("I'LL pay  ", "123", "45,67\n\n  "), pieces(Split.DIGITS_IN_THREES, text));
    }
}
