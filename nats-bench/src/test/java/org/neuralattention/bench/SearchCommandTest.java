package org.neuralattention.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;

/** A model that exists learns what it may forget, at a budget; a search that was cut off is the search that was not. */
class SearchCommandTest {

    private static final String[] SHORT = {"--seq-len=32", "--batch=2", "--windows=2,8", "--lr=0.01", "--steps=30", "--eval-every=10"};

    @TempDir
    static Path shared;

    private static Path text;
    private static Path dense;

    @TempDir
    Path folder;

    private String out;
    private String err;

    @BeforeAll
    static void trainTheModelToBeginWith() throws IOException {
        StringBuilder song = new StringBuilder();
        for (int green = 99; green > 0; green--) {
            song.append(green).append(" green bottles hanging on the wall, and if one green bottle should accidentally fall\n");
        }
        text = Files.writeString(shared.resolve("song.txt"), song);
        dense = shared.resolve("dense");
        StringWriter told = new StringWriter();
        assertEquals(0, Nats.run(new PrintWriter(told, true), new PrintWriter(told, true), false, "train", "--text", text.toString(), "--out=" + dense, "--no-roles",
                "--layers=2", "--dim=32", "--heads=2", "--kv-heads=1", "--batch=2", "--seq-len=32", "--lr=0.01", "--steps=60"), told::toString);
        JsonObject config = JsonObject.read(dense.resolve("config.json"));
        Files.writeString(dense.resolve("config.json"), Json.pretty(config.fields()).replaceFirst("\\{", "{\n \"eos_token_id\": 10,"));
    }

    private int nats(String... args) {
        StringWriter told = new StringWriter();
        StringWriter wrong = new StringWriter();
        int exit = Nats.run(new PrintWriter(told, true), new PrintWriter(wrong, true), false, args);
        out = told.toString();
        err = wrong.toString();
        return exit;
    }

    /** A short search, with options of its own instead of or beside the usual ones. */
    private static String[] search(Path model, String... more) {
        Stream<String> usual = Arrays.stream(SHORT).filter(option -> Arrays.stream(more).noneMatch(other -> name(other).equals(name(option))));
        return Stream.of(Stream.of("search", "--model=" + dense, "--text", text.toString(), "--out=" + model), usual, Arrays.stream(more))
                .flatMap(s -> s).toArray(String[]::new);
    }

    private static String name(String option) {
        return option.replaceFirst("=.*", "");
    }

    private static List<JsonObject> log(Path model, String event) throws IOException {
        return Files.readAllLines(model.resolve("train.jsonl")).stream().map(line -> JsonObject.of(model, Json.parse(model, line.getBytes())))
                .filter(json -> json.string("event").equals(event)).toList();
    }

