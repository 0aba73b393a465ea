package org.neuralattention.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.neuralattention.io.AtomicFiles;
import org.neuralattention.io.HfConfig;
import org.neuralattention.io.HfConfigWriter;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.SafeTensors;
import org.neuralattention.kernels.Kernels;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;

/**
 * A point of a training run on disk, from which it goes on as if it had never stopped: weights, both moments of what learns, the step's
 * number (also the cursor of the data and of all randomness), the state of the price and both configurations.
 *
 * <p>One safetensors file, {@code step-N.safetensors}, written whole or not at all. Its tensors are {@code weights.*}, {@code m.*}
 * and {@code v.*}, of a matrix with an adapter what it was at first, and the adapter's {@code *.lora_a} and {@code *.lora_b}; its metadata
 * {@code step}, {@code model}, {@code train}, {@code price}, {@code roles}, {@code teacher}, {@code kernels}, {@code crc32c} (of each tensor's bytes) and {@code checksum} (of the metadata before it), so that no damaged bit goes unnoticed. The two newest whole files
 * are kept.
 */
public final class Checkpoint {

    private static final System.Logger LOG = System.getLogger(Checkpoint.class.getName());

    private static final int KEPT = 2;

    private final Path file;
    private final long steps;
    private final ModelConfig model;
    private final TrainConfig config;
    private final Price.State price;
    private final JsonObject metadata;

    private Checkpoint(Path file, JsonObject metadata) {
        this.file = file;
        this.metadata = metadata;
        steps = Long.parseLong(metadata.string("step"));
        model = HfConfig.parse(json(file, metadata, "model"));
        config = TrainConfig.fromJson(json(file, metadata, "train"));
        price = metadata.has("price") ? Price.State.fromJson(json(file, metadata, "price")) : config.roles().price().start(steps); // older ones lack it
    }

    public Path file() {
        return file;
    }

    /** Steps that were done. */
    public long steps() {
        return steps;
    }

    public ModelConfig model() {
        return model;
    }

    /** The configuration of its last step, for a trainer that goes on. */
    public TrainConfig config() {
        return config;
    }

    /**
     * Writes where {@code trainer} stands into {@code directory}, which is made if need be, and removes all but the two newest whole
     * checkpoints: damaged ones, and those of later steps too, which are of a run that this one has left. Reads the one before, to know
     * that it is whole.
     *
     * @throws IOException if it cannot be written; what was there before is then still there
     */
    public static void save(Path directory, Trainer trainer) throws IOException {
        AtomicFiles.createDirectories(directory);
        AtomicFiles.clean(directory);
        List<Tensor> tensors = trainer.learner().state();
        Map<String, Object> sums = new LinkedHashMap<>();
        tensors.forEach(t -> sums.put(t.name(), crc32c(t.data())));
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("step", Long.toString(trainer.steps()));
        metadata.put("model", HfConfigWriter.text(trainer.model()));
        metadata.put("train", Json.compact(trainer.config().toJson()));
        metadata.put("price", Json.compact(trainer.price().toJson()));
        metadata.put("roles", trainer.roles());
        metadata.put("teacher", trainer.teacherChecksum());
        metadata.put("kernels", Kernels.describe());
        metadata.put("crc32c", Json.compact(sums));
        metadata.put("checksum", checksum(metadata));
        SafeTensors.write(directory.resolve(String.format(Locale.ROOT, "step-%09d.safetensors", trainer.steps())), metadata, tensors);
        prune(directory, trainer.steps());
    }

    private static void prune(Path directory, long newest) throws IOException {
        int kept = 1;
        for (Map.Entry<Long, Path> entry : files(directory).descendingMap().entrySet()) {
            if (entry.getKey() == newest) {
                continue;
            }
            if (entry.getKey() < newest && kept < KEPT && isWhole(entry.getValue())) {
                kept++;
            } else {
                Files.deleteIfExists(entry.getValue());
            }
        }
    }

    private static boolean isWhole(Path file) throws IOException {
        try {
            open(file);
            return true;
        } catch (ModelFormatException e) {
            LOG.log(System.Logger.Level.WARNING, "A damaged checkpoint is removed: " + e.getMessage());
            return false;
        }
    }

    /**
     * The newest checkpoint in {@code directory} that is whole; empty if there is none at all. Newer ones that are damaged are passed
     * over with a warning.
     *
     * @throws ModelFormatException if there are checkpoints and all are damaged
     */
    public static Optional<Checkpoint> newest(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        ModelFormatException damaged = null;
        for (Path file : files(directory).descendingMap().values()) {
            try {
                return Optional.of(open(file));
            } catch (ModelFormatException e) {
                LOG.log(System.Logger.Level.WARNING, "A damaged checkpoint is passed over: " + e.getMessage());
                damaged = damaged == null ? e : damaged;
            }
        }
        if (damaged != null) {
            throw damaged;
        }
        return Optional.empty();
    }

