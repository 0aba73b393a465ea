package org.neuralattention.bench.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleFunction;
import org.neuralattention.bench.jmh.ModelWork;
import org.neuralattention.bench.jmh.Models;
import org.neuralattention.bench.peers.Contest.Comparison;
import org.neuralattention.bench.peers.ProgramMatch.Times;
import org.neuralattention.bench.result.Goal;
import org.neuralattention.bench.result.Work;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Session;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.GgufWriter;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;

/**
 * llama.cpp's llama-bench on our weights, written for it as GGUF: prefill, and decoding behind more and more tokens. Both sides keep keys and values
 * in 16 bits. Source of its options and its JSON: llama.cpp's tools/llama-bench/README.md.
 */
final class LlamaBench {

    private static final int PROMPT = 512;

    /** Tokens of one call. */
    private static final int DECODED = 64;

    private static final int[] DEPTHS = {0, 128, 4096};

    private final Program program;
    private final Path folder;
    private final ModelConfig config;
    private final int threads;

    private LlamaBench(Program program, Path folder, ModelConfig config, int threads) {
        this.program = program;
        this.folder = folder;
        this.config = config;
        this.threads = threads;
    }

    /**
     * Its matches; old ones know no option for tokens before the first: decoding starts from nothing only, and the name says so.
     *
     * @param folder where the model is, or will be written; the GGUF files lie in it
     */
    static List<Match> of(Program program, Path folder, ModelConfig config, int threads) {
        String help = String.join("\n", program.run(null, Map.of(), List.of("--help"), lines -> false));
        if (!help.contains("--n-gen")) {
            throw program.error("is no llama-bench: its --help does not tell of --n-gen");
        }
        LlamaBench bench = new LlamaBench(program, folder, config, threads);
        List<Match> matches = new ArrayList<>();
        for (Dtype dtype : List.of(Dtype.F32, Dtype.Q8_0, Dtype.Q4_0)) {
            matches.add(bench.match(dtype, false, 0, ""));
            if (help.contains("--n-depth")) {
                for (int depth : DEPTHS) {
                    matches.add(bench.match(dtype, true, depth, ""));
                }
            } else {
                matches.add(bench.match(dtype, true, 0, ", the only depth that this llama-bench knows"));
            }
        }
        return matches;
    }

    private Match match(Dtype dtype, boolean decode, int depth, String remark) {
        String parameters = (decode ? DECODED + " tokens behind " + depth : PROMPT + " tokens") + ", " + dtype.name().toLowerCase(Locale.ROOT);
        String name = decode ? "decode" : "prefill";
        int tokens = decode ? DECODED : PROMPT;
        Work prompt = ModelWork.prefill(config, dtype, PROMPT, (PROMPT + 1) / 2.0);
        Work work = decode ? ModelWork.decode(config, dtype, KvDtype.BF16, depth + DECODED / 2.0)
                : new Work(prompt.flops() / PROMPT, prompt.bytes() / PROMPT);
        double flops = work.flops() * (tokens + depth); // llama-bench computes the tokens before the first
        return new ProgramMatch("llama.cpp " + name + " " + parameters + remark, "Model", threads, flops, () -> ours(dtype, decode, depth),
                side -> theirs(dtype, decode, depth), new Comparison(0, 0, "llama.cpp", name, parameters, work, 0, tokens, goal(dtype, decode, depth)));
    }

    /** What the whole model is meant to reach beside llama.cpp. */
    private static DoubleFunction<Goal> goal(Dtype dtype, boolean decode, int depth) {
        if (!decode && dtype == Dtype.F32) {
            return ratio -> Goal.atLeast(1.5, ratio, "x");
        }
        return decode && depth > 0 && dtype == Dtype.Q8_0 ? ratio -> Goal.atLeast(0.8, ratio, "x") : null;
    }

