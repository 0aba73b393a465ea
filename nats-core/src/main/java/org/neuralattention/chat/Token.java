package org.neuralattention.chat;

/**
 * A piece of a template.
 *
 * @param text a literal's value, a name, a symbol; of the tags' ends what is written
 * @param line from 1
 */
record Token(Kind kind, String text, int line) {

    enum Kind { DATA, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, NAME, STRING, INTEGER, SYMBOL, END }

    boolean is(Kind kind, String text) {
        return this.kind == kind && this.text.equals(text);
    }

    /** For messages. */
    String shown() {
        return switch (kind) {
            case END -> "the end of the template";
            case DATA -> "text";
            case STRING -> "a string";
            default -> "'" + text + "'";
        };
    }
}
