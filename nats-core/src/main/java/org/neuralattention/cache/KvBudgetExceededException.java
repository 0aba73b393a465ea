package org.neuralattention.cache;

/**
 * A step could need more memory than the cache's byte budget allows. The step has changed nothing: the cache stays usable, for a smaller
 * one or as it is. What earlier steps took in stays, also earlier pieces of the same prefill.
 */
public final class KvBudgetExceededException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final long needed;
    private final long allowed;

    KvBudgetExceededException(int rows, long needed, long allowed) {
        super("the KV cache could need " + needed + " bytes for " + rows + " more tokens, but its budget is " + allowed);
        this.needed = needed;
        this.allowed = allowed;
    }

    /** Bytes the step could need in the worst case, those held now included. */
    public long needed() {
        return needed;
    }

    /** The budget in bytes. */
    public long allowed() {
        return allowed;
    }
}
