package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** What one {@link Team#run} costs beside its work: every op pays it once or twice. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TeamBench implements Counted {

    @Param({"1", "2"})
    public int threads;

    /** Time between two rounds: at 0 the helpers still spin, at 2000 they have parked. */
    @Param({"0", "2000"})
    public int idleMicros;

    private Team team;

    @Setup
    public void start() {
        team = Team.of(threads);
    }

    @TearDown
    public void stop() {
        team.close();
    }

    /** The idle time is part of what is measured: subtract it. */
    @Benchmark
    public void round() {
        long until = System.nanoTime() + idleMicros * 1000L;
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
        team.run(threads, (task, worker) -> Blackhole.consumeCPU(1));
    }

    /** Nothing but the round itself. */
    @Override
    public Work work(String method) {
        return Work.NONE;
    }
}
