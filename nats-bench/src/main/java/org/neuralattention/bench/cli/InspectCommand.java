package org.neuralattention.bench.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.TextTable;
import org.neuralattention.io.Json;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.SafeTensors;
import org.neuralattention.io.StoredTensor;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.train.Checkpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells what a model, a training run or a file of tensors is, and what a model's roles keep of a text. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        header = "Tells what a model is and what memory it needs, or what is in a training run, its checkpoints or a safetensors file.",
        description = "The weights are not read. With --text they are, and it tells which roles the tokens of that text take in each layer and KV head, and what they keep.",
        parameterListHeading = "%n",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats inspect my-model --context 32768", "  nats inspect model.gguf --dtype q8_0 --kv-dtype bf16", "  nats inspect my-model --text book.txt", "  nats inspect my-model/checkpoints"})
public final class InspectCommand implements Callable<Integer> {

    /** Most tokens of a piece of --text, unless --context says otherwise: all activations of a piece are held. */
    private static final int MOST_PIECE = 1024;

    @Parameters(paramLabel = "PATH", description = "a model (" + ModelOptions.MODEL + "), a folder of 'nats train', its checkpoints, or a safetensors file")
    private Path path;

    @Mixin
    private CommonOptions common;

    @Option(names = "--text", paramLabel = "FILE", description = "a text in UTF-8, read in consecutive pieces of --context tokens")
    private Path text;

    @Option(names = "--context", paramLabel = "N", description = "tokens of a context (what the model was made for; with --text at most 1024 of them)")
    private Integer context;

    @Option(names = "--dtype", paramLabel = "TYPE", converter = ModelOptions.DtypeConverter.class, completionCandidates = ModelOptions.DtypeNames.class,
            description = "weights in memory, as for 'nats generate': ${COMPLETION-CANDIDATES} (as stored)")
    private Dtype dtype;

    @Option(names = "--kv-dtype", paramLabel = "TYPE", defaultValue = "f32", converter = KvOptions.KvForm.class,
            description = "keys and values in memory: f32, bf16 or q8 (${DEFAULT-VALUE})")
    private KvDtype kvDtype;

    @Option(names = "--tokenizer", paramLabel = "PATH", description = ModelOptions.TOKENIZER)
    private Path tokenizer;

    @Option(names = "--tensors", description = "list the tensors")
    private boolean tensors;

    @Override
    public Integer call() throws IOException {
        if (context != null && context < 1) {
            throw new UserError("--context " + context + ": must be at least 1.");
        }
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
        boolean folder = Files.isDirectory(path);
        if (folder ? Files.exists(path.resolve("config.json")) : !isSafeTensors()) {
            inspectModel();
            return 0;
        }
        if (text != null) {
            throw new UserError("--text needs a model, and " + path + (folder ? " has no config.json." : " is a file of tensors."));
        }
        if (folder) {
            inspectCheckpoints();
        } else {
            inspectFile(path);
        }
        return 0;
    }

    /** By what such a file begins with: the length of its header, and the brace that opens it. */
    private boolean isSafeTensors() throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] first = in.readNBytes(Long.BYTES + 1);
            return path.toString().endsWith(".safetensors") || first.length == Long.BYTES + 1 && first[Long.BYTES] == '{'
                    && ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getLong() < Files.size(path);
        }
    }

    private void inspectModel() throws IOException {
        int pieces;
        try (ModelFile file = ModelFile.open(path)) {
            int made = file.config().maxSeqLen();
            int tokens = context != null ? context : made;
            pieces = context != null ? context : Math.min(MOST_PIECE, made);
            if (file.config().positions() instanceof ModelConfig.Positions.Learned && tokens > made) {
                throw new UserError("--context " + tokens + ": the model has only " + made + " positions.");
            }
            InspectedModel model = new InspectedModel(common);
            Tokenizer read = model.tell(file, tokenizer == null ? path : tokenizer, tokens);
            if (tensors) {
                list(file.stored());
            }
            model.need(dtype == null ? file : file.as(dtype), dtype, read == null ? 0 : read.vocabSize(), tokens, kvDtype);
        }
        if (text != null) {
            RolesOfText.measure(common, path, tokenizer == null ? path : tokenizer, TextFiles.read(text), pieces).tell(common);
        }
    }

    /** The newest checkpoint of a run, or of a folder of checkpoints. */
    private void inspectCheckpoints() throws IOException {
        Path inside = path.resolve("checkpoints");
        Optional<Checkpoint> checkpoint = Checkpoint.newest(Files.isDirectory(inside) ? inside : path);
        if (checkpoint.isEmpty()) {
            throw new UserError(path + " holds neither a model (no config.json) nor checkpoints of a training run.");
        }
        inspectFile(checkpoint.get().file());
    }

    private void inspectFile(Path file) throws IOException {
        try (SafeTensors safetensors = SafeTensors.open(file)) {
            if (safetensors.metadata().containsKey("step")) {
                inspectCheckpoint(Checkpoint.open(file));
                if (tensors) {
                    list(stored(safetensors));
                }
                return;
            }
            list(stored(safetensors));
            JsonLines json = common.json();
            safetensors.metadata().forEach(json == null ? this::row
                    : (name, value) -> json.event("metadata").put("name", name).put("value", value).end());
        }
    }

    private void inspectCheckpoint(Checkpoint checkpoint) {
        if (common.json() != null) {
            common.json().event("checkpoint").put("file", checkpoint.file().toString()).put("step", checkpoint.steps())
                    .put("steps", checkpoint.config().steps()).put("train", Json.compact(checkpoint.config().toJson())).end();
        } else {
            row("checkpoint", checkpoint.file() + ", all checksums fit");
            row("step", checkpoint.steps() + " of " + checkpoint.config().steps());
            row("training", Json.compact(checkpoint.config().toJson()));
        }
        ModelConfig config = checkpoint.model();
        new InspectedModel(common).tell(config, context != null ? context : config.maxSeqLen());
    }

    private void row(String name, String value) {
        common.row(name, value);
    }

    private static List<StoredTensor> stored(SafeTensors file) {
        return file.names().stream().map(name -> new StoredTensor(name, file.dtype(name).toString(), file.shape(name), file.bytes(name))).toList();
    }

    private void list(List<StoredTensor> all) {
        if (common.json() != null) {
            all.forEach(tensor -> common.json().event("tensor").put("name", tensor.name()).put("dtype", tensor.type())
                    .put("shape", Arrays.stream(tensor.shape()).boxed().toList()).put("bytes", tensor.bytes()).end());
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        Map<String, Long> bytes = new TreeMap<>();
        for (StoredTensor tensor : all) {
            bytes.merge(tensor.type(), tensor.bytes(), Long::sum);
            rows.add(List.of(tensor.name(), tensor.type(), Arrays.toString(tensor.shape()), Numbers.bytes(tensor.bytes())));
        }
        common.out().println(TextTable.of(List.of("tensor", "type", "shape", "size"), rows));
        row("tensors", String.valueOf(rows.size()));
        bytes.forEach((dtype, sum) -> row(dtype, Numbers.bytes(sum)));
    }
}
