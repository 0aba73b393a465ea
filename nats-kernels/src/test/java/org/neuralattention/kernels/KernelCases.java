package org.neuralattention.kernels;

import java.util.Map;
import java.util.TreeMap;
import org.neuralattention.kernels.KernelCase.Maker;

/** All of them, by name, and how long they are tested. */
final class KernelCases {

    /** Set by {@code -Dnats.soak=true}: everything at full length, some minutes per JVM. */
    static final boolean SOAK = Boolean.getBoolean("nats.soak");

    /** {@code -Dnats.seed}: of the first case; the next has the next. Failures name it. */
    static final long SEED = Long.getLong("nats.seed", 1);

    static final Map<String, Maker> ALL = new TreeMap<>();

    static {
        ALL.putAll(LinearCases.ALL);
        ALL.putAll(LinearCases.MAT_VEC);
        ALL.putAll(RowCases.ALL);
        ALL.putAll(DistillationCases.ALL);
        ALL.putAll(AttentionCases.ALL);
    }

    private KernelCases() {}
}
