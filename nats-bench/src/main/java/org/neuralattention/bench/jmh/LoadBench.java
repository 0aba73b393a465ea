package org.neuralattention.bench.jmh;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.neuralattention.bench.result.Work;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.GgufWriter;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
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

/**
 * Loads a model of some 600 MB from the page cache, beside what bounds it: reading the file into one buffer again and again, and reading it with as many
 * threads into arrays that are new, whose memory must be touched as a model's must.
 *
 * <p>Calls are few and what they loaded is kept, so that each takes memory that was not touched before: the suite needs some 4 GB. A first call, which
 * warms up, is what a process that has just started sees.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgs = {"--add-modules=jdk.incubator.vector", "--sun-misc-unsafe-memory-access=allow", "-XX:MaxRAMPercentage=75",
    "-XX:+UseSerialGC", "-XX:PretenureSizeThreshold=256k", "-XX:InitialRAMPercentage=50", "-Xmn32m"}) // as 'nats generate' runs
@Warmup(iterations = 1)
@Measurement(iterations = 4)
public class LoadBench implements Counted {

    private static final long BYTES = 600_000_000;
    private static final int KEPT = 5;
    private static final int BUFFER = 1 << 20;
    private static final int ARRAY = 64 << 20;

    /** The container and the format of the matrices. */
    @Param({"safetensors F32", "safetensors BF16", "gguf F32", "gguf BF16", "gguf Q8_0", "gguf Q6_K", "gguf Q4_0", "gguf Q4_K"})
    public String model;

    private final List<Object> kept = new ArrayList<>();
    private Path folder;
    private Path file;
    private Path whole;

    @Setup
    public void write() throws IOException {
        folder = Files.createTempDirectory("nats-load");
        ModelSource source = new Repeated(new RandomModel(config()).as(dtype()), new HashMap<>());
        if (model.startsWith("gguf")) {
            whole = folder.resolve("model.gguf");
            file = whole;
            GgufWriter.write(file, source, new GgufMetadata.Builder().build());
        } else {
            whole = folder;
            ModelWriter.save(folder, source);
            file = folder.resolve("model.safetensors");
        }
    }

    @TearDown
    public void delete() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path each : files.toList()) {
                Files.delete(each);
            }
        }
        Files.delete(folder);
    }

    @Benchmark
    public Object load() throws IOException {
        return keep(ModelLoader.loadStored(whole));
    }

    /** The limit of reading: nothing is kept. */
    @Benchmark
    public long readIntoOneBuffer() throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
            long read = 0;
            while (channel.read(buffer.clear()) > 0) {
                read += buffer.position();
            }
            return read;
        }
    }

    /** The limit of loading: all bytes, as they are, in arrays. */
    @Benchmark
    public Object readIntoNewArrays() throws IOException {
        try (FileChannel channel = FileChannel.open(file); Team team = Team.of(Runtime.getRuntime().availableProcessors())) {
            long size = channel.size();
            byte[][] arrays = new byte[Math.toIntExact((size + ARRAY - 1) / ARRAY)][];
            IOException[] failures = new IOException[arrays.length];
            team.run(arrays.length, (task, worker) -> {
                long from = (long) task * ARRAY;
                arrays[task] = new byte[(int) Math.min(ARRAY, size - from)];
                try {
                    read(channel, from, arrays[task]);
                } catch (IOException e) {
                    failures[task] = e;
                }
            });
            for (IOException failure : failures) {
                if (failure != null) {
                    throw failure;
                }
            }
            return keep(arrays);
        }
    }

    private static void read(FileChannel channel, long from, byte[] to) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER / 4);
        for (int done = 0; done < to.length; ) {
            buffer.clear().limit(Math.min(buffer.capacity(), to.length - done));
            int read = channel.read(buffer, from + done);
            if (read < 0) {
                throw new IOException("the file has become shorter");
            }
            buffer.flip().get(to, done, read);
            done += read;
        }
    }

    /** The oldest goes when there are enough, where more calls were asked for. */
    private Object keep(Object loaded) {
        if (kept.size() == KEPT) {
            kept.removeFirst();
        }
        kept.add(loaded);
        return loaded;
    }

    @Override
    public Work work(String method) {
        return new Work(0, bytes(config()));
    }

    private Dtype dtype() {
        return Dtype.valueOf(model.substring(model.indexOf(' ') + 1));
    }

    /** Layers of Llama-3.2-1B behind a small vocabulary, as many as fit. */
    private ModelConfig config() {
        long none = bytes(config(1)) - (bytes(config(2)) - bytes(config(1)));
        return config((int) Math.max(1, Math.round((BYTES - none) / (double) (bytes(config(1)) - none))));
    }

    private static ModelConfig config(int layers) {
        return ModelConfig.llama(16_384, 2048, layers, 32, 8, 8192, 8192).withTiedHead(true);
    }

    private long bytes(ModelConfig config) {
        Weights described = Weights.describe(config);
        return described.tensors().stream().mapToLong(tensor -> described.stored(tensor, dtype()).bytes(tensor.size())).sum();
    }

    /** A model whose tensors of one shape are all the same: to round one of each takes seconds, to round all minutes. */
    private record Repeated(ModelSource source, Map<String, WeightMatrix> byShape) implements ModelSource {

        @Override
        public ModelConfig config() {
            return source.config();
        }

        @Override
        public Dtype dtype(Tensor tensor) {
            return source.dtype(tensor);
        }

        @Override
        public WeightMatrix read(Tensor tensor) throws IOException {
            String shape = tensor.rows() + " x " + tensor.cols();
            WeightMatrix matrix = byShape.get(shape);
            if (matrix == null) {
                matrix = source.read(tensor);
                byShape.put(shape, matrix);
            }
            return matrix;
        }

        @Override
        public WeightMatrix.Source<IOException> rows(Tensor tensor) throws IOException {
            WeightMatrix matrix = read(tensor);
            return (out, from, count) -> matrix.expand(out, 0, from, count);
        }
    }
}
