package org.neuralattention.bench.results;

import java.io.IOException;

/** Something that takes minutes, is done once, and leaves a file of lines of JSON that says what came of it. */
interface Job {

    /** Of its file, and of its folder if it has one: {@code budgets-20-seed1}. */
    String name();

    /** The command of {@code nats} behind it, for people. */
    String command(Place place);

    /**
     * Does it, or goes on where it was interrupted.
     *
     * @return its lines of JSON; null if it was interrupted again
     */
    String run(Place place) throws IOException;
}
