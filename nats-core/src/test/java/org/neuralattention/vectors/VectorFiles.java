package org.neuralattention.vectors;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.neuralattention.io.Json;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.roles.Role;

/**
 * Makes the JSON files of {@code vectors/}, the same bytes on every machine: {@code main} writes them, {@link VectorsTest} compares them.
 * Expectations come from {@link Definition}, inputs from {@link CounterRandom}, which has vectors of its own.
 */
final class VectorFiles {

    private static final long SEED = 20251123;

    private VectorFiles() {}

    /** Writes all files into the folder {@code args[0]}. */
    public static void main(String[] args) throws IOException {
        for (Map.Entry<String, String> file : all().entrySet()) {
            Files.writeString(Path.of(args[0]).resolve(file.getKey()), file.getValue());
        }
    }

    /** Contents by file name. */
    static Map<String, String> all() {
        Map<String, String> files = new LinkedHashMap<>();
        files.put("roles-last-row.json", file("Which rows see a key: docs/vectors.md, section roles-last-row.json", lastRows()));
        files.put("roles-cache.json", file("Keys seen and held at every decode step: docs/vectors.md, section roles-cache.json", cache()));
        files.put("kv-price.json", file("Gradient of the number of visible pairs: docs/vectors.md, section kv-price.json", price()));
        files.put("role-sampling.json", file("From logits to roles and back: docs/vectors.md, section role-sampling.json", sampling()));
        files.put("rope.json", file("Rotary tables: docs/vectors.md, section rope.json", rope()));
        files.put("sampler.json", file("Choice of the next token: docs/vectors.md, section sampler.json", sampler()));
        return files;
    }

