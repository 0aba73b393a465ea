package org.neuralattention.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The default build neither needs nor contains anybody else's library. */
class NoPeerTest {

    private static final Path ROOT = Path.of(System.getProperty("nats.root", ".."));

    @ParameterizedTest
    @ValueSource(strings = {"org.bytedeco.javacpp.Loader", "org.bytedeco.pytorch.Tensor", "com.github.tjake.jlama.model.AbstractModel", "de.kherud.llama.LlamaModel"})
    void noPeerIsOnTheClassPath(String type) {
        assertThrows(ClassNotFoundException.class, () -> Class.forName(type));
    }

    @Test
    void noPeerIsFound() {
        assertFalse(PeerRun.peersAreThere());
        assertEquals(List.of(), new PeerRun(List.of(), false, null, null).names());
    }

    @Test
    void onlyThePeersModuleNamesThem() throws IOException {
        try (Stream<Path> files = Stream.of("nats-kernels", "nats-core", "nats-bench").map(ROOT::resolve).map(module -> module.resolve("pom.xml"))) {
            assertEquals(List.of(), files.filter(pom -> read(pom).contains("bytedeco") || read(pom).contains("jlama")).toList());
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
