package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.CounterRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One random number of each kind. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CounterRandomBench implements Counted {

    private long token;

    @Benchmark
    public long bits() {
        return CounterRandom.bits(1, 2, 3, 4, ++token, 0);
    }

    @Benchmark
    public double gumbel() {
        return CounterRandom.gumbel(1, 2, 3, 4, ++token, 0);
    }

    @Benchmark
    public double gaussian() {
        return CounterRandom.gaussian(1, 2, 3, 4, ++token, 0);
    }

    /** Integer arithmetic in registers: nothing of what is counted. */
    @Override
    public Work work(String method) {
        return Work.NONE;
    }
}
