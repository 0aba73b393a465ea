package org.neuralattention.bench.peers;

/**
 * One computation of one side, with inputs, outputs and memory of its own, that can be repeated. Results are read in our layout, whatever
 * the side's own is.
 */
public interface Entrant extends AutoCloseable {

    /** What must happen before every call and is not timed, such as a forward pass before a backward pass. */
    default void prepare() {}

    /** One call: what is timed. The result overwrites that of the call before. */
    void run();

    /** How many floats {@link #read} knows. */
    int size();

    /** How many results of one size lie behind each other, such as three gradients. */
    default int parts() {
        return 1;
    }

    /** into[i] = result[from + i] for i in [0, length). */
    void read(int from, float[] into, int length);

    /** Milliseconds after a call until the side's threads no longer wait for work on a core that the next side needs. */
    default int idleMillis() {
        return 0;
    }

    @Override
    void close();
}
