package org.neuralattention.tokenize;

/**
 * A way to cut text into pieces that merges do not cross. Each is named for who introduced it and stands for a regular expression, whose matches
 * and the text between them are the pieces; it is matched by hand, in one pass.
 *
 * <p>In the expressions {@code \s} is Unicode's White_Space, {@code \p} a general category of Unicode, and case is Unicode's too.
 */
public enum Split {

    /** GPT-2's; also that of tiktoken's r50k and of Hugging Face's ByteLevel. */
    GPT2("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+") {
        @Override
        int next(String text, int from, int to) {
            return Gpt2Split.next(text, from, to);
        }
    },

    /**
     * That of tiktoken's cl100k: as Llama 3's, but white space that ends the text is one piece whatever line ends it has. (tiktoken writes it with
     * {@code $} and possessive quantifiers, which mean something else in Hugging Face's engine.)
     */
    CL100K("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+\\z|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") {
        @Override
        int next(String text, int from, int to) {
            return Cl100kSplit.next(text, from, to, 3, true);
        }
    },

    /** Llama 3's: cl100k's as first published. */
    LLAMA3("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") {
        @Override
        int next(String text, int from, int to) {
            return Cl100kSplit.next(text, from, to, 3, false);
        }
    },

    /** Qwen 2's and 3's: Llama 3's, but each digit is a piece. */
    QWEN2("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") {
        @Override
        int next(String text, int from, int to) {
            return Cl100kSplit.next(text, from, to, 1, false);
        }
    },

    /** That of tiktoken's o200k, of Llama 4 and of GPT-4o's relatives. */
    O200K("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") {
        @Override
        int next(String text, int from, int to) {
            return O200kSplit.next(text, from, to, 3, true);
        }
    },

    /** Mistral's Tekken: o200k's without contractions, and each digit is a piece. */
    TEKKEN("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
            + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") {
        @Override
        int next(String text, int from, int to) {
            return O200kSplit.next(text, from, to, 1, false);
        }
    },

    /** Each number is a piece; before another split, as in SmolLM. */
    DIGITS("\\p{N}") {
        @Override
        int next(String text, int from, int to) {
            return (CharClass.at(text, from, to) & CharClass.NUMBER) != 0
                    ? CharClass.after(text, from, to)
                    : CharClass.run(text, from, to, ~CharClass.NUMBER);
        }
    },

    /** Runs of numbers. */
    NUMBERS("\\p{N}+") {
        @Override
        int next(String text, int from, int to) {
            int numbers = CharClass.run(text, from, to, CharClass.NUMBER);
            return numbers > from ? numbers : CharClass.run(text, from, to, ~CharClass.NUMBER);
        }
    },

    /** Falcon's first: runs of punctuation, with the symbols of ASCII. */
    PUNCTUATION("[\\p{P}\\$\\+<=>\\^~\\|`]+") {
        @Override
        int next(String text, int from, int to) {
            return punctuation(text, from, to, "$+<=>^~|`");
        }
    },

    /** The same without the grave accent: the first of llama.cpp's default. */
    PUNCTUATION_WITHOUT_GRAVE("[\\p{P}\\$\\+<=>\\^~\\|]+") {
        @Override
        int next(String text, int from, int to) {
            return punctuation(text, from, to, "$+<=>^~|");
        }
    },

    /** Falcon's last: digits of ASCII in threes, from the left. */
    DIGITS_IN_THREES("[0-9][0-9][0-9]") {
        @Override
        int next(String text, int from, int to) {
            int at = from;
            while (at < to && !threeDigits(text, at, to)) {
                at++;
            }
            return at > from || at == to ? at : at + 3;
        }
    };

    private final String pattern;

    Split(String pattern) {
        this.pattern = pattern;
    }

    /** The regular expression that this split stands for. */
    public String pattern() {
        return pattern;
    }

    /** Whether all of any text matches the expression. */
    boolean coversAll() {
        return ordinal() <= TEKKEN.ordinal();
    }

    /** The end of the piece that begins at {@code from < to}; for the expression the text begins at a piece and ends at {@code to}. */
    abstract int next(String text, int from, int to);

    private static int punctuation(String text, int from, int to, String symbols) {
        boolean first = isPunctuation(text, from, to, symbols);
        int at = from;
        while (at < to && isPunctuation(text, at, to, symbols) == first) {
            at = CharClass.after(text, at, to);
        }
        return at;
    }

    private static boolean isPunctuation(String text, int at, int to, String symbols) {
        return (CharClass.at(text, at, to) & CharClass.PUNCTUATION) != 0 || symbols.indexOf(text.charAt(at)) >= 0;
    }

    private static boolean threeDigits(String text, int at, int to) {
        return to - at >= 3 && isDigit(text.charAt(at)) && isDigit(text.charAt(at + 1)) && isDigit(text.charAt(at + 2));
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
