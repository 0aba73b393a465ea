package org.neuralattention.bench.survey;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.neuralattention.bench.jmh.AdamWBench;
import org.neuralattention.bench.jmh.AddBench;
import org.neuralattention.bench.jmh.BiasBench;
import org.neuralattention.bench.jmh.CounterRandomBench;
import org.neuralattention.bench.jmh.CrossEntropyBench;
import org.neuralattention.bench.jmh.DecodeAttentionBench;
import org.neuralattention.bench.jmh.EmbeddingBench;
import org.neuralattention.bench.jmh.GeluBench;
import org.neuralattention.bench.jmh.GradNormBench;
import org.neuralattention.bench.jmh.KlDivergenceBench;
import org.neuralattention.bench.jmh.KvCacheBench;
import org.neuralattention.bench.jmh.LayerNormBench;
import org.neuralattention.bench.jmh.MatMulBench;
import org.neuralattention.bench.jmh.MatVecBench;
import org.neuralattention.bench.jmh.RmsNormBench;
import org.neuralattention.bench.jmh.RoleGradientBench;
import org.neuralattention.bench.jmh.RopeBench;
import org.neuralattention.bench.jmh.SmolLmBench;
import org.neuralattention.bench.jmh.SparseAttentionBench;
import org.neuralattention.bench.jmh.SquaredDistanceBench;
import org.neuralattention.bench.jmh.SwiGluBench;
import org.neuralattention.bench.jmh.TeamBench;
import org.neuralattention.bench.jmh.TrainingStepBench;
import org.neuralattention.bench.result.Row;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * A line for every kernel and for the whole model: one case of each suite, run by JMH in a JVM of its own. Kernels with a parameter
 * {@code threads} run with one thread and with all, whole stages with all.
 *
 * @param quick one case per kernel, with all threads only and in shorter iterations: about a minute instead of seven
 * @param cores of this machine
 */
public record Survey(boolean quick, int cores) {

    private static final int WARM_UP = 4;
    private static final int WARM_UP_MILLIS = 250; // less than a second in all compiles too little
    private static final String THREADS = "threads";

    /** A matrix of which even the 141 MB in q4 are four times as large as most machines' last-level cache. */
    private static final String LARGE = "1 61440 4096";

    /** What forks print, such as the warning that the Vector API incubates, is not for the table. */
    private static final OutputFormat SILENT = OutputFormatFactory.createFormatInstance(new PrintStream(OutputStream.nullOutputStream()), VerboseMode.SILENT);

    /** Whole stages take milliseconds to a second, and their iterations are longer. */
    private static final Set<Class<?>> STAGES = Set.of(SmolLmBench.class, TrainingStepBench.class);

    /**
     * One benchmark; a parameter that is not given takes all its values.
     *
     * @param quick whether a quick survey runs it too
     */
    record Case(boolean quick, Class<?> suite, String method, Map<String, String> params) {

        String benchmark() {
            return suite.getName() + "." + method;
        }

        boolean hasThreads() {
            return Arrays.stream(suite.getFields()).anyMatch(field -> field.isAnnotationPresent(Param.class) && field.getName().equals(THREADS));
        }
    }

