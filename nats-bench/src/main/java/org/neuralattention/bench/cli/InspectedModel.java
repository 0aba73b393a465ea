package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.generate.MemoryNeed;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.ModelSource;
import org.neuralattention.io.StoredTensor;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.tokenize.BpeTokenizer;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.tokenize.SpmTokenizer;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;

/** Tells what a model is and what running it takes: for people in rows, for machines in lines of JSON. */
final class InspectedModel {

    private final CommonOptions common;
    private final JsonLines json;

    InspectedModel(CommonOptions common) {
        this.common = common;
        this.json = common.json();
    }

    /** All that a file says of itself without its weights. Returns its tokenizer, or null. */
    Tokenizer tell(ModelFile file, Path tokenizerPath, int context) throws IOException {
        Tokenizer tokenizer = null;
        String kind;
        try {
            tokenizer = Tokenizers.load(tokenizerPath);
            kind = describe(tokenizer);
        } catch (NoSuchFileException e) {
            kind = "none";
        } catch (ModelFormatException e) { // the model is told all the same
            kind = "cannot be read (" + e.getMessage() + ")";
        }
        boolean template = file.chatTemplate().isPresent();
        if (json != null) {
            shape(json.event("model").put("format", file.format()).put("architecture", file.architecture()).put("chatTemplate", template), file.config(), kind, context).end();
        } else {
            row("format", file.format() + ", " + file.architecture());
            shape(file.config(), context);
            row("tokenizer", kind);
            row("chat template", template ? "yes" : "none");
        }
        stored(file.stored());
        return tokenizer;
    }

    /** Of a training's checkpoint. */
    void tell(ModelConfig config, int context) {
        if (json != null) {
            shape(json.event("model"), config, "none", context).end();
        } else {
            shape(config, context);
        }
    }

    private static JsonLines.Line shape(JsonLines.Line line, ModelConfig c, String tokenizer, int context) {
        return line.put("parameters", c.parameters()).put("vocabSize", c.vocabSize()).put("dim", c.dim())
                .put("nLayers", c.nLayers()).put("nHeads", c.nHeads()).put("nKvHeads", c.nKvHeads())
                .put("headDim", c.headDim()).put("hiddenDim", c.hiddenDim()).put("maxSeqLen", c.maxSeqLen())
                .put("roleWindows", c.roleWindows()).put("tokenizer", tokenizer)
                .put("kvBytesPerToken", perToken(c)).put("context", context).put("fullBytes", seen(c, context) * perToken(c));
    }

    private void shape(ModelConfig c, int context) {
        row("parameters", Numbers.compact(c.parameters()));
        row("layers", c.nLayers() + " of dim " + c.dim() + ", hidden " + c.hiddenDim() + ", " + name(c.activation()) + ", "
                + (c.norm() == ModelConfig.Norm.RMS ? "RMSNorm" : "LayerNorm"));
        row("attention", c.nHeads() + " heads of " + c.headDim() + ", " + c.nKvHeads() + " KV heads"
                + (c.attentionWindow() > 0 ? ", window " + c.attentionWindow() : "") + (c.qkNorm() ? ", q/k norm" : ""));
        row("positions", (c.positions() instanceof ModelConfig.Positions.Rotary rotary ? "rotary, theta " + Numbers.compact(rotary.theta()) : "learned")
                + ", made for " + c.maxSeqLen());
        row("vocabulary", c.vocabSize() + (c.tiedHead() ? ", head tied to the embedding" : ", separate head"));
        row("roles", c.hasRoles() ? c.roleSpace().toString() : "none: every token is kept");
        row("full cache", Numbers.bytes(perToken(c)) + " a token, " + Numbers.bytes((double) seen(c, context) * perToken(c)) + " for a context of " + context
                + (c.hasRoles() ? " (--text tells what the roles keep of it)" : ""));
    }

    private static long perToken(ModelConfig c) {
        return 2L * Float.BYTES * c.nLayers() * c.kvDim();
    }

    private static long seen(ModelConfig c, long context) {
        return c.attentionWindow() > 0 ? Math.min(context, c.attentionWindow()) : context;
    }