    @Test
    void theCacheFallsTowardsTheTargetAndTheModelGenerates() throws IOException {
        Path model = folder.resolve("model");
        assertEquals(0, nats(search(model, "--target-kv=0.4", "--steps=60")), () -> err);
        List<JsonObject> steps = log(model, "step");
        List<JsonObject> looks = log(model, "evaluation");
        assertTrue(steps.getFirst().doubleValue("bestKvShare") > 0.95, steps.getFirst().toString()); // a start that does no harm
        assertEquals(0.4, steps.getLast().doubleValue("bestKvShare"), 0.15, steps.getLast().toString());
        assertTrue(looks.getLast().doubleValue("kvShare") < 0.6, looks.toString());
        assertTrue(looks.getLast().doubleValue("nll") < log(model, "dense").getFirst().doubleValue("lookNll") + 0.3, looks.toString());
        assertTrue(out.contains("roles: global ") && out.contains("sliding 8 ") && out.contains("target") && out.contains("cache behind 32 tokens"), out);
        assertTrue(out.contains("nats generate --model " + model), out);
        JsonObject config = JsonObject.read(model.resolve("config.json"));
        assertEquals(List.of(2, 8), config.ints("nats_windows"));
        assertEquals(10, config.intValue("eos_token_id")); // what the model's config.json said beside
        assertEquals(0, nats("generate", "--model", model.toString(), "--prompt", "99 green", "--max-tokens=20"), () -> err);
        assertTrue(err.contains("KV share"), err);

        assertEquals(0, nats("search", "--model=" + model, "--text", text.toString(), "--out=" + folder.resolve("on"), "--seq-len=32", "--batch=2", "--steps=2", "--target-kv=0.3"), () -> err);
        assertTrue(log(folder.resolve("on"), "dense").getFirst().doubleValue("lookNll") != looks.getLast().doubleValue("nll")); // without its roles
        assertTrue(out.contains("roles: global, local, sliding 2, sliding 8."), out); // its own roles
        refused(new String[] {"search", "--model=" + model, "--text", text.toString(), "--out=" + folder.resolve("no"), "--seq-len=32", "--target-kv=0.3", "--windows=4"}, "has roles already");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--tune=all --loss=kl --target-kv=0.4 --scorer-gradient=through", "--tune=lora --lora-rank=2 --lora-on=q,v --price=0.5 --role-gradient=published", "--tune=scorers --loss=hidden --target-kv=0.4 --without=local --sinks=4 --layer-roles=0=sliding"})
    void aSearchThatWasCutOffIsTheSearchThatWasNot(String how) throws Exception {
        String[] run = Stream.concat(Arrays.stream(how.split(" ")), Stream.of("--checkpoint-every=7")).toArray(String[]::new);
        Path whole = folder.resolve("whole");
        assertEquals(0, nats(search(whole, run)), () -> err);
        Path cut = folder.resolve("cut");
        assertEquals(0, nats(search(cut, run)), () -> err);
        Files.delete(cut.resolve("model.safetensors"));
        Files.delete(cut.resolve("config.json"));
        Files.delete(cut.resolve("checkpoints/step-000000030.safetensors")); // goes on after step 28
        assertEquals(0, nats("search", "--resume", "--out", cut.toString(), "--threads", "3"), () -> err);
        assertTrue(out.contains("after step 28") && !out.contains("As it is"), out);
        assertEquals(Files.readString(whole.resolve("train.jsonl")), Files.readString(cut.resolve("train.jsonl")));
        assertArrayEquals(Files.readAllBytes(whole.resolve("model.safetensors")), Files.readAllBytes(cut.resolve("model.safetensors")));
        assertEquals(Files.readString(whole.resolve("config.json")), Files.readString(cut.resolve("config.json")));
        refused(new String[] {"train", "--resume", "--out", cut.toString()}, "is one of 'nats search'");
    }

    @Test
    void machinesGetLinesOfJson() throws IOException {
        assertEquals(0, nats(search(folder.resolve("model"), "--target-kv=0.4", "--steps=3", "--json")), () -> err);
        assertTrue(out.lines().allMatch(line -> line.startsWith("{\"event\":\"") && line.endsWith("}")), out);
        for (String field : List.of("\"event\":\"dense\"", "\"price\":", "\"roles\":[{\"role\":\"global\",\"share\":", "\"targetKv\":0.4", "\"cacheBytes\":")) {
            assertTrue(out.contains(field), out);
        }
        assertEquals("", err);
    }

    private void refused(String[] args, String because) {
        assertEquals(2, nats(args), () -> out + err);
        assertEquals(1, err.lines().count(), err);
        assertTrue(err.startsWith("nats: ") && err.strip().endsWith(".") && err.contains(because), err);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--target-kv=0", "--target-kv=1", "--target-kv=NaN", "--target-kv=x", "--price=1", "--windows=8,4", "--windows=0", "--sinks=-1", "--without=window",
        "--layer-roles=2=global", "--layer-roles=0", "--layer-roles=0=", "--layer-roles=0=4", "--layer-roles=0=local,0-1=global", "--layer-roles=1-0=local", "--layer-roles=0-1=2",
        "--without=global,local,sliding", "--without=local,sliding", "--without=global,local --windows=8", "--tune=some", "--tune=lora --lora-rank=0", "--tune=lora --lora-alpha=0", "--tune=lora --lora-on=x", "--loss=mse", "--role-gradient=2", "--scorer-gradient=none",
        "--steps=0", "--lr=0", "--batch=0", "--seq-len=100000000", "--seq-len=8000", "--batch=2000000 --seq-len=64", "--tokenizer=/nowhere", "--colour=red", "--resume"})
    void aMistakeIsOneSentenceAndLeavesNothingBehind(String mistake) {
        Path model = folder.resolve("model");
        refused(search(model, (mistake.startsWith("--target") ? mistake : "--target-kv=0.4 " + mistake).split(" ")), "");
        assertFalse(err.contains("only once"), err);
        assertFalse(Files.exists(model));
    }