    /**
     * Opens a checkpoint and checks every bit of it.
     *
     * @throws ModelFormatException if it is not a whole checkpoint
     */
    public static Checkpoint open(Path file) throws IOException {
        try (SafeTensors tensors = SafeTensors.open(file)) {
            JsonObject metadata = metadata(tensors);
            JsonObject sums = json(file, metadata, "crc32c");
            for (String name : tensors.names()) {
                read(tensors, sums, name);
            }
            metadata.string("roles");
            metadata.string("kernels");
            return new Checkpoint(file, metadata);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, "has a wrong configuration: " + e.getMessage(), e);
        }
    }

    private static JsonObject metadata(SafeTensors file) {
        Map<String, String> fields = new LinkedHashMap<>(file.metadata());
        String checksum = fields.remove("checksum");
        if (checksum == null) {
            throw new ModelFormatException(file.file(), "is not a checkpoint of a training run");
        }
        if (!checksum.equals(checksum(fields))) {
            throw new ModelFormatException(file.file(), "is damaged: the checksum of its metadata does not fit");
        }
        return new JsonObject(file.file(), Map.copyOf(fields));
    }

    private static JsonObject json(Path file, JsonObject metadata, String key) {
        return JsonObject.of(file + ", " + key, Json.parse(file + ", " + key, metadata.string(key).getBytes(StandardCharsets.UTF_8)));
    }

    private static float[] read(SafeTensors file, JsonObject sums, String name) throws IOException {
        float[] data = file.readFloats(name);
        if (!sums.string(name).equals(crc32c(data))) {
            throw new ModelFormatException(file.file(), "is damaged: the checksum of tensor \"" + name + "\" does not fit");
        }
        return data;
    }

    /**
     * Puts {@code trainer} where this checkpoint stands. Its configuration stays its own: give it {@link #config} to go on as before.
     * If the run was made with other kernels than this JVM's, a warning says that it does not go on to the same bits.
     *
     * @throws ModelFormatException if it is of another model, of another tuning, has another teacher, was trained with roles from elsewhere
     *     ({@link Trainer#fixRoles}), or is damaged by now; the trainer is then as before
     */
    public void restore(Trainer trainer) throws IOException {
        if (!model.equals(trainer.model())) {
            throw new ModelFormatException(file, "is of another model: " + model + ", not " + trainer.model());
        }
        if (!config.tuning().equals(trainer.config().tuning())) {
            throw new ModelFormatException(file, "was trained with " + config.tuning() + ", the trainer has " + trainer.config().tuning());
        }
        if (!metadata.string("teacher", "").equals(trainer.teacherChecksum())) {
            throw new ModelFormatException(file, "was trained with another teacher: make the trainer with the weights that the run began with");
        }
        String roles = metadata.string("roles");
        if (!roles.equals(trainer.roles())) {
            throw new ModelFormatException(file, "was trained with roles \"" + roles + "\", but the trainer's are \"" + trainer.roles()
                    + "\": " + ("learned".equals(roles) ? "fix them after restoring, if at all" : "call fixRoles before restoring"));
        }
        List<Tensor> tensors = trainer.learner().state();
        List<float[]> read = new ArrayList<>();
        try (SafeTensors in = SafeTensors.open(file)) {
            JsonObject sums = json(file, metadata(in), "crc32c");
            for (Tensor tensor : tensors) {
                float[] data = read(in, sums, tensor.name());
                if (data.length != tensor.size()) {
                    throw new ModelFormatException(file, "tensor \"" + tensor.name() + "\" has " + data.length + " elements, not " + tensor.size());
                }
                read.add(data);
            }
        }
        for (int i = 0; i < tensors.size(); i++) {
            System.arraycopy(read.get(i), 0, tensors.get(i).data(), 0, read.get(i).length);
        }
        Price asked = trainer.config().roles().price();
        trainer.resumeAt(steps, asked.equals(config.roles().price()) ? price : asked.start(steps));
        kernelsWarning().ifPresent(text -> LOG.log(System.Logger.Level.WARNING, text));
    }

    /** What to tell where other kernels run than those it was written with. */
    Optional<String> kernelsWarning() {
        String kernels = metadata.string("kernels");
        return kernels.equals(Kernels.describe()) ? Optional.empty() : Optional.of(file + " was written with other kernels (" + kernels
                + ") than run here (" + Kernels.describe() + "): training goes on, but not to the bits of the run that did not stop");
    }

    /** Checkpoint files in a directory by step. */
    private static TreeMap<Long, Path> files(Path directory) throws IOException {
        TreeMap<Long, Path> found = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "step-*.safetensors")) {
            for (Path file : files) {
                String digits = file.getFileName().toString().replaceAll("^step-|\\.safetensors$", "");
                if (digits.matches("[0-9]{1,18}")) {
                    found.put(Long.parseLong(digits), file);
                }
            }
        }
        return found;
    }

    private static String checksum(Map<String, String> metadata) {
        CRC32C crc = new CRC32C();
        metadata.forEach((key, value) -> crc.update((key + '\0' + value + '\0').getBytes(StandardCharsets.UTF_8)));
        return Long.toHexString(crc.getValue());
    }

    static String crc32c(float[] data) {
        CRC32C crc = new CRC32C();
        ByteBuffer piece = ByteBuffer.allocate(Math.min(data.length, 1 << 16) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int n;
        for (int done = 0; done < data.length; done += n) {
            n = Math.min(data.length - done, piece.capacity() / Float.BYTES);
            piece.asFloatBuffer().put(data, done, n);
            crc.update(piece.array(), 0, n * Float.BYTES);
        }
        return Long.toHexString(crc.getValue());
    }
}
