package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.TextTable;
import org.neuralattention.io.Json;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.SafeTensors;
import org.neuralattention.io.ShardedTensors;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.tokenize.BpeTokenizer;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.tokenize.SpmTokenizer;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import org.neuralattention.train.Checkpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells what a model, a training run or a file of tensors is, and what a model's roles keep of a text. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        header = "Tells what is in a model folder, a training run, its checkpoints or a safetensors file.",
        description = "With --text, also which roles the tokens of that text take in each layer and KV head, and what they keep.",
        parameterListHeading = "%n",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats inspect my-model --context 32768", "  nats inspect my-model --text book.txt", "  nats inspect my-model/checkpoints"})
public final class InspectCommand implements Callable<Integer> {

    @Parameters(paramLabel = "PATH", description = "a model folder, a folder of 'nats train', its checkpoints, or a safetensors file")
    private Path path;

    @Mixin
    private CommonOptions common;

    @Option(names = "--text", paramLabel = "FILE", description = "a text in UTF-8, read in consecutive pieces of --context tokens")
    private Path text;

    @Option(names = "--context", paramLabel = "N", description = "tokens of a context (what the model was made for, at most 1024)")
    private Integer context;

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
        if (Files.exists(path.resolve("config.json"))) {
            inspectModel();
            return 0;
        }
        if (text != null) {
            throw new UserError("--text needs a model folder, and " + path + (Files.isDirectory(path) ? " has no config.json." : " is a file."));
        }
        if (Files.isDirectory(path)) {
            inspectCheckpoints();
        } else {
            inspectFile(path);
        }
        return 0;
    }

    private void inspectModel() throws IOException {
        ModelConfig config = ModelLoader.config(path);
        int tokens = context != null ? context : Math.min(1024, config.maxSeqLen());
        describe(config, tokens, Files.exists(path.resolve("tokenizer.json")) ? Tokenizers.load(path) : null);
        if (tensors) {
            try (ShardedTensors files = ShardedTensors.open(path)) {
                list(files.files());
            }
        }
        if (text != null) {
            RolesOfText roles = RolesOfText.measure(common, path, TextFiles.read(text), tokens);
            roles.tell(common);
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
                    list(List.of(safetensors));
                }
                return;
            }
            list(List.of(safetensors));
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
        describe(config, context != null ? context : Math.min(1024, config.maxSeqLen()), null);
    }

    private void describe(ModelConfig c, int tokens, Tokenizer tokenizer) {
        long perToken = 2L * Float.BYTES * c.nLayers() * c.kvDim();
        long seen = c.attentionWindow() > 0 ? Math.min(tokens, c.attentionWindow()) : tokens;
        if (common.json() != null) {
            common.json().event("model").put("parameters", c.parameters()).put("vocabSize", c.vocabSize()).put("dim", c.dim())
                    .put("nLayers", c.nLayers()).put("nHeads", c.nHeads()).put("nKvHeads", c.nKvHeads())
                    .put("headDim", c.headDim()).put("hiddenDim", c.hiddenDim()).put("maxSeqLen", c.maxSeqLen())
                    .put("roleWindows", c.roleWindows()).put("tokenizer", describe(tokenizer))
                    .put("kvBytesPerToken", perToken).put("context", tokens).put("fullBytes", seen * perToken).end();
            return;
        }
        row("parameters", Numbers.compact(c.parameters()) + ", " + Numbers.bytes(4.0 * c.parameters()) + " of heap");
        row("layers", c.nLayers() + " of dim " + c.dim() + ", hidden " + c.hiddenDim() + ", " + name(c.activation()) + ", "
                + (c.norm() == ModelConfig.Norm.RMS ? "RMSNorm" : "LayerNorm"));
        row("attention", c.nHeads() + " heads of " + c.headDim() + ", " + c.nKvHeads() + " KV heads"
                + (c.attentionWindow() > 0 ? ", window " + c.attentionWindow() : "") + (c.qkNorm() ? ", q/k norm" : ""));
        row("positions", (c.positions() instanceof ModelConfig.Positions.Rotary rotary ? "rotary, theta " + Numbers.compact(rotary.theta()) : "learned")
                + ", made for " + c.maxSeqLen());
        row("vocabulary", c.vocabSize() + (c.tiedHead() ? ", head tied to the embedding" : ", separate head"));
        row("tokenizer", describe(tokenizer));
        row("roles", c.hasRoles() ? "global, local, sliding " + c.roleWindows() : "none: every token is kept");
        row("full cache", Numbers.bytes(perToken) + " a token, " + Numbers.bytes((double) seen * perToken) + " for a context of " + tokens
                + (c.hasRoles() ? " (--text tells what the roles keep of it)" : ""));
    }

    private static String describe(Tokenizer tokenizer) {
        if (tokenizer == null) {
            return "none";
        }
        String kind = switch (tokenizer) {
            case ByteTokenizer bytes -> "bytes";
            case BpeTokenizer bpe -> "byte-level BPE";
            case SpmTokenizer spm -> "SentencePiece-style BPE";
            default -> tokenizer.getClass().getSimpleName();
        };
        String ends = String.join(", ", tokenizer.eosIds().stream().map(String::valueOf).toList());
        return kind + (tokenizer instanceof ByteTokenizer ? "" : ", " + tokenizer.vocabSize() + " ids")
                + (tokenizer.bosId().isPresent() ? ", begins with " + tokenizer.bosId().getAsInt() : "")
                + (ends.isEmpty() ? "" : ", ends with " + ends);
    }

    private static String name(ModelConfig.Activation activation) {
        return switch (activation) {
            case SWIGLU -> "SwiGLU";
            case GELU_TANH -> "GELU (tanh)";
            case GELU_ERF -> "GELU (erf)";
        };
    }

    private void row(String name, String value) {
        common.out().printf(Locale.ROOT, "%-14s%s%n", name, value);
    }

    private void list(List<SafeTensors> files) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Long> bytes = new TreeMap<>();
        for (SafeTensors file : files) {
            for (String name : file.names()) {
                String dtype = file.dtype(name).toString();
                bytes.merge(dtype, file.bytes(name), Long::sum);
                rows.add(List.of(name, dtype, Arrays.toString(file.shape(name)), Numbers.bytes(file.bytes(name))));
                if (common.json() != null) {
                    common.json().event("tensor").put("name", name).put("dtype", dtype).put("shape", Arrays.stream(file.shape(name)).boxed().toList())
                            .put("bytes", file.bytes(name)).end();
                }
            }
        }
        if (common.json() == null) {
            common.out().println(TextTable.of(List.of("tensor", "type", "shape", "size"), rows));
            row("tensors", String.valueOf(rows.size()));
            bytes.forEach((dtype, sum) -> row(dtype, Numbers.bytes(sum)));
        }
    }
}
