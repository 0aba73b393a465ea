package org.neuralattention.bench.peers;

/** A library with causal attention, forward and backward. */
public interface AttentionPeer extends Peer {

    /** Causal attention over all keys; the result is out [rows, nHeads, headDim]. */
    Entrant forward(AttentionCase inputs, int threads);

    /** Its gradients: dq, dk, dv [rows, nHeads, headDim], one behind the other. */
    Entrant backward(AttentionCase inputs, int threads);

    /** Only the visible pairs, said by a matrix [nHeads, rows, rows] of 0 and -infinity that is added to the scores. */
    Entrant maskedForward(AttentionCase inputs, int[] lastRow, int threads);

    /** Gradients with the same mask. */
    Entrant maskedBackward(AttentionCase inputs, int[] lastRow, int threads);
}
