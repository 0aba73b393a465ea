package org.neuralattention.chat;

/**
 * What a rendering may cost, so that no template runs or grows without end: one step for each thing it evaluates, and for the characters and
 * list elements it makes as many as keep time and memory within bounds.
 */
final class Steps {

    /** Ten million steps take less than a second and make at most 40 million characters or 600,000 list elements. */
    private static final long LIMIT = 10_000_000;

    /** A real template copies a content some ten times: a quarter of a step for each character and copy. */
    private static final long PER_CONTENT_CHARACTER = 64;

    private static final int PER_ELEMENT = 16;
    private static final int CHARACTERS_PER_STEP = 4;

    private final long limit;
    private long left;

    /** @param contentLength characters of all messages: what is rendered may cost in proportion to it */
    Steps(long contentLength) {
        limit = LIMIT + PER_CONTENT_CHARACTER * contentLength;
        left = limit;
    }

    void step() {
        spend(1);
    }

    /** Before a text of so many characters is made. */
    void characters(long n) {
        spend(n / CHARACTERS_PER_STEP);
    }

    /** Before a list of so many elements is made. */
    void elements(long n) {
        spend(PER_ELEMENT * n);
    }

    private void spend(long steps) {
        left -= steps;
        if (left < 0) {
            throw TemplateFault.wrong("needs more than " + limit + " steps: it does not end, or makes far too much text");
        }
    }
}
