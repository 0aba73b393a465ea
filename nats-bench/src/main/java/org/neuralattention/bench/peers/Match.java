package org.neuralattention.bench.peers;

import java.util.List;
import org.neuralattention.bench.result.Row;

/** Something of ours beside the same of somebody else, measured together and chosen by its name. */
interface Match {

    String name();

    int threads();

    /** Operations of one round: what it will cost. */
    double flops();

    List<Row> run(Rounds rounds);
}
