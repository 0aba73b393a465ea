package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Embedding;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Embedding of 512 tokens, 576 wide, out of 8192. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class EmbeddingBench implements Counted {

    private static final int ROWS = 512;
    private static final int DIM = 576;
    private static final int VOCAB = 8192;

    private final Team team = Team.serial();
    private final int[] ids = Data.ids(ROWS, VOCAB);
    private final float[] table = Data.random(VOCAB * DIM);
    private final float[] out = Data.random(ROWS * DIM);
    private final float[] dTable = new float[VOCAB * DIM];

    @Benchmark
    public void forward() {
        Embedding.forward(out, 0, ids, 0, table, 0, ROWS, DIM, VOCAB, team);
    }

    @Benchmark
    public void backward() {
        Embedding.backward(dTable, 0, out, 0, ids, 0, ROWS, DIM, VOCAB, team);
    }

    @Override
    public Work work(String method) {
        double n = ROWS * DIM;
        return method.equals("forward") ? Work.floats(0, 2 * n) : Work.floats(n, 3 * n);
    }
}