    /** The yardstick of the learned roles: the same command, the same files, no choice; it is resumed and evaluated as they are. */
    @Test
    void aPlainSinkAndWindowIsTunedByTheSameCommand() throws IOException {
        Path model = folder.resolve("model");
        String[] window = {"--windows=8", "--sinks=4", "--without=global,local", "--checkpoint-every=7"};
        assertEquals(0, nats(search(model, window)), () -> err);
        assertTrue(out.contains("roles: sliding 8; 4 sinks.") && out.contains("every token's role is given"), out);
        assertEquals(List.of(List.of(2L), List.of(2L)), JsonObject.read(model.resolve("config.json")).list("nats_allowed_roles"));
        double share = log(model, "evaluation").getLast().doubleValue("kvShare"); // 32 rows: 4 x whole columns, and 9 rows each of the rest
        assertEquals((32 + 31 + 30 + 29 + 20 * 9 + 36) / 528.0, share, 1e-12);
        assertTrue(log(model, "evaluation").getLast().doubleValue("nll") < log(model, "evaluation").getFirst().doubleValue("nll"));
        assertEquals(0, nats("eval", "--model", model.toString(), "--text", text.toString(), "--context=32"), () -> err);
        assertTrue(out.contains("KV share"), out);
        byte[] weights = Files.readAllBytes(model.resolve("model.safetensors"));
        Files.delete(model.resolve("model.safetensors"));
        Files.delete(model.resolve("checkpoints/step-000000030.safetensors"));
        assertEquals(0, nats("search", "--resume", "--out", model.toString()), () -> err);
        assertArrayEquals(weights, Files.readAllBytes(model.resolve("model.safetensors")));
        String[] scorers = Stream.concat(Arrays.stream(window), Stream.of("--tune=scorers")).toArray(String[]::new);
        refused(search(folder.resolve("no"), scorers), "each layer has one role only");
    }

    @Test
    void aLayerMayHaveRolesOfItsOwn() throws IOException {
        Path model = folder.resolve("model");
        assertEquals(0, nats(search(model, "--target-kv=0.6", "--steps=1", "--without=local", "--layer-roles=0=sliding,1=global+8")), () -> err);
        assertEquals(List.of(List.of(2L, 3L), List.of(0L, 3L)), JsonObject.read(model.resolve("config.json")).list("nats_allowed_roles"));
        refused(search(folder.resolve("no"), "--target-kv=0.6", "--layer-roles=0-2=global"), "the model's layers are 0 to 1");
        refused(new String[] {"search", "--model=" + model, "--text", text.toString(), "--out=" + folder.resolve("no"), "--seq-len=32", "--target-kv=0.3", "--layer-roles=0=8"},
                "has roles already");
    }

    @Test
    void whatIsMissingIsNamed() {
        String model = folder.resolve("model").toString();
        refused(new String[] {"search"}, "--out is missing");
        refused(new String[] {"search", "--out", model}, "--text is missing");
        refused(new String[] {"search", "--out", model, "--text", text.toString()}, "--model is missing");
        refused(new String[] {"search", "--out", model, "--text", text.toString(), "--model", dense.toString()}, "--target-kv is missing");
        refused(new String[] {"search", "--out", model, "--text", text.toString(), "--model", "/nowhere", "--target-kv=0.2"}, "/nowhere");
        refused(new String[] {"search", "--out", model, "--text", text.toString(), "--model", text.toString(), "--target-kv=0.2"}, "song.txt");
        refused(new String[] {"search", "--resume", "--out", dense.toString()}, "is one of 'nats train'");
    }
}
