package org.neuralattention.bench.jmh;

import org.neuralattention.bench.result.Work;

/** A suite that says what its methods must move. Asked with its parameters set but before its setup. */
public interface Counted {

    /**
     * What one call of a method cannot do without, for these parameters; for methods that count tokens, what one token needs.
     *
     * @param method the benchmark's name, without {@code Scalar}
     */
    Work work(String method);
}
