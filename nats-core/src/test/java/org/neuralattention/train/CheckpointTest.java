package org.neuralattention.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.Failures;
import org.neuralattention.io.Json;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.SafeTensors;
import org.neuralattention.kernels.Kernels;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;

class CheckpointTest {

    @TempDir
    Path directory;

    @Test
    void aResumedRunIsBitForBitTheUninterruptedOne() throws IOException {
        Trainer whole = Tiny.trainer(Tiny.CONFIG, Team.serial());
        List<Double> expected = train(whole, 20);

        Trainer first = Tiny.trainer(Tiny.CONFIG, Team.serial());
        List<Double> losses = train(first, 10);
        Checkpoint.save(directory, first);
        Checkpoint checkpoint = Checkpoint.newest(directory).orElseThrow();
        try (Team team = Team.of(2)) {
            Trainer second = new Trainer(new Weights(checkpoint.model()), checkpoint.config(), team);
            checkpoint.restore(second);
            assertEquals(10, second.steps());
            losses.addAll(train(second, 10));
            assertEquals(expected, losses);
            assertEquals(state(whole), state(second));
        }
    }

    /** The price that the controller found, adapters, and a teacher of any kind. */
    @Test
    void aResumedSearchIsBitForBitTheUninterruptedOne() throws IOException {
        RoleLearning roles = new RoleLearning(new KvTarget(0.3, 0.2, 6), 1, 5, 3, 6, 2, 8, false);
        Tuning.Lora lora = new Tuning.Lora(2, 4, Set.of(Projection.K, Projection.GATE));
        for (TrainConfig config : List.of(
                Tiny.CONFIG.withRoles(roles),
                Tiny.CONFIG.withRoles(roles).withTuning(lora).withLoss(new Loss.KlDistillation()),
                Tiny.CONFIG.withRoles(roles).withTuning(new Tuning.ScorersOnly()).withLoss(new Loss.HiddenDistillation()),
                Tiny.CONFIG.withRoles(roles).withLoss(new Loss.HiddenDistillation()))) {
            Trainer whole = Tiny.trainer(config, Team.serial());
            List<Double> expected = train(whole, 12);
            Trainer first = Tiny.trainer(config, Team.serial());
            List<Double> losses = train(first, 7);
            Checkpoint.save(directory, first);
            Checkpoint checkpoint = Checkpoint.newest(directory).orElseThrow();
            assertEquals(config, checkpoint.config());
            boolean needsStart = config.loss().hasTeacher() && config.tuning() instanceof Tuning.All;
            Weights start = needsStart ? Tiny.trainer(config, Team.serial()).weights() : new Weights(checkpoint.model());
            Trainer second = new Trainer(start, checkpoint.config(), Team.serial());
            checkpoint.restore(second);
            losses.addAll(train(second, 5));
            assertEquals(expected, losses, config.toString());
            assertEquals(state(whole), state(second), config.toString());
        }
    }

    @Test
    void anotherTeacherOrTuningIsRefused() throws IOException {
        TrainConfig config = Tiny.CONFIG.withLoss(new Loss.KlDistillation());
        Trainer trainer = Tiny.trainer(config, Team.serial());
        train(trainer, 1);
        Checkpoint.save(directory, trainer);
        Checkpoint checkpoint = Checkpoint.newest(directory).orElseThrow();
        Trainer zeros = new Trainer(new Weights(Tiny.MODEL), config, Team.serial());
        String message = assertThrows(ModelFormatException.class, () -> checkpoint.restore(zeros)).getMessage();
        assertTrue(message.contains("weights that the run began with"), message);
        Trainer scorers = Tiny.trainer(config.withTuning(new Tuning.ScorersOnly()), Team.serial());
        message = assertThrows(ModelFormatException.class, () -> checkpoint.restore(scorers)).getMessage();
        assertTrue(message.contains("the trainer has ScorersOnly"), message);
    }

    /** As they were written before there was a choice of tuning and loss. */
    @Test
    void anOlderCheckpointIsRead() throws IOException {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        train(trainer, 5);
        Checkpoint.save(directory, trainer);
        String expected = state(trainer);
        rewrite(directory.resolve("step-000000005.safetensors"), metadata -> {
            metadata.remove("price");
            metadata.remove("teacher");
            Map<String, Object> train = new LinkedHashMap<>(Tiny.CONFIG.toJson());
            List.of("roles", "tuning", "loss").forEach(train::remove);
            train.putAll(Map.of("price", 0.5, "price_start", 3, "price_ramp", 10));
            metadata.put("train", Json.compact(train));
        });
        Checkpoint older = Checkpoint.newest(directory).orElseThrow();
        assertEquals(Tiny.CONFIG, older.config());
        Trainer second = new Trainer(new Weights(older.model()), older.config(), Team.serial());
        older.restore(second);
        assertEquals(expected, state(second));
    }

