package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.model.Tensor;

@Tag("malformed")
class ShardedTensorsTest {

    @TempDir
    Path temp;

    private Path directory;

    @BeforeEach
    void twoShardsAndOneOutside() throws IOException {
        directory = Files.createDirectories(temp.resolve("model"));
        Files.createDirectories(temp.resolve("model-evil"));
        for (String file : List.of("model/one", "model/sub/two", "outside", "model-evil/one")) {
            Path path = temp.resolve(file + ".safetensors");
            Files.createDirectories(path.getParent());
            SafeTensors.write(path, Map.of(), List.of(Tensor.wrap(path.getFileName().toString().charAt(0) + "", new float[] {1}, 1)));
        }
    }

    private ShardedTensors open(String... tensorAndShard) throws IOException {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < tensorAndShard.length; i += 2) {
            map.put(tensorAndShard[i], tensorAndShard[i + 1]);
        }
        Files.writeString(directory.resolve("model.safetensors.index.json"), Json.pretty(Map.of("weight_map", map)));
        return ShardedTensors.open(directory);
    }

    private void refused(String why, String... tensorAndShard) {
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> open(tensorAndShard), String.join(" ", tensorAndShard));
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }

    @Test
    void shardsInsideTheDirectoryAreRead() throws IOException {
        try (ShardedTensors tensors = open("o", "one.safetensors", "t", "sub/two.safetensors")) {
            assertEquals(Set.of("o", "t"), tensors.names());
            assertEquals(1, tensors.fileOf("t").readFloats("t")[0]);
            assertEquals(2, tensors.files().size());
        }
        // a detour or a link that stays inside is no escape
        Files.createSymbolicLink(directory.resolve("link.safetensors"), Path.of("one.safetensors"));
        open("o", "sub/../link.safetensors").close();
    }

    @Test
    void shardsOfADownloadCacheAreLinksToFilesElsewhere() throws IOException {
        Path blobs = Files.createDirectories(temp.resolve("hub/blobs"));
        directory = Files.createDirectories(temp.resolve("hub/snapshots/revision"));
        for (String file : List.of("one", "sub/two")) {
            Path blob = Files.move(temp.resolve("model").resolve(file + ".safetensors"), blobs.resolve(file.replace('/', '-')));
            Path link = directory.resolve(blob.getFileName() + ".safetensors");
            Files.createSymbolicLink(link, directory.relativize(blob));
        }
        try (ShardedTensors tensors = open("o", "one.safetensors", "t", "sub-two.safetensors")) {
            assertEquals(Set.of("o", "t"), tensors.names());
        }
    }

    @Test
    void noNameLeadsOutOfTheDirectory() throws IOException {
        Files.createSymbolicLink(directory.resolve("loop"), Path.of("loop"));
        String out = "leads out";
        refused(out, "o", "../outside.safetensors");
        refused(out, "o", "./../outside.safetensors");
        refused(out, "o", "sub/../../outside.safetensors");
        refused(out, "o", "../model-evil/one.safetensors");
        refused(out, "o", temp.resolve("outside.safetensors").toString());
        refused(out, "o", "absent/../../model-evil/one.safetensors");
        refused(out, "o", "..");
        refused(out, "o", "/etc/passwd");
        refused("not a regular file", "o", "");
        refused("not a regular file", "o", ".");
        refused("not a regular file", "o", "sub");
        refused("does not exist", "o", "absent.safetensors");
        refused("does not exist", "o", "..\\outside.safetensors");
        refused("does not exist", "o", "%2e%2e/outside.safetensors");
        refused("does not lead", "o", "one.safetensors\0.txt");
        refused("does not lead", "o", "one.safetensors/x");
        refused("does not lead", "o", "loop");
        refused("does not lead", "o", "n".repeat(5000));
    }

    @Test
    void indexAndShardsMustNameTheSameTensors() throws IOException {
        refused("missing: x", "o", "one.safetensors", "x", "one.safetensors");
        refused("not expected: o", "t", "one.safetensors");
        SafeTensors.write(directory.resolve("twin.safetensors"), Map.of(), List.of(Tensor.wrap("o", new float[1], 1), Tensor.wrap("p", new float[1], 1)));
        refused("is in one.safetensors too", "o", "one.safetensors", "p", "twin.safetensors");
        Files.writeString(directory.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"o\":3}}");
        assertThrows(ModelFormatException.class, () -> ShardedTensors.open(directory));
        Files.writeString(directory.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"o\":\"one.safetensors\",\"o\":\"../outside.safetensors\"}}");
        assertThrows(ModelFormatException.class, () -> ShardedTensors.open(directory));
        Files.writeString(directory.resolve("model.safetensors.index.json"), "{}");
        assertThrows(ModelFormatException.class, () -> ShardedTensors.open(directory));
        assertThrows(ModelFormatException.class, () -> ShardedTensors.open(temp));
    }

    @Test
    void moreShardsThanFilesCanBeOpenAreRefused() {
        String[] many = new String[2 * 1001];
        for (int i = 0; i < 1001; i++) {
            many[2 * i] = "t" + i;
            many[2 * i + 1] = "s" + i;
        }
        refused("1001 shards", many);
    }
}
