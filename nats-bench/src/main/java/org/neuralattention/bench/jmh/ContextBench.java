package org.neuralattention.bench.jmh;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.cache.KvCache;
import org.neuralattention.cache.KvStats;
import org.neuralattention.generate.Session;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.tokenize.Tokenizers;
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
 * Speed follows bytes: a model with learned roles, and the same weights with every key kept. Prefill of a context, and decoding behind it.
 *
 * <p>The model is the folder or file that the property {@value #MODEL} names, its context the text that {@value #TEXT} names, again and again;
 * without a text, random ids. Without a model: books-llama's shape (5M parameters), random weights, and random roles (10 % global, 20 % local, window 64).
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
public class ContextBench implements Counted {

    /** Path of a model. */
    public static final String MODEL = "nats.bench.model";

    /** Path of a text, in UTF-8. */
    public static final String TEXT = "nats.bench.text";

    private static final ModelConfig SHAPE = ModelConfig.llama(2048, 256, 6, 8, 4, 688, 1 << 17).withTiedHead(true).withRoleWindows(64);
    private static final int TOKENS = 32;
    private static final int COMPILES = 1024;
    private static final double COMPILING_SECONDS = 3;

    /** A context may be so many times as long as it says before it is filled anew. */
    private static final double LONGER = 1.1;

    /** The first is next to none: what a token costs without attention. */
    @Param({"16", "256", "1024", "2048", "4096", "8192", "16384", "32768", "65536"})
    public int context;

    @Param({"full", "roles"})
    public String keys;

    @Param("F32")
    public KvDtype kvDtype;

    @Param("2")
    public int threads;

    private Team team;
    private Transformer model;
    private RoleChoice choice;
    private int[] ids;

    @Setup
    public void model() throws IOException {
        team = Team.of(threads);
        String path = System.getProperty(MODEL);
        model = path == null ? Models.random(SHAPE, team) : new Transformer(ModelLoader.loadStored(Path.of(path)), team);
        choice = keys.equals("full") ? RoleChoice.FULL : path == null ? Models.choice(SHAPE, keys) : RoleChoice.BEST;
        ids = ids(Math.max(context, COMPILES));
        long start = System.nanoTime();
        while (System.nanoTime() - start < COMPILING_SECONDS * 1e9) {
            Session session = session();
            session.prefill(ids, 0, COMPILES);
            decode(session);
        }
    }

    private int[] ids(int count) throws IOException {
        String text = System.getProperty(TEXT);
        if (text == null) {
            return Data.ids(count, model.config().vocabSize());
        }
        int[] once = Tokenizers.load(Path.of(System.getProperty(MODEL))).encode(Files.readString(Path.of(text)));
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = once[i % once.length];
        }
        return ids;
    }

    private Session session() {
        return new Session(model, KvCache.of(model.config(), kvDtype, Long.MAX_VALUE), choice, Session.PIECE);
    }

    private static float[] decode(Session session) {
        for (int i = 0; i < TOKENS; i++) {
            session.decode(i);
        }
        return session.logits();
    }

    @TearDown
    public void close() {
        team.close();
    }

    /** A session behind the context. Where every key is kept, which ones they are does not matter: they are made up in a fraction of a prefill's time. */
    @State(Scope.Benchmark)
    public static class Behind {

        private Session session;

        @Setup(Level.Iteration)
        public void fill(ContextBench bench) {
            if (session != null && session.position() <= LONGER * bench.context) {
                return;
            }
            session = bench.session();
            if (bench.keys.equals("full")) {
                Models.fill(session.cache(), bench.model.config(), "full", bench.context);
            } else {
                session.prefill(bench.ids, 0, bench.context);
            }
        }
    }

    /** What the cache holds behind it, and what of that the next token sees. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Bytes {
        public long kvBytes;
        public long liveKvBytes;

        void of(KvStats stats, KvDtype dtype, int headDim) {
            kvBytes = stats.bytesHeld();
            liveKvBytes = stats.liveKeys() * dtype.bytes(headDim);
        }
    }

    /** Time of a token. */
    @Benchmark
    @Warmup(iterations = 2)
    @Measurement(iterations = 9)
    @OperationsPerInvocation(TOKENS)
    public float[] decode(Behind behind, Bytes bytes) {
        float[] logits = decode(behind.session);
        bytes.of(behind.session.cache().stats(), kvDtype, model.config().headDim());
        return logits;
    }

    /** Time of the whole context, in the pieces of a {@link Session}. */
    @Benchmark
    @Warmup(iterations = 0)
    @Measurement(iterations = 2)
    public float[] prefill() {
        Session session = session();
        session.prefill(ids, 0, context);
        return session.logits();
    }

    /** With roles attention depends on what is visible: only the weights are counted then. */
    @Override
    public Work work(String method) {
        ModelConfig config = config();
        boolean full = keys.equals("full");
        return method.equals("decode") ? ModelWork.decode(config, Dtype.F32, kvDtype, full ? context + TOKENS / 2.0 : 0)
                : ModelWork.prefill(config, Dtype.F32, context, full ? (context + 1) / 2.0 : 0);
    }

    private static ModelConfig config() {
        try {
            return System.getProperty(MODEL) == null ? SHAPE : ModelLoader.config(Path.of(System.getProperty(MODEL)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
