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
 * A model of SmolLM-135M's shape: tokens decoded per second behind a context, with every key kept and with roles (10 % global, 20 % local,
 * window 64), and tokens of a prompt taken in per second.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SmolLmBench implements Counted {

    private static final int PROMPT = 512;

    /** Tokens in the cache; of no meaning for {@link #prefill512}. */
    @Param({"128", "2048", "4096"})
    public int context;

    @Param({"full", "roles"})
    public String keys;

    /** How the weights are stored. */
    @Param
    public Dtype dtype;

    /** How keys and values are stored. */
    @Param("F32")
    public KvDtype kvDtype;

    @Param({"1", "2"})
    public int threads;

    private final int[] prompt = Data.ids(PROMPT, SmolLm.CONFIG.vocabSize());
    private Team team;
    private Transformer model;
    private Session session;
    private int token;

    @Setup
    public void model() {
        team = Team.of(threads);
        model = new Transformer(SmolLm.random(SmolLm.WITH_ROLES, team).as(dtype), team);
        session = new Session(model, KvCache.of(SmolLm.WITH_ROLES, kvDtype, Long.MAX_VALUE), Models.choice(SmolLm.WITH_ROLES, keys), Session.PIECE);
    }

    /** The context is filled anew for each iteration, so that it is as long as it says. */
    @Setup(Level.Iteration)
    public void fill() {
        session.cache().clear();
        Models.fill(session.cache(), SmolLm.WITH_ROLES, keys, context);
    }

    @TearDown
    public void close() {
        team.close();
    }

    /** Bytes the cache holds, reported beside the speed. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Bytes {
        public long kvBytes;
    }

    @Benchmark
    public float[] decode(Bytes bytes) {
        session.decode(token++ % SmolLm.CONFIG.vocabSize());
        bytes.kvBytes = session.cache().bytesHeld();
        return session.logits();
    }

    @Benchmark
    @OperationsPerInvocation(PROMPT)
    public float[] prefill512() {
        session.cache().clear();
        session.prefill(prompt, 0, PROMPT);
        return session.logits();
    }

    /** With roles the bytes and pairs depend on what the cache holds: only the weights are counted then. */
    @Override
    public Work work(String method) {
        boolean full = keys.equals("full");
        if (method.equals("decode")) {
            return ModelWork.decode(SmolLm.CONFIG, dtype, kvDtype, full ? context : 0);
        }
        Work prompt = ModelWork.prefill(SmolLm.CONFIG, dtype, PROMPT, full ? (PROMPT + 1) / 2.0 : 0);
        return new Work(prompt.flops() / PROMPT, prompt.bytes() / PROMPT);
    }
}
