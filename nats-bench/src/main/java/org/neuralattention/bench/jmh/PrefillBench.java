package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Session;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;
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

/** Prefill of a prompt in pieces, with every key kept and with roles: milliseconds for the whole prompt. Six layers of SmolLM-135M. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 2)
public class PrefillBench implements Counted {

    @Param({"512", "4096"})
    public int tokens;

    @Param({"full", "roles"})
    public String keys;

    @Param("2")
    public int threads;

    private Team team;
    private Transformer model;
    private RoleChoice choice;
    private int[] ids;

    @Setup
    public void model() {
        team = Team.of(threads);
        model = Models.random(Models.SMALL, team);
        choice = Models.choice(Models.SMALL, keys);
        ids = Data.ids(tokens, Models.SMALL.vocabSize());
    }

    @TearDown
    public void close() {
        team.close();
    }

    @Benchmark
    public float[] prefill() {
        Session session = new Session(model, KvCache.of(Models.SMALL), choice, Session.PIECE);
        session.prefill(ids, 0, tokens);
        return session.logits();
    }

    /** With roles attention depends on what is visible: only the products with the weights are counted then. */
    @Override
    public Work work(String method) {
        return ModelWork.prefill(Models.SMALL, Dtype.F32, tokens, keys.equals("full") ? (tokens + 1) / 2.0 : 0);
    }
}
