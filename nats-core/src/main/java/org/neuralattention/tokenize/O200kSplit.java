package org.neuralattention.tokenize;

import static org.neuralattention.tokenize.CharClass.LETTER;
import static org.neuralattention.tokenize.CharClass.LOWER;
import static org.neuralattention.tokenize.CharClass.MARK;
import static org.neuralattention.tokenize.CharClass.NUMBER;
import static org.neuralattention.tokenize.CharClass.OTHER;
import static org.neuralattention.tokenize.CharClass.UNCASED;
import static org.neuralattention.tokenize.CharClass.UPPER;

/**
 * Cuts text as the patterns descended from tiktoken's o200k do ({@link Split#O200K}, {@link Split#TEKKEN}), found by hand: like cl100k's, but a word
 * also ends where upper case follows lower, and marks belong to it.
 */
final class O200kSplit {

    /** What a word may begin with, and what it may end with. Both hold the letters without case and the marks. */
    private static final int HEAD = UPPER | UNCASED | MARK;
    private static final int TAIL = LOWER | UNCASED | MARK;

    private O200kSplit() {}

    /**
     * The end of the piece that begins at {@code from < to}; the text ends at {@code to} for the pattern.
     *
     * @param digits how many numbers a piece has at most
     * @param contractions whether a word takes a contraction along
     */
    static int next(String text, int from, int to, int digits, boolean contractions) {
        int word = word(text, from, to);
        if (word > 0) {
            int end = contractions && word < to && text.charAt(word) == '\'' ? Cl100kSplit.contraction(text, word + 1, to) : 0;
            return Math.max(word, end);
        }
        char c = text.charAt(from);
        if ((CharClass.at(text, from, to) & NUMBER) != 0) {
            return Cl100kSplit.numbers(text, from, to, digits);
        }
        int others = c == ' ' ? from + 1 : from;
        int end = CharClass.run(text, others, to, OTHER);
        return end > others ? lineEndsAndSlashes(text, end, to) : Cl100kSplit.spaces(text, from, to, false);
    }

    /** The end of a word, with one other character before it if there is one; 0 if there is none. */
    private static int word(String text, int from, int to) {
        int first = CharClass.at(text, from, to);
        int second = CharClass.after(text, from, to);
        boolean other = (first & (LETTER | NUMBER)) == 0 && text.charAt(from) != '\r' && text.charAt(from) != '\n';
        int end = other ? withTail(text, second, to) : 0;
        if (end == 0 && ((first & HEAD) != 0 || (first & TAIL) != 0)) {
            end = withTail(text, from, to); // a mark may be either
        }
        if (end == 0) { // upper case only
            int start = other ? second : from;
            end = CharClass.run(text, start, to, HEAD);
            return end > start ? end : 0;
        }
        return end;
    }

    /**
     * The end of {@code HEAD*TAIL+} at {@code from}; 0 if it does not match. Where no lower case follows the heads, the last of them that is a tail too
     * is the tail.
     */
    private static int withTail(String text, int from, int to) {
        int last = 0;
        int at = from;
        while (at < to) {
            int bit = CharClass.at(text, at, to);
            if ((bit & HEAD) == 0) {
                break;
            }
            at = CharClass.after(text, at, to);
            last = (bit & TAIL) != 0 ? at : last;
        }
        int end = CharClass.run(text, at, to, TAIL);
        return end > at ? end : last;
    }

    private static int lineEndsAndSlashes(String text, int from, int to) {
        int at = from;
        while (at < to && "\r\n/".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return at;
    }
}
