package org.neuralattention.bench.peers;

import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import org.neuralattention.bench.peers.Contest.Comparison;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.result.Sample;
import org.neuralattention.bench.result.Unit;

/**
 * Ours against a program that times itself: ours before it and after it, so that a slow drift of the machine meets both.
 *
 * @param ours allocates our side
 * @param theirs runs the program; our side has worked by then
 */
record ProgramMatch(String name, String group, int threads, double flops, Supplier<Entrant> ours, Function<Entrant, Times> theirs, Comparison comparison)
        implements Match {

    /**
     * What a program told of itself.
     *
     * @param peer its name and version
     * @param seconds of each call
     */
    record Times(String peer, double[] seconds) {}

    @Override
    public List<Row> run(Rounds rounds) {
        try (Entrant side = ours.get()) {
            double[] before = time(rounds, side);
            Times told = theirs.apply(side);
            double[] seconds = DoubleStream.concat(DoubleStream.of(before), DoubleStream.of(time(rounds, side))).toArray();
            return List.of(Contest.row(group, threads, comparison, told.peer, seconds, told.seconds, ratio(seconds, told.seconds)));
        }
    }

    private static double[] time(Rounds rounds, Entrant side) {
        return rounds.time(List.of(side), () -> {})[0];
    }

    /** Of medians, for nothing was timed in pairs; from the quartiles that are furthest apart. */
    private static Sample ratio(double[] ours, double[] theirs) {
        Sample o = Sample.of(Unit.SECONDS, ours);
        Sample t = Sample.of(Unit.SECONDS, theirs);
        return new Sample(t.median() / o.median(), t.low() / o.high(), t.high() / o.low(), Unit.RATIO);
    }
}
