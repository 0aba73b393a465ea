package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.CrossEntropy;
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
import org.openjdk.jmh.annotations.Warmup;

/** CrossEntropy of 512 rows of 256: one chunk of the vocabulary, and eight. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CrossEntropyBench implements Counted {

    private static final int ROWS = 512;
    private static final int DIM = 256;

    @Param({"2048", "16384"})
    public int vocabSize;

    private final Team team = Team.serial();
    private final float[] x = Data.random(ROWS * DIM);
    private final float[] losses = new float[ROWS];
    private final float[] dx = new float[ROWS * DIM];
    private int[] targets;
    private float[] head;
    private float[] dHead;

    @Setup
    public void head() {
        targets = Data.ids(ROWS, vocabSize);
        head = Data.random(vocabSize * DIM);
        dHead = new float[vocabSize * DIM];
    }

    @Benchmark
    public double forward() {
        return CrossEntropy.forward(losses, 0, x, 0, head, 0, targets, 0, ROWS, DIM, vocabSize, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public double forwardScalar() {
        return forward();
    }

    @Benchmark
    public double forwardBackward() {
        return CrossEntropy.forwardBackward(losses, 0, dx, 0, dHead, 0, x, 0, head, 0, targets, 0, 1f / ROWS, ROWS, DIM, vocabSize, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public double forwardBackwardScalar() {
        return forwardBackward();
    }

    /** One product for the logits, and two for dx and dHead, which are read and written. */
    @Override
    public Work work(String method) {
        double x = ROWS * DIM;
        double w = (double) vocabSize * DIM;
        return method.equals("forward") ? Work.floats(2 * x * vocabSize, x + w) : Work.floats(6 * x * vocabSize, 3 * x + 3 * w);
    }
}