    private Entrant ours(Dtype dtype, boolean decode, int depth) {
        ModelContests.write(folder, config);
        Team team = Team.of(threads);
        try {
            Transformer model = new Transformer(ModelLoader.load(folder, dtype), team);
            return new OurSession(new Session(model, KvCache.of(config, KvDtype.BF16, Long.MAX_VALUE), RoleChoice.FULL, Session.PIECE), config, decode, depth, team);
        } catch (IOException e) {
            team.close();
            throw new UncheckedIOException(e);
        }
    }

    private Times theirs(Dtype dtype, boolean decode, int depth) {
        List<String> arguments = new ArrayList<>(List.of("-m", gguf(dtype).toString(), "-o", "json", "-t", "" + threads, "-ngl", "0", "-r", "3",
                "-p", decode ? "0" : "" + PROMPT, "-n", decode ? "" + DECODED : "0"));
        if (depth > 0) {
            arguments.addAll(List.of("-d", "" + depth));
        }
        return read(program, String.join("\n", program.run(null, Map.of(), arguments, lines -> false)), decode ? DECODED : PROMPT);
    }

    /** The one test of its JSON. */
    static Times read(Program program, String json, int tokens) {
        try {
            if (!(Json.parse(program.path(), json.getBytes(StandardCharsets.UTF_8)) instanceof List<?> tests) || tests.size() != 1) {
                throw program.error("was asked for one test and told of something else");
            }
            JsonObject test = JsonObject.of(program.path(), tests.getFirst());
            double[] seconds = test.list("samples_ts").stream().mapToDouble(speed -> speed instanceof Number n ? tokens / n.doubleValue() : Double.NaN).toArray();
            if (seconds.length == 0 || !Arrays.stream(seconds).allMatch(s -> s > 0 && s < Double.POSITIVE_INFINITY)) {
                throw program.error("told of no speeds: samples_ts is " + test.list("samples_ts"));
            }
            return new Times("llama.cpp " + test.string("build_commit") + " " + test.string("backends", "CPU"), seconds);
        } catch (ModelFormatException e) {
            throw program.error("printed something else than the JSON of llama-bench: " + e.getMessage());
        }
    }

    private Path gguf(Dtype dtype) {
        Path file = folder.resolve("model-" + dtype + ".gguf").toAbsolutePath();
        if (!Files.exists(file)) {
            try (ModelFile model = ModelFile.open(folder)) {
                GgufWriter.write(file, model.as(dtype), vocabulary(config.vocabSize()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return file;
    }

    /** GPT-2's characters for the 256 bytes, then names for what the tokenizer of bytes does not use. */
    private static GgufMetadata vocabulary(int vocabSize) {
        List<String> pieces = new ArrayList<>();
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b > ' ' && b < 0x7F || b > 0xA0 && b != 0xAD;
            pieces.add(Character.toString(printable ? b : next++));
        }
        for (int id = 256; id < vocabSize; id++) {
            pieces.add("<unused" + id + ">");
        }
        return new GgufMetadata.Builder()
                .string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", "default")
                .strings("tokenizer.ggml.tokens", pieces)
                .strings("tokenizer.ggml.merges", List.of())
                .flag("tokenizer.ggml.add_bos_token", false)
                .build();
    }

    /** The same work: the cache is filled before a call, as llama-bench fills its own. */
    private record OurSession(Session session, ModelConfig config, boolean decode, int depth, Team team, int[] ids) implements Entrant {

        OurSession(Session session, ModelConfig config, boolean decode, int depth, Team team) {
            this(session, config, decode, depth, team, new SplittableRandom(1).ints(PROMPT, 0, 256).toArray());
        }

        @Override
        public void prepare() {
            session.cache().clear();
            Models.fill(session.cache(), config, "full", depth);
        }

        @Override
        public void run() {
            if (!decode) {
                session.prefill(ids, 0, PROMPT);
                return;
            }
            for (int i = 0; i < DECODED; i++) {
                session.decode(ids[i]);
            }
        }

        @Override
        public int size() {
            return 0;
        }

        @Override
        public void read(int from, float[] into, int length) {}

        @Override
        public void close() {
            team.close();
        }
    }
}
