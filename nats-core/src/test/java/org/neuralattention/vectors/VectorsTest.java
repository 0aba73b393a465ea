package org.neuralattention.vectors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Sampler;
import org.neuralattention.generate.Sampling;
import org.neuralattention.io.JsonObject;
import org.neuralattention.kernels.Rope;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.KvPrice;
import org.neuralattention.roles.Lifetimes;
import org.neuralattention.roles.RoleSampler;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.testing.Vectors;

/** The JSON files of {@code vectors/} are what their generator makes from the definitions, and the library agrees with each. */
class VectorsTest {

    @Test
    void filesAreWhatTheGeneratorMakes() throws IOException {
        for (Map.Entry<String, String> file : VectorFiles.all().entrySet()) {
            assertEquals(file.getValue(), Files.readString(Vectors.path(file.getKey())), file.getKey() + " differs: run VectorFiles.main");
        }
    }

    @Test
    void lastRows() throws IOException {
        for (JsonObject c : cases("roles-last-row.json")) {
            int[] roles = ints(c.list("roles"));
            int rows = c.intValue("rows");
            int chunk = c.intValue("chunk");
            RoleSpace space = RoleSpace.of(ints(c.list("windows")));
            int[] lastRow = new int[rows];
            if (chunk == 1) {
                Lifetimes.lastRow(lastRow, 0, roles, 0, space, c.intValue("attention_window"), 1, 1, rows, Team.serial());
            } else {
                Lifetimes.chunkLastRow(lastRow, 0, roles, 0, space, chunk, 1, 1, rows);
            }
            assertEquals(c.intValue("visible_pairs"), Lifetimes.visiblePairs(lastRow, 0, 1, rows));
            assertArrayEquals(ints(c.list("last_row")), Arrays.stream(lastRow).map(row -> Math.min(row, rows - 1)).toArray());
        }
    }

    /** Token by token and in pieces; each token's key holds its position, so that what is held can be told apart. */
    @Test
    void keysSeenAndHeld() throws IOException {
        for (JsonObject c : cases("roles-cache.json")) {
            for (int piece : new int[] {1, 2, 3, 7}) {
                int[] roles = ints(c.list("roles"));
                KvCache cache = new KvCache(1, 1, 2, ints(c.list("windows")), c.intValue("attention_window"), KvDtype.F32, Long.MAX_VALUE);
                for (int n = 0; n < roles.length; n += piece) {
                    int rows = Math.min(piece, roles.length - n);
                    float[] k = new float[2 * rows];
                    if (rows == 1) {
                        assertEquals(((List<?>) c.list("seen").get(n)).size(), cache.spans(0, k, 0, k, 0)[0].keys(), "keys seen by row " + n);
                    }
                    cache.append(0, roles, n, k, 0, k, 0, rows);
                    List<Object> held = new ArrayList<>();
                    ((List<?>) c.list("held").get(n + rows - 1)).forEach(queue -> held.addAll((List<?>) queue));
                    assertEquals(held, Arrays.stream(cache.positions(0, 0)).boxed().toList(), "held after row " + (n + rows - 1));
                }
                assertEquals(c.doubleValue("kv_share"), cache.stats().kvShare(), 1e-12);
            }
        }
    }

    @Test
    void gradientOfThePrice() throws IOException {
        for (JsonObject c : cases("kv-price.json")) {
            int[] roles = ints(c.list("roles"));
            RoleSpace space = RoleSpace.of(ints(c.list("windows")));
            float[] dRoles = new float[roles.length * space.count()];
            KvPrice.backward(dRoles, 0, roles, 0, 1, space, c.intValue("attention_window"), 1, 1, roles.length, Team.serial());
            assertClose("d_pairs", flat(c.list("d_pairs")), dRoles, 0);
        }
    }

    @Test
    void rolesFromLogitsAndBack() throws IOException {
        for (JsonObject c : cases("role-sampling.json")) {
            int batch = c.intValue("batch");
            int heads = c.intValue("kv_heads");
            int rows = c.intValue("rows");
            int nRoles = c.intValue("n_roles");
            float[] logits = floats(flat(c.list("logits")));
            float[] noise = new float[logits.length];
            RoleSampler.gumbel(noise, 0, c.longValue("seed"), c.longValue("step"), c.intValue("layer"), c.longValue("first_token"), 1,
                    batch, heads, rows, nRoles, Team.serial());
            assertClose("noise", flat(c.list("noise")), noise, 1e-6);
            int[] roles = new int[batch * heads * rows];
            float[] y = new float[logits.length];
            RoleSampler.sample(roles, 0, y, 0, logits, 0, noise, 0, new float[nRoles], 0, 1, batch, heads, rows, nRoles, Team.serial());
            assertArrayEquals(ints(c.list("roles")), roles);
            assertClose("y", flat(c.list("y")), y, 1e-6);
            float[] dLogits = new float[logits.length];
            RoleSampler.backward(dLogits, 0, floats(flat(c.list("d_roles"))), 0, y, 0, 1, batch, heads, rows, nRoles, Team.serial());
            assertClose("d_logits", flat(c.list("d_logits")), dLogits, 1e-6);
            RoleSampler.choose(roles, 0, logits, 0, new float[nRoles], 0, 1, batch, heads, rows, nRoles, Team.serial());
            assertArrayEquals(ints(c.list("roles_best")), roles);
            RoleSampler.choose(roles, 0, logits, 0, new float[nRoles], 0, 0, batch, heads, rows, nRoles, Team.serial());
            assertArrayEquals(ints(c.list("roles_best_continued")), roles);
        }
    }

