package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Session;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Transformer;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the cache saves: microseconds per token for {@value #TOKENS} tokens decoded behind a context, and the bytes the cache holds then, with every
 * key kept and with roles (10 % global, 20 % local, window 64). Six layers of SmolLM-135M, 2 threads.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 8)
@Measurement(iterations = 5)
public class DecodeBench implements Counted {

    private static final int TOKENS = 128;

    @Param({"256", "1024", "4096"})
    public int context;

    @Param({"full", "roles"})
    public String keys;

    @Param({"F32", "Q8"})
    public KvDtype kvDtype;

    @Param("2")
    public int threads;

    private Team team;
    private Transformer model;
    private Session session;

    @Setup
    public void model() {
        team = Team.of(threads);
        model = Models.random(Models.SMALL, team);
    }

    /** The context is filled anew for each iteration, so that it is as long as it says. */
    @Setup(Level.Iteration)
    public void fill() {
        session = new Session(model, KvCache.of(Models.SMALL, kvDtype, Long.MAX_VALUE), Models.choice(Models.SMALL, keys), Session.PIECE);
        session.prefill(Data.ids(context, Models.SMALL.vocabSize()), 0, context);
    }

    @TearDown
    public void close() {
        team.close();
    }

    /** Bytes the cache holds, beside the time; the table shows them, JMH's own summary adds them up over the iterations. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Bytes {
        public long kvBytes;
    }

    @Benchmark
    @OperationsPerInvocation(TOKENS)
    public float[] tokens(Bytes bytes) {
        for (int i = 0; i < TOKENS; i++) {
            session.decode(i);
        }
        bytes.kvBytes = session.cache().bytesHeld();
        return session.logits();
    }

    /** With roles the bytes depend on what the cache holds: only the weights are counted then. */
    @Override
    public Work work(String method) {
        return ModelWork.decode(Models.SMALL, Dtype.F32, kvDtype, keys.equals("full") ? context + TOKENS / 2.0 : 0);
    }
}
