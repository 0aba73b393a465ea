package org.neuralattention.bench.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.cache.KvStats;
import org.neuralattention.generate.Session;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.SafeTensors;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells what a model or a file of tensors is, and what a model's roles keep of a text. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        header = "Tells what is in a model folder or a safetensors file.",
        description = "With --text, also what the model's roles keep of that text in each layer and head.",
        parameterListHeading = "%n",
        optionListHeading = "%nOptions:%n")
public final class InspectCommand implements Callable<Integer> {

    @Parameters(paramLabel = "PATH", description = "a model folder or a safetensors file")
    private Path path;

    @Mixin
    private CommonOptions common;

    @Option(names = "--text", paramLabel = "FILE", description = "a text in UTF-8 to take in")
    private Path text;

    @Option(names = "--tensors", description = "list the tensors of a model folder")
    private boolean tensors;

    @Override
    public Integer call() throws IOException {
        if (Files.isDirectory(path)) {
            inspectModel();
        } else if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString());
        } else if (text != null) {
            throw new UserError("--text needs a model folder, and " + path + " is a file.");
        } else {
            inspectFile();
        }
        return 0;
    }

    private void inspectModel() throws IOException {
        ModelConfig config = ModelLoader.config(path);
        if (common.json() != null) {
            common.json().event("model").put("parameters", config.parameters()).put("vocabSize", config.vocabSize()).put("dim", config.dim())
                    .put("nLayers", config.nLayers()).put("nHeads", config.nHeads()).put("nKvHeads", config.nKvHeads())
                    .put("headDim", config.headDim()).put("hiddenDim", config.hiddenDim()).put("maxSeqLen", config.maxSeqLen())
                    .put("roleWindows", config.roleWindows().toString()).end();
        } else {
            describe(config);
        }
        if (tensors) {
            for (Tensor tensor : Weights.describe(config).tensors()) {
                tensor(tensor.name(), "F32", Arrays.toString(tensor.shape()), 4L * tensor.size());
            }
        }
        if (text != null) {
            inspectRoles(config);
        }
    }

    private void describe(ModelConfig c) {
        PrintWriter out = common.out();
        row("parameters", Numbers.compact(c.parameters()) + ", " + Numbers.bytes(4.0 * c.parameters()) + " of heap");
        row("layers", c.nLayers() + " of dim " + c.dim() + ", hidden " + c.hiddenDim() + ", " + name(c.activation()) + ", "
                + (c.norm() == ModelConfig.Norm.RMS ? "RMSNorm" : "LayerNorm"));
        row("attention", c.nHeads() + " heads of " + c.headDim() + ", " + c.nKvHeads() + " KV heads"
                + (c.attentionWindow() > 0 ? ", window " + c.attentionWindow() : "") + (c.qkNorm() ? ", q/k norm" : ""));
        row("positions", (c.positions() instanceof ModelConfig.Positions.Rotary rotary ? "rotary, theta " + Numbers.compact(rotary.theta()) : "learned")
                + ", made for " + c.maxSeqLen());
        row("vocabulary", c.vocabSize() + (c.tiedHead() ? ", head tied to the embedding" : ", separate head"));
        row("roles", c.hasRoles() ? "global, local, sliding " + c.roleWindows() : "none: every token is kept");
        row("KV per token", Numbers.bytes(8.0 * c.nLayers() * c.kvDim()) + " if all is kept");
        out.flush();
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

    private void inspectFile() throws IOException {
        try (SafeTensors file = SafeTensors.open(path)) {
            Map<String, Long> bytes = new TreeMap<>();
            for (String name : file.names()) {
                tensor(name, file.dtype(name).toString(), Arrays.toString(file.shape(name)), file.bytes(name));
                bytes.merge(file.dtype(name).toString(), file.bytes(name), Long::sum);
            }
            if (common.json() == null) {
                common.out().println(file.names().size() + " tensors");
                bytes.forEach((dtype, sum) -> row(dtype, Numbers.bytes(sum)));
                file.metadata().forEach(this::row);
            }
        }
    }

    private void tensor(String name, String dtype, String shape, long bytes) {
        if (common.json() != null) {
            common.json().event("tensor").put("name", name).put("dtype", dtype).put("shape", shape).put("bytes", bytes).end();
        } else {
            common.out().printf(Locale.ROOT, "%-52s %-5s %-18s %s%n", name, dtype, shape, Numbers.bytes(bytes));
        }
    }

    private void inspectRoles(ModelConfig config) throws IOException {
        Tokenizer tokenizer = Tokenizers.load(path);
        int[] ids = tokenizer.encode(Files.readString(text, StandardCharsets.UTF_8));
        if (ids.length == 0) {
            throw new UserError(text + " is empty.");
        }
        Weights weights = ModelLoader.load(path);
        try (Team team = common.team()) {
            Session session = new Session(new Transformer(weights, team));
            session.prefill(ids, 0, ids.length);
            kept(config, session.cache().stats());
        }
    }

    private void kept(ModelConfig config, KvStats kv) {
        if (common.json() != null) {
            for (KvStats.Head head : kv.heads()) {
                common.json().event("head").put("layer", head.layer()).put("kvHead", head.kvHead()).put("globals", head.globals())
                        .put("locals", head.locals()).put("sliding", head.sliding().toString()).end();
            }
            common.json().event("cache").put("tokens", kv.tokens()).put("kvShare", kv.kvShare()).put("bytesHeld", kv.bytesHeld())
                    .put("peakBytes", kv.peakBytes()).put("fullBytes", kv.fullBytes()).end();
            return;
        }
        PrintWriter out = common.out();
        out.printf(Locale.ROOT, "%nafter %d tokens: KV share %s, %s held, %s at the peak (a full cache: %s)%n", kv.tokens(),
                Numbers.percent(kv.kvShare()), Numbers.bytes(kv.bytesHeld()), Numbers.bytes(kv.peakBytes()), Numbers.bytes(kv.fullBytes()));
        if (config.hasRoles()) {
            out.printf(Locale.ROOT, "%-6s%-8s%10s%10s  sliding %s%n", "layer", "KV head", "globals", "locals", config.roleWindows());
            for (KvStats.Head head : kv.heads()) {
                out.printf(Locale.ROOT, "%-6d%-8d%10d%10d  %s%n", head.layer(), head.kvHead(), head.globals(), head.locals(), head.sliding());
            }
        }
    }
}