    @Test
    void rotaryTables() throws IOException {
        for (JsonObject c : cases("rope.json")) {
            int half = c.intValue("head_dim") / 2;
            List<?> positions = c.list("positions");
            for (int p = 0; p < positions.size(); p++) {
                float[] cos = new float[half];
                float[] sin = new float[half];
                rope(c, false).table(cos, 0, sin, 0, (long) positions.get(p), 1);
                assertClose("cos at " + positions.get(p), flat((List<?>) c.list("cos").get(p)), cos, 1e-6);
                assertClose("sin at " + positions.get(p), flat((List<?>) c.list("sin").get(p)), sin, 1e-6);
                if (positions.get(p).equals(7L)) {
                    assertRotated(c, false, "rotated_halves", cos, sin);
                    assertRotated(c, true, "rotated_adjacent", cos, sin);
                }
            }
        }
    }

    private static Rope rope(JsonObject c, boolean adjacentPairs) {
        double theta = c.doubleValue("theta");
        if (!c.has("llama3_scaling")) {
            return Rope.of(c.intValue("head_dim"), theta, adjacentPairs);
        }
        int[] s = ints(c.list("llama3_scaling"));
        return Rope.llama3(c.intValue("head_dim"), theta, adjacentPairs, s[0], s[1], s[2], s[3]);
    }

    private static void assertRotated(JsonObject c, boolean adjacentPairs, String expected, float[] cos, float[] sin) {
        float[] x = floats(flat(c.list("x")));
        rope(c, adjacentPairs).forward(x, 0, cos, 0, sin, 0, 1, 1, Team.serial());
        assertClose(expected, flat(c.list(expected)), x, 1e-6);
    }

    /** The draws where the file has them; where the layout of the kept tokens is free, their frequencies. */
    @Test
    void nextTokens() throws IOException {
        int trials = 20_000;
        for (JsonObject c : cases("sampler.json")) {
            float[] logits = floats(flat(c.list("logits")));
            int[] history = ints(c.list("history"));
            Sampler sampler = new Sampler(new Sampling((float) c.doubleValue("repetition_penalty"), (float) c.doubleValue("temperature"),
                    c.intValue("top_k"), (float) c.doubleValue("top_p"), (float) c.doubleValue("min_p"), c.longValue("seed")));
            int[] drawn = IntStream.range(0, trials).map(step -> sampler.sample(logits, 0, logits.length, history, 0, history.length, step)).toArray();
            if (c.has("draws")) {
                int[] draws = ints(c.list("draws"));
                assertArrayEquals(draws, Arrays.copyOf(drawn, draws.length));
            }
            double[] p = flat(c.list("probabilities"));
            for (int id = 0; id < p.length; id++) {
                int token = id;
                long times = Arrays.stream(drawn).filter(d -> d == token).count();
                assertEquals(p[id] * trials, times, 5 * Math.sqrt(trials * p[id] * (1 - p[id])), "token " + id);
            }
        }
    }

    private static List<JsonObject> cases(String file) throws IOException {
        JsonObject all = JsonObject.read(Vectors.path(file));
        List<JsonObject> cases = all.list("cases").stream().map(entry -> JsonObject.of(file, entry)).toList();
        assertTrue(!cases.isEmpty(), file);
        return cases;
    }

    private static int[] ints(List<?> list) {
        return list.stream().mapToInt(x -> ((Number) x).intValue()).toArray();
    }

    /** The numbers of nested lists, in order. */
    private static double[] flat(List<?> list) {
        return list.stream().flatMapToDouble(x -> x instanceof List<?> inner ? Arrays.stream(flat(inner)) : Arrays.stream(new double[] {((Number) x).doubleValue()}))
                .toArray();
    }

    private static float[] floats(double[] x) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = (float) x[i];
        }
        return y;
    }

    private static void assertClose(String what, double[] expected, float[] actual, double tolerance) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance * Math.max(1, Math.abs(expected[i])), what + "[" + i + "]");
        }
    }
}
