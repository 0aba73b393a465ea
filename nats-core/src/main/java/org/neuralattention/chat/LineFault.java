package org.neuralattention.chat;

/** A {@link TemplateFault} and the line of the template it happened in. */
final class LineFault extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int line;
    private final TemplateFault fault;

    LineFault(int line, TemplateFault fault) {
        super(fault.getMessage(), null, false, false);
        this.line = line;
        this.fault = fault;
    }

    int line() {
        return line;
    }

    TemplateFault fault() {
        return fault;
    }
}