    private static String file(String about, List<Map<String, Object>> cases) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("about", about);
        tree.put("cases", cases);
        return Json.pretty(tree);
    }

    /** Roles and windows that several files share: every rule alone, then mixed, then with a window of the model. */
    private record Roles(int[] roles, int[] windows, int attentionWindow) {
        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("windows", ints(windows));
            fields.put("attention_window", attentionWindow);
            fields.put("roles", ints(roles));
            return fields;
        }
    }

    private static List<Roles> roles() {
        List<Roles> all = new ArrayList<>();
        all.add(new Roles(new int[] {0}, new int[] {1}, 0));
        all.add(new Roles(new int[] {0, 0, 0, 0, 0}, new int[] {2}, 0));
        all.add(new Roles(new int[] {0, 1, 1, 1, 1, 1}, new int[] {2}, 0));
        all.add(new Roles(new int[] {0, 2, 2, 2, 2, 2, 2, 2}, new int[] {3}, 0));
        all.add(new Roles(new int[] {0, 1, 1, 0, 1, 2, 0, 0, 1, 2}, new int[] {3}, 0));
        all.add(new Roles(new int[] {1, 2, 1, 0, 1, 1}, new int[] {1}, 0));
        all.add(new Roles(new int[] {0, 1, 2, 3, 4, 1, 0, 4, 3, 2, 1, 1}, new int[] {1, 3, 6}, 0));
        all.add(new Roles(new int[] {0, 1, 2, 0, 1, 1, 2, 2, 1, 0}, new int[] {2}, 4));
        all.add(new Roles(new int[] {0, 2, 2, 2, 1, 1}, new int[] {8}, 3));
        all.add(new Roles(draw(0, 40, 3, 0.15), new int[] {5}, 0));
        all.add(new Roles(draw(1, 48, 5, 0.10), new int[] {2, 7, 16}, 0));
        all.add(new Roles(draw(2, 40, 4, 0.10), new int[] {3, 12}, 9));
        return all;
    }

    /** Random roles: global with the given probability, else any other. The first token is global. */
    private static int[] draw(int layer, int rows, int nRoles, double globals) {
        return IntStream.range(0, rows).map(n -> {
            if (n == 0 || CounterRandom.uniform(SEED, 0, layer, 0, n, 0) < globals) {
                return Role.GLOBAL;
            }
            return 1 + (int) (CounterRandom.uniform(SEED, 0, layer, 0, n, 1) * (nRoles - 1));
        }).toArray();
    }

    private static List<Map<String, Object>> lastRows() {
        List<Map<String, Object>> cases = new ArrayList<>();
        for (Roles r : roles()) {
            Map<String, Object> fields = r.fields();
            fields.put("chunk", 1);
            fields.put("rows", r.roles.length);
            fields.put("last_row", ints(IntStream.range(0, r.roles.length)
                    .map(n -> Definition.lastRow(r.roles, r.windows, r.attentionWindow, n)).toArray()));
            fields.put("visible_pairs", Definition.visiblePairs(r.roles, r.windows, r.attentionWindow));
            cases.add(fields);
        }
        for (int chunk : new int[] {2, 4, 5}) {
            int[] windows = {3, 8};
            int[] roles = draw(10 + chunk, 9, 4, 0.3);
            int rows = 9 * chunk - chunk / 2; // the last chunk is not full
            Map<String, Object> fields = new Roles(roles, windows, 0).fields();
            fields.put("chunk", chunk);
            fields.put("rows", rows);
            int[] last = IntStream.range(0, rows).map(n -> Definition.chunkLastRow(roles, windows, chunk, rows, n)).toArray();
            fields.put("last_row", ints(last));
            fields.put("visible_pairs", IntStream.range(0, rows).map(n -> last[n] - n + 1).sum());
            cases.add(fields);
        }
        return cases;
    }

    private static List<Map<String, Object>> cache() {
        List<Map<String, Object>> cases = new ArrayList<>();
        for (Roles r : roles()) {
            Map<String, Object> fields = r.fields();
            List<Object> seen = new ArrayList<>();
            List<Object> held = new ArrayList<>();
            for (int row = 0; row < r.roles.length; row++) {
                int m = row;
                seen.add(ints(IntStream.rangeClosed(0, m).filter(n -> Definition.visible(r.roles, r.windows, r.attentionWindow, m, n)).toArray()));
                List<Object> queues = new ArrayList<>();
                for (int role = 0; role < Role.FIRST_SLIDING + r.windows.length; role++) {
                    int queue = role;
                    queues.add(ints(IntStream.rangeClosed(0, m).filter(n -> r.roles[n] == queue
                            && Definition.visible(r.roles, r.windows, r.attentionWindow, m + 1, n)).toArray()));
                }
                held.add(queues);
            }
            fields.put("seen", seen);
            fields.put("held", held);
            int rows = r.roles.length;
            fields.put("kv_share", Definition.visiblePairs(r.roles, r.windows, r.attentionWindow) / (rows * (rows + 1) / 2.0));
            cases.add(fields);
        }
        return cases;
    }

    private static List<Map<String, Object>> price() {
        List<Map<String, Object>> cases = new ArrayList<>();
        for (Roles r : roles()) {
            Map<String, Object> fields = r.fields();
            fields.put("d_pairs", Arrays.stream(Definition.pairsGradient(r.roles, r.windows, r.attentionWindow)).map(VectorFiles::ints).toList());
            cases.add(fields);
        }
        return cases;
    }

    private static List<Map<String, Object>> sampling() {
        int batch = 2;
        int kvHeads = 2;
        int rows = 6;
        int nRoles = 4;
        long firstToken = 100;
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("batch", batch);
        fields.put("kv_heads", kvHeads);
        fields.put("rows", rows);
        fields.put("n_roles", nRoles);
        fields.put("seed", 42);
        fields.put("step", 7);
        fields.put("layer", 3);
        fields.put("first_token", firstToken);
        double[][] logits = new double[batch * rows][kvHeads * nRoles];
        for (int token = 0; token < logits.length; token++) {
            for (int i = 0; i < logits[token].length; i++) {
                logits[token][i] = Math.rint(96 * CounterRandom.gaussian(SEED, 1, i, 0, token, 0)) / 64;
            }
        }
        fields.put("logits", Arrays.stream(logits).map(VectorFiles::doubles).toList());
        List<Object> noises = new ArrayList<>();
        List<Object> roles = new ArrayList<>();
        List<Object> soft = new ArrayList<>();
        List<Object> dRoles = new ArrayList<>();
        double[][] dLogits = new double[batch * rows][kvHeads * nRoles];
        List<Object> best = new ArrayList<>();
        List<Object> continued = new ArrayList<>();
        for (int b = 0; b < batch; b++) {
            for (int head = 0; head < kvHeads; head++) {
                for (int n = 0; n < rows; n++) {
                    int token = b * rows + n;
                    double[] own = Arrays.copyOfRange(logits[token], head * nRoles, (head + 1) * nRoles);
                    double[] noise = new double[nRoles];
                    double[] noisy = new double[nRoles];
                    double[] gradient = new double[nRoles];
                    for (int role = 0; role < nRoles; role++) {
                        noise[role] = CounterRandom.gumbel(42, 7, 3, head, firstToken + token, role);
                        noisy[role] = own[role] + noise[role];
                        gradient[role] = Math.rint(64 * CounterRandom.gaussian(SEED, 2, role, head, token, 0)) / 64;
                    }
                    boolean forced = n == 0 || n == rows - 1;
                    double[] y = Definition.softmax(noisy);
                    noises.add(doubles(noise));
                    roles.add(forced ? Role.GLOBAL : Definition.argmax(noisy));
                    soft.add(doubles(y));
                    dRoles.add(doubles(gradient));
                    if (!forced) {
                        System.arraycopy(Definition.softmaxBackward(y, gradient), 0, dLogits[token], head * nRoles, nRoles);
                    }
                    best.add(n == 0 ? Role.GLOBAL : Definition.argmax(own));
                    continued.add(Definition.argmax(own));
                }
            }
        }
        fields.put("noise", noises);
        fields.put("roles", roles);
        fields.put("y", soft);
        fields.put("d_roles", dRoles);
        fields.put("d_logits", Arrays.stream(dLogits).map(VectorFiles::doubles).toList());
        fields.put("roles_best", best);
        fields.put("roles_best_continued", continued);
        return List.of(fields);
    }

    private static List<Map<String, Object>> rope() {
        List<Map<String, Object>> cases = new ArrayList<>();
        cases.add(rope(8, 10_000, null));
        cases.add(rope(16, 500_000, null));
        cases.add(rope(16, 500_000, new int[] {8, 1, 4, 8192}));
        return cases;
    }

    /** @param scaling factor, low and high frequency factor, original length; or null */
    private static Map<String, Object> rope(int headDim, int theta, int[] scaling) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("head_dim", headDim);
        fields.put("theta", theta);
        fields.put("llama3_scaling", scaling == null ? null : ints(scaling));
        BigDecimal[] frequencies = new BigDecimal[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Definition.frequency(theta, headDim, i);
            if (scaling != null) {
                frequencies[i] = Definition.llama3(frequencies[i], scaling[0], scaling[1], scaling[2], scaling[3]);
            }
        }
        fields.put("frequencies", Arrays.stream(frequencies).map(BigDecimal::doubleValue).toList());
        long[] positions = {0, 1, 7, 8191, (1L << 24) + 1, (1L << 31) + 5};
        fields.put("positions", Arrays.stream(positions).boxed().toList());
        List<Object> cos = new ArrayList<>();
        List<Object> sin = new ArrayList<>();
        for (long position : positions) {
            double[] angles = Arrays.stream(frequencies).mapToDouble(f -> Definition.angle(f, position)).toArray();
            cos.add(doubles(Arrays.stream(angles).map(StrictMath::cos).toArray()));
            sin.add(doubles(Arrays.stream(angles).map(StrictMath::sin).toArray()));
        }
        fields.put("cos", cos);
        fields.put("sin", sin);
        double[] x = IntStream.range(0, headDim).mapToDouble(i -> (i % 2 == 0 ? 1 : -1) * (i + 1) / 8.0).toArray();
        fields.put("x", doubles(x));
        double[] angles = Arrays.stream(frequencies).mapToDouble(f -> Definition.angle(f, 7)).toArray();
        fields.put("rotated_halves", doubles(rotated(x, angles, headDim / 2, 1)));
        fields.put("rotated_adjacent", doubles(rotated(x, angles, 1, 2)));
        return fields;
    }

    /** Pair i is (i * step, i * step + apart): (a, b) becomes (a cos - b sin, b cos + a sin). */
    private static double[] rotated(double[] x, double[] angles, int apart, int step) {
        double[] out = new double[x.length];
        for (int i = 0; i < angles.length; i++) {
            double a = x[i * step];
            double b = x[i * step + apart];
            out[i * step] = a * StrictMath.cos(angles[i]) - b * StrictMath.sin(angles[i]);
            out[i * step + apart] = b * StrictMath.cos(angles[i]) + a * StrictMath.sin(angles[i]);
        }
        return out;
    }

    private static List<Map<String, Object>> sampler() {
        List<Map<String, Object>> cases = new ArrayList<>();
        cases.add(sampler(1, 0, 0, 1, 0, 0));
        cases.add(sampler(2, 0, 0, 1, 0, 0));
        cases.add(sampler(1, 1, 0, 1, 0, 0));
        cases.add(sampler(1, 0.5, 0, 1, 0, 1));
        cases.add(sampler(2, 2, 0, 1, 0, 2));
        cases.add(sampler(1, 1, 0, 1, 0.0625, 3));
        cases.add(sampler(1, 1, 4, 1, 0, 4));
        cases.add(sampler(1, 1, 0, 0.75, 0, 5));
        cases.add(sampler(2, 1.5, 6, 0.875, 0.125, 6));
        return cases;
    }

    private static Map<String, Object> sampler(double penalty, double temperature, int topK, double topP, double minP, long seed) {
        double[] logits = {0.5, -1.25, 2, 0.25, 3, -0.5, 1.5, 3, -4, 1, 0, 2.25};
        int[] history = {4, 1, 4, 9};
        double[] p = Definition.tokenProbabilities(logits, history, penalty, temperature, topK, topP, minP);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("logits", doubles(logits));
        fields.put("history", ints(history));
        fields.put("repetition_penalty", penalty);
        fields.put("temperature", temperature);
        fields.put("top_k", topK);
        fields.put("top_p", topP);
        fields.put("min_p", minP);
        fields.put("seed", seed);
        fields.put("probabilities", doubles(p));
        if (topK == 0 && topP == 1) {
            fields.put("draws", ints(IntStream.range(0, 32).map(step -> draw(p, CounterRandom.uniform(seed, step, -1, 0, 0, 0))).toArray()));
        }
        return fields;
    }

    /** The token at {@code u} of the whole probability, laid out by ascending id. */
    private static int draw(double[] p, double u) {
        int id = 0;
        double sum = p[0];
        while (sum <= u && id < p.length - 1) {
            sum += p[++id];
        }
        return id;
    }

    private static List<Object> ints(int[] x) {
        return new ArrayList<>(Arrays.stream(x).boxed().toList());
    }

    private static List<Object> doubles(double[] x) {
        return new ArrayList<>(Arrays.stream(x).boxed().toList());
    }
}