    private void stored(List<StoredTensor> tensors) {
        Map<String, List<StoredTensor>> byType = tensors.stream().collect(Collectors.groupingBy(StoredTensor::type, TreeMap::new, Collectors.toList()));
        List<String> words = new ArrayList<>();
        byType.forEach((type, all) -> {
            long bytes = all.stream().mapToLong(StoredTensor::bytes).sum();
            if (json != null) {
                json.event("stored").put("dtype", type).put("tensors", all.size()).put("bytes", bytes).end();
            }
            words.add(all.size() + (all.size() == 1 ? " tensor " : " tensors ") + type + ", " + Numbers.bytes(bytes));
        });
        if (json == null) {
            row("stored", String.join("; ", words));
        }
    }

    /** What a context takes, and whether this JVM and this machine have it. */
    void need(ModelSource source, Dtype dtype, int tokenizerIds, int context, KvDtype kvDtype) {
        MemoryNeed need = MemoryNeed.of(source, tokenizerIds, context, kvDtype, common.threads());
        OptionalLong machine = MemoryTeller.machine();
        long heap = Runtime.getRuntime().maxMemory();
        boolean inHeap = need.heap() <= heap;
        boolean inMachine = machine.isEmpty() || need.total() <= machine.getAsLong();
        String weights = dtype == null ? "stored" : ModelOptions.name(dtype);
        String kv = kvDtype.name().toLowerCase(Locale.ROOT);
        boolean roles = source.config().hasRoles();
        if (json != null) {
            json.event("memory").put("context", context).put("dtype", weights).put("kvDtype", kv).put("threads", common.threads())
                    .put("weights", need.weights()).put("kvCache", need.kvCache()).put("activations", need.activations()).put("scratch", need.scratch())
                    .put("tokenizer", need.tokenizer()).put("garbage", need.garbage()).put("jvm", need.jvm()).put("predicted", need.total()).put("heap", heap)
                    .put("machine", machine).put("fits", inHeap && inMachine).end();
            return;
        }
        common.out().println();
        common.out().printf(Locale.ROOT, "Memory of a context of %d, weights %s, keys and values %s, %d threads:%n", context, dtype == null ? "as stored" : weights, kv,
                common.threads());
        row("weights", Numbers.bytes(need.weights()));
        row("KV cache", (roles ? "at most " : "") + Numbers.bytes(need.kvCache()) + (roles ? ", if the roles keep every token" : ""));
        row("activations", Numbers.bytes(need.activations()));
        row("scratch", Numbers.bytes(need.scratch()));
        row("tokenizer", Numbers.bytes(need.tokenizer()));
        row("garbage", Numbers.bytes(need.garbage()));
        row("JVM", Numbers.bytes(need.jvm()));
        row("together", Numbers.bytes(need.total()) + (machine.isPresent() ? " of this machine's " + Numbers.bytes(machine.getAsLong()) : ""));
        if (!inMachine) {
            row("", "It does not fit this machine" + (roles ? " if the roles keep every token." : "."));
        } else if (!inHeap) {
            row("", "It does not fit the heap of " + Numbers.bytes(heap) + (roles ? " if the roles keep every token" : "") + ": NATS_JAVA_OPTS=-Xmx... sets a larger one.");
        } else {
            row("", "It fits.");
        }
    }

    private static String describe(Tokenizer tokenizer) {
        String kind = switch (tokenizer) {
            case ByteTokenizer bytes -> "bytes";
            case BpeTokenizer bpe -> "byte-level BPE";
            case SpmTokenizer spm -> "SentencePiece-style BPE";
            default -> tokenizer.getClass().getSimpleName();
        };
        String ends = String.join(", ", tokenizer.eosIds().stream().map(String::valueOf).toList());
        return kind + (tokenizer instanceof ByteTokenizer ? "" : ", " + tokenizer.vocabSize() + " ids")
                + (tokenizer.boundaries().addsBos() ? ", begins with " + tokenizer.bosId().getAsInt() : "")
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
        common.row(name, value);
    }
}