    static final List<Case> CASES = List.of(
            of(MatMulBench.class, "product", "shape=abt 1024 1024 1024"),
            more(MatMulBench.class, "product", "shape=ab 1024 1024 1024"),
            more(MatMulBench.class, "product", "shape=atb 1024 1024 1024"),
            more(MatMulBench.class, "product", "shape=abt 33 576 1536"),
            of(MatVecBench.class, "forward", "shape=" + LARGE, "dtype=F32"),
            more(MatVecBench.class, "forward", "shape=" + LARGE, "dtype=BF16"),
            of(MatVecBench.class, "forward", "shape=" + LARGE, "dtype=Q8_0"),
            more(MatVecBench.class, "forward", "shape=" + LARGE, "dtype=Q4_0"),
            more(MatVecBench.class, "forward", "shape=1 576 1536", "dtype=F32"),
            of(SparseAttentionBench.class, "forward", "rows=4096", "headDim=64", "mix=dense"),
            more(SparseAttentionBench.class, "forward", "rows=4096", "headDim=64", "mix=roles"),
            of(SparseAttentionBench.class, "backward", "rows=4096", "headDim=64", "mix=dense"),
            more(SparseAttentionBench.class, "backward", "rows=4096", "headDim=64", "mix=roles"),
            of(RoleGradientBench.class, "add", "rows=4096", "mix=roles"),
            more(RoleGradientBench.class, "addSampled", "rows=4096", "mix=roles"),
            of(DecodeAttentionBench.class, "forward", "keys=4096", "span=512", "dtype=F32"),
            of(DecodeAttentionBench.class, "forward", "keys=4096", "span=512", "dtype=Q8"),
            of(RmsNormBench.class, "forward"),
            of(RmsNormBench.class, "backward"),
            of(LayerNormBench.class, "forward"),
            of(LayerNormBench.class, "backward"),
            of(SwiGluBench.class, "forward"),
            of(SwiGluBench.class, "backward"),
            of(GeluBench.class, "forward", "form=TANH"),
            of(GeluBench.class, "backward", "form=TANH"),
            of(CrossEntropyBench.class, "forward", "vocabSize=16384"),
            of(CrossEntropyBench.class, "forwardBackward", "vocabSize=16384"),
            of(KlDivergenceBench.class, "forwardBackward"),
            of(SquaredDistanceBench.class, "forwardBackward"),
            of(AdamWBench.class, "step"),
            of(GradNormBench.class, "sumOfSquares"),
            of(RopeBench.class, "forward", "adjacentPairs=false"),
            more(RopeBench.class, "backward", "adjacentPairs=false"),
            of(AddBench.class, "forward"),
            of(BiasBench.class, "forward"),
            more(BiasBench.class, "backward"),
            of(EmbeddingBench.class, "forward"),
            more(EmbeddingBench.class, "backward"),
            of(CounterRandomBench.class, "bits"),
            of(TeamBench.class, "round", "idleMicros=0"),
            of(KvCacheBench.class, "decode", "context=4096", "roles=full", "dtype=F32"),
            more(KvCacheBench.class, "decode", "context=4096", "roles=full", "dtype=Q8"),
            of(KvCacheBench.class, "decode", "context=4096", "roles=nats", "dtype=F32"),
            of(SmolLmBench.class, "decode", "context=128", "keys=full", "dtype=F32"),
            more(SmolLmBench.class, "decode", "context=2048", "keys=full", "dtype=F32"),
            more(SmolLmBench.class, "decode", "context=4096", "keys=full", "dtype=F32"),
            more(SmolLmBench.class, "decode", "context=4096", "keys=roles", "dtype=F32"),
            more(SmolLmBench.class, "decode", "context=128", "keys=full", "dtype=BF16"),
            more(SmolLmBench.class, "decode", "context=128", "keys=full", "dtype=Q8_0"),
            more(SmolLmBench.class, "decode", "context=4096", "keys=full", "dtype=Q8_0"),
            more(SmolLmBench.class, "decode", "context=4096", "keys=roles", "dtype=Q8_0"),
            more(SmolLmBench.class, "decode", "context=128", "keys=full", "dtype=Q4_0"),
            of(SmolLmBench.class, "prefill512", "context=128", "keys=full", "dtype=F32"),
            more(SmolLmBench.class, "prefill512", "context=128", "keys=full", "dtype=Q8_0"),
            more(TrainingStepBench.class, "step", "roles=dense", "seqLen=1024"),
            more(TrainingStepBench.class, "step", "roles=learning", "seqLen=1024"),
            more(TrainingStepBench.class, "step", "roles=dense", "seqLen=4096"),
            more(TrainingStepBench.class, "step", "roles=sampled", "seqLen=4096"));

    /** Always measured. */
    private static Case of(Class<?> suite, String method, String... params) {
        return one(true, suite, method, params);
    }

    /** Left out when it must be quick. */
    private static Case more(Class<?> suite, String method, String... params) {
        return one(false, suite, method, params);
    }

    private static Case one(boolean quick, Class<?> suite, String method, String... params) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String param : params) {
            values.put(param.substring(0, param.indexOf('=')), param.substring(param.indexOf('=') + 1));
        }
        return new Case(quick, suite, method, values);
    }

    private List<Case> cases() {
        return quick ? CASES.stream().filter(Case::quick).toList() : CASES;
    }

    /** Calls of {@code step} during {@link #run}. */
    public int steps() {
        return cases().size();
    }

    /** What {@link #run} takes on two cores, roughly: iterations, and what a fork needs before and between them. */
    public double seconds() {
        double seconds = 0;
        for (Case each : cases()) {
            double around = STAGES.contains(each.suite) ? 6 : each.params.containsValue(LARGE) ? 1.8 : 0.7;
            seconds += threads(each).length * (around + 1e-3 * longer(each) * (WARM_UP * WARM_UP_MILLIS + iterations() * millis()));
        }
        return seconds;
    }

    /** @param step called after each case */
    public List<Row> run(Runnable step) throws RunnerException {
        List<Row> rows = new ArrayList<>();
        for (Case each : cases()) {
            rows.addAll(JmhRows.of(new Runner(options(each).build(), SILENT).run()));
            step.run();
        }
        return rows;
    }

    private ChainedOptionsBuilder options(Case each) {
        ChainedOptionsBuilder options = JmhOptions.common().include("^" + Pattern.quote(each.benchmark()) + "$");
        each.params.forEach(options::param);
        if (each.hasThreads()) {
            options.param(THREADS, threads(each));
        }
        JmhOptions.iterations(options, WARM_UP, WARM_UP_MILLIS * longer(each), iterations(), millis() * longer(each));
        return options;
    }

    /** Numbers of threads it runs with, a fork each. */
    private String[] threads(Case each) {
        boolean both = each.hasThreads() && !quick && !STAGES.contains(each.suite) && cores > 1;
        return both ? new String[] {"1", Integer.toString(cores)} : new String[] {Integer.toString(cores)};
    }

    private static int longer(Case each) {
        return STAGES.contains(each.suite) ? 2 : 1;
    }

    private int iterations() {
        return quick ? 5 : 6;
    }

    private int millis() {
        return quick ? 100 : 250;
    }
}
