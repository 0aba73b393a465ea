package org.neuralattention.bench.peers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.Supplier;
import org.neuralattention.bench.result.Goal;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.result.Sample;
import org.neuralattention.bench.result.Unit;
import org.neuralattention.bench.result.Versus;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Kernels;

/**
 * One case with all who take part in it, timed in the same rounds: each comparison is a row.
 *
 * @param name what a user selects it by
 * @param flops of one round, all sides together: what it will cost
 * @param sides allocates inputs, outputs and the peers' copies; closed when the contest is over
 */
record Contest(String name, String group, int threads, double flops, Supplier<List<Entrant>> sides, List<Comparison> comparisons)
        implements Match {

    /**
     * One of our sides against one of theirs.
     *
     * @param ours index of a side
     * @param theirs index of a side
     * @param name what our side runs
     * @param work of one call of ours, or of one token
     * @param terms added for one element of the result; 0 where the two compute different things and agree with others
     * @param tokens of one call, where tokens per second are told; 0 where the time of a call is
     * @param goal from how many times as fast ours was; null without one
     */
    record Comparison(int ours, int theirs, String peer, String name, String parameters, Work work, double terms, int tokens,
            DoubleFunction<Goal> goal) {}

    /** Lets all results agree, then times all sides. */
    @Override
    public List<Row> run(Rounds rounds) {
        List<Entrant> entrants = sides.get();
        try {
            return rows(rounds.time(entrants, () -> agree(entrants)));
        } finally {
            entrants.forEach(Entrant::close);
        }
    }

    private void agree(List<Entrant> entrants) {
        for (Comparison c : comparisons) {
            if (c.terms > 0) {
                Agreement.check(group + " " + c.name + " " + c.parameters + " against " + c.peer, entrants.get(c.ours), entrants.get(c.theirs), c.terms);
            }
        }
    }

    private List<Row> rows(double[][] seconds) {
        List<Row> rows = new ArrayList<>();
        for (Comparison c : comparisons) {
            double[] ours = seconds[c.ours];
            double[] theirs = seconds[c.theirs];
            rows.add(row(group, threads, c, c.peer, ours, theirs, Sample.ratio(ours, theirs)));
        }
        return rows;
    }

    static Row row(String group, int threads, Comparison c, String peer, double[] ours, double[] theirs, Sample ratio) {
        Row row = Row.of(group, c.name, c.parameters, threads, Kernels.vectorBits(), sample(ours, c.tokens))
                .withWork(c.work).withVersus(new Versus(peer, sample(theirs, c.tokens), ratio));
        return c.goal == null ? row : row.withGoal(c.goal.apply(ratio.median()));
    }

    private static Sample sample(double[] seconds, int tokens) {
        return tokens == 0 ? Sample.of(Unit.SECONDS, seconds)
                : Sample.of(Unit.TOKENS_PER_SECOND, Arrays.stream(seconds).map(call -> tokens / call).toArray());
    }
}