    /** The same checkpoint with other metadata, and the checksum of that. */
    private static void rewrite(Path file, Consumer<Map<String, String>> change) throws IOException {
        Map<String, String> metadata;
        List<Tensor> tensors = new ArrayList<>();
        try (SafeTensors in = SafeTensors.open(file)) {
            metadata = new LinkedHashMap<>(in.metadata());
            for (String name : in.names()) {
                float[] data = in.readFloats(name);
                tensors.add(Tensor.wrap(name, data, data.length));
            }
        }
        metadata.remove("checksum");
        change.accept(metadata);
        CRC32C crc = new CRC32C();
        metadata.forEach((key, value) -> crc.update((key + '\0' + value + '\0').getBytes(StandardCharsets.UTF_8)));
        metadata.put("checksum", Long.toHexString(crc.getValue()));
        SafeTensors.write(file, metadata, tensors);
    }

    @Test
    void aResumedRunDrawsTheSameTilesForItsRoleGradient() throws IOException {
        TrainConfig config = Tiny.CONFIG.withShape(1, 250, 1).withRoles(Tiny.CONFIG.roles().withGradientOneIn(2));
        Trainer whole = Tiny.trainer(config, Team.serial());
        train(whole, 4);
        Trainer first = Tiny.trainer(config, Team.serial());
        train(first, 2);
        Checkpoint.save(directory, first);
        Checkpoint checkpoint = Checkpoint.newest(directory).orElseThrow();
        Trainer second = new Trainer(new Weights(checkpoint.model()), checkpoint.config(), Team.serial());
        checkpoint.restore(second);
        train(second, 2);
        assertEquals(Tiny.sha256(whole.weights()), Tiny.sha256(second.weights()));
    }

    @Test
    void theTwoNewestAreKeptAndThoseOfALeftRunGo() throws IOException {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        for (int step : new int[] {3, 1, 2, 12, 7, 9}) {
            trainer.resumeAt(step, trainer.price());
            Checkpoint.save(directory, trainer);
        }
        assertEquals(List.of("step-000000007.safetensors", "step-000000009.safetensors"), names());
        assertEquals(9, Checkpoint.newest(directory).orElseThrow().steps());
    }

    /** 400 is whole, 500 is not: the run goes on at 400, and what it saves at 600 must not cost it 400. */
    @Test
    void aDamagedCheckpointCountsAsNone() throws IOException {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        for (int step : new int[] {400, 500}) {
            trainer.resumeAt(step, trainer.price());
            Checkpoint.save(directory, trainer);
        }
        Path damaged = directory.resolve("step-000000500.safetensors");
        byte[] bytes = Files.readAllBytes(damaged);
        bytes[bytes.length - 5] ^= 1;
        Files.write(damaged, bytes);
        Checkpoint.newest(directory).orElseThrow().restore(trainer);
        assertEquals(400, trainer.steps());
        trainer.resumeAt(600, trainer.price());
        Checkpoint.save(directory, trainer);
        assertEquals(List.of("step-000000400.safetensors", "step-000000600.safetensors"), names());
    }

    @Test
    void aRunGoesOnWithTheRolesItHadOnly() throws IOException {
        Trainer learning = Tiny.trainer(Tiny.CONFIG, Team.serial());
        train(learning, 1);
        Checkpoint.save(directory, learning);
        Checkpoint learned = Checkpoint.newest(directory).orElseThrow();
        Trainer fixed = Tiny.trainer(Tiny.CONFIG, Team.serial());
        fixed.fixRoles(RoleChoice.BEST);
        String before = state(fixed);
        String message = assertThrows(ModelFormatException.class, () -> learned.restore(fixed)).getMessage();
        assertTrue(message.contains("roles \"learned\", but the trainer's are \"best\""), message);
        assertEquals(before, state(fixed));

        train(fixed, 2);
        Checkpoint.save(directory, fixed);
        Checkpoint settled = Checkpoint.newest(directory).orElseThrow();
        message = assertThrows(ModelFormatException.class, () -> settled.restore(learning)).getMessage();
        assertTrue(message.contains("call fixRoles"), message);
        learning.fixRoles(RoleChoice.BEST);
        settled.restore(learning);
        assertEquals(state(fixed), state(learning));
    }

    @Test
    void otherKernelsAreToldInAWarning() throws IOException {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        Checkpoint.save(directory, trainer);
        Path file = directory.resolve("step-000000000.safetensors");
        assertEquals(Optional.empty(), Checkpoint.open(file).kernelsWarning());
        rewrite(file, metadata -> assertEquals(Kernels.describe(), metadata.put("kernels", "vector, 64 bits")));
        Checkpoint other = Checkpoint.open(file);
        String warning = other.kernelsWarning().orElseThrow();
        assertTrue(warning.contains("vector, 64 bits") && warning.contains(Kernels.describe()), warning);
        trainer.resumeAt(3, trainer.price());
        other.restore(trainer);
        assertEquals(0, trainer.steps(), "it goes on all the same");
    }

    @Test
    void theDirectoriesItMakesAreForced() throws IOException {
        Failures.atStep(1); // of two
        try {
            Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
            IOException e = assertThrows(IOException.class, () -> Checkpoint.save(directory.resolve("run/checkpoints"), trainer));
            assertEquals("planted failure of force directory", e.getMessage());
        } finally {
            Failures.none();
        }
    }

