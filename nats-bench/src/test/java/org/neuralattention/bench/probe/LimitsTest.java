package org.neuralattention.bench.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.neuralattention.bench.probe.Limits.Rates;
import org.neuralattention.bench.result.Limit;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.result.Sample;
import org.neuralattention.bench.result.Unit;
import org.neuralattention.bench.result.Work;

/** The limit of a case is the one that keeps it longest, from the level of memory its bytes fit in. */
class LimitsTest {

    private static final Limits LIMITS = new Limits(new Caches(1_000_000, 10_000_000),
            new TreeMap<>(Map.of(1, new Rates(100, 200, 50, 10), 2, new Rates(200, 400, 80, 15))));

    private static Row row(int threads, int bits, Work work) {
        return LIMITS.apply(Row.of("g", "n", "", threads, bits, Sample.of(Unit.SECONDS, 1e-3)).withWork(work));
    }

    @Test
    void arithmeticOrTheSmallestLevelThatHoldsTheBytes() {
        assertEquals(new Limit("FMA", 0.5), row(1, 512, new Work(5e7, 1000)).limit());
        assertEquals(new Limit("L2", 0.0025), row(1, 512, new Work(0, 500_000)).limit());
        assertEquals(new Limit("L3", 0.1), row(1, 512, new Work(0, 5_000_000)).limit());
        assertEquals(new Limit("DRAM", 2), row(1, 512, new Work(0, 20_000_000)).limit());
    }

    @Test
    void threadsHaveALevelTwoEach() {
        assertEquals("L3", row(1, 512, new Work(0, 1_500_000)).limit().name());
        assertEquals("L2", row(2, 512, new Work(0, 1_500_000)).limit().name());
    }

    @Test
    void noLimitIsNamedWhereNoneIsKnown() {
        assertNull(row(1, 512, Work.NONE).limit());
        assertNull(row(1, 0, new Work(1, 1)).limit());
        assertNull(row(3, 512, new Work(1, 1)).limit());
        assertEquals(List.of(), new Limits(Caches.here(), Collections.emptySortedMap()).describe());
    }

    @Test
    void theProbeFindsMoreInACacheThanInMemory() {
        Rates rates = Probe.measure(List.of(1)).rates().get(1);
        assertTrue(rates.gflops() > 1 && rates.l2() > 1.2 * rates.dram() && rates.dram() > 0.5, rates.toString());
    }
}
