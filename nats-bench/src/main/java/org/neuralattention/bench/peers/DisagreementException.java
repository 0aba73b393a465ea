package org.neuralattention.bench.peers;

/** Ours and a peer's results differ by more than rounding: one of the two is wrong. */
public final class DisagreementException extends RuntimeException {

    private static final long serialVersionUID = 1;

    DisagreementException(String message) {
        super(message);
    }
}