    @Test
    void withoutACheckpointThereIsNone() throws IOException {
        assertTrue(Checkpoint.newest(directory).isEmpty());
        assertTrue(Checkpoint.newest(directory.resolve("absent")).isEmpty());
    }

    @Test
    void whatAKilledRunLeftIsPassedOverAndRemoved() throws IOException {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        Checkpoint.save(directory, trainer);
        Files.write(directory.resolve("step-000000001.safetensors.nats-tmp"), new byte[100]);
        assertEquals(0, Checkpoint.newest(directory).orElseThrow().steps());
        trainer.resumeAt(1, trainer.price());
        Checkpoint.save(directory, trainer);
        assertEquals(List.of("step-000000000.safetensors", "step-000000001.safetensors"), names());
    }

    @Test
    void aDamagedNewestGivesWayToTheOneBefore() throws IOException {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        train(trainer, 1);
        Checkpoint.save(directory, trainer);
        train(trainer, 1);
        Checkpoint.save(directory, trainer);
        Path newest = directory.resolve("step-000000002.safetensors");
        byte[] bytes = Files.readAllBytes(newest);
        Files.write(newest, Arrays.copyOf(bytes, bytes.length - 1));
        assertEquals(1, Checkpoint.newest(directory).orElseThrow().steps());
        Files.delete(directory.resolve("step-000000001.safetensors"));
        assertThrows(ModelFormatException.class, () -> Checkpoint.newest(directory));
    }

    /** A bit of each of the first 64 bytes and of a thousand others, and every hundredth length. */
    @Test
    void noFlippedBitAndNoCutGoesUnnoticed() throws IOException {
        Weights weights = new Weights(ModelConfig.llama(4, 8, 1, 1, 1, 8, 8));
        Checkpoint.save(directory, new Trainer(weights, TrainConfig.of(1, 4, 1, 0.1), Team.serial()));
        Path file = Checkpoint.newest(directory).orElseThrow().file();
        byte[] whole = Files.readAllBytes(file);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 64 + 1000; i++) {
            int at = i < 64 ? i : random.nextInt(whole.length);
            byte[] flipped = whole.clone();
            flipped[at] ^= (byte) (1 << (i < 64 ? i % 8 : random.nextInt(8)));
            Files.write(file, flipped);
            assertThrows(ModelFormatException.class, () -> Checkpoint.open(file), "byte " + at + ", seed " + seed);
        }
        for (int length = 0; length < whole.length; length += 100) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThrows(ModelFormatException.class, () -> Checkpoint.open(file), "length " + length);
        }
    }

    @Test
    void aFailedRestoreLeavesTheTrainerAlone() throws IOException {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        train(trainer, 2);
        Checkpoint.save(directory, trainer);
        Checkpoint checkpoint = Checkpoint.newest(directory).orElseThrow();
        train(trainer, 1);
        String before = state(trainer);
        byte[] bytes = Files.readAllBytes(checkpoint.file());
        bytes[bytes.length - 5] ^= 1; // in the last tensor: all others have been read by then
        Files.write(checkpoint.file(), bytes);
        assertThrows(ModelFormatException.class, () -> checkpoint.restore(trainer));
        assertEquals(before, state(trainer));

        Trainer other = new Trainer(new Weights(Tiny.MODEL.withRoleWindows(3)), Tiny.CONFIG, Team.serial());
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> checkpoint.restore(other));
        assertTrue(e.getMessage().contains("another model"), e.getMessage());
    }

    /** Every creation, write, force and rename of a save fails once: the older checkpoint is whole, or the new one is. */
    @Test
    void whicheverStepOfASaveFailsAWholeCheckpointIsThere() throws IOException {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        train(trainer, 1);
        Checkpoint.save(directory, trainer);
        byte[] before = Files.readAllBytes(directory.resolve("step-000000001.safetensors"));
        train(trainer, 1);
        int failures = 0;
        for (; !saves(trainer, failures); failures++) {
            assertArrayEquals(before, Files.readAllBytes(directory.resolve("step-000000001.safetensors")), "failure " + failures);
            Checkpoint left = Checkpoint.newest(directory).orElseThrow();
            left.restore(Tiny.trainer(Tiny.CONFIG, Team.serial()));
            assertEquals(left.steps() == 1 ? 1 : 2, names().size(), () -> "left over: " + left.steps());
            Files.deleteIfExists(directory.resolve("step-000000002.safetensors"));
        }
        assertTrue(failures > 60, "one for each tensor and more, not " + failures);
        assertEquals(2, Checkpoint.newest(directory).orElseThrow().steps());
    }

    private boolean saves(Trainer trainer, int failingStep) {
        Failures.atStep(failingStep);
        try {
            Checkpoint.save(directory, trainer);
            return true;
        } catch (IOException e) {
            return false;
        } finally {
            Failures.none();
        }
    }

    private static String state(Trainer trainer) {
        return trainer.steps() + " " + trainer.price() + Tiny.sha256(trainer.weights()) + Tiny.sha256(trainer.learner().state());
    }

    private static List<Double> train(Trainer trainer, int steps) {
        List<Double> losses = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            losses.add(trainer.step(Tiny.text()).loss());
        }
        return losses;
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }
}
