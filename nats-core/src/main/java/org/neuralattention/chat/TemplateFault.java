package org.neuralattention.chat;

/** What stops a template, before the name of its file and the line are put to it. */
final class TemplateFault extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Which exception the caller sees. */
    enum Kind { WRONG, UNSUPPORTED, REFUSED }

    private final Kind kind;

    private TemplateFault(Kind kind, String problem) {
        super(problem, null, false, false);
        this.kind = kind;
    }

    /** Not a template, or one that does what its language forbids. */
    static TemplateFault wrong(String problem) {
        return new TemplateFault(Kind.WRONG, problem);
    }

    /** Part of Jinja, not of the subset. */
    static TemplateFault unsupported(String construct) {
        return new TemplateFault(Kind.UNSUPPORTED, construct + " is not supported in chat templates here");
    }

    /** The template's own {@code raise_exception}. */
    static TemplateFault refused(String reason) {
        return new TemplateFault(Kind.REFUSED, reason);
    }

    Kind kind() {
        return kind;
    }
}
