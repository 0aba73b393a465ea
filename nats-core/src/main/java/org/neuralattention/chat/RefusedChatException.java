package org.neuralattention.chat;

import org.neuralattention.io.ModelFormatException;

/** A chat template refuses the messages with {@code raise_exception}: for example a system message that its model knows nothing of. */
public final class RefusedChatException extends ModelFormatException {

    private static final long serialVersionUID = 1L;

    private final String reason;

    RefusedChatException(Object file, String reason) {
        super(file, "the chat template refuses these messages: " + reason);
        this.reason = reason;
    }

    /** The template's own words. */
    public String reason() {
        return reason;
    }
}
