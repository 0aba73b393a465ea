package org.neuralattention.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** The architectures of GGUF files that are ours too, and where their files have our tensors. Source: llama.cpp's src/llama-arch.cpp. */
enum GgufFamily {

    /** Llama, Mistral, SmolLM: rotates adjacent pairs, so that rows of queries and keys are in the order of {@link AdjacentPairs}. */
    LLAMA,

    /** Biases at queries, keys and values. */
    QWEN2,

    /** Queries and keys normalised. */
    QWEN3,

    /** Learned positions; query, key and value are one tensor. */
    GPT2;

    static final String EMBEDDING = "token_embd.weight";
    static final String HEAD = "output.weight";

    /** What rotary frequencies are divided by; only Llamas have it. */
    static final String FREQUENCY_FACTORS = "rope_freqs.weight";

    /** The name in a file. */
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<GgufFamily> of(String key) {
        return List.of(values()).stream().filter(family -> family.key().equals(key)).findFirst();
    }

    /** The one that computes what the model does; its roles and its window are left to who knows them. */
    static Optional<GgufFamily> of(ModelConfig c) {
        if (TensorLayout.isGpt2(c)) {
            return c.activation() == Activation.GELU_TANH ? Optional.of(GPT2) : Optional.empty();
        }
        Biases b = c.biases();
        if (c.norm() != Norm.RMS || c.activation() != Activation.SWIGLU || b.feedForward() || !(c.positions() instanceof Positions.Rotary rotary)) {
            return Optional.empty();
        }
        if (!c.qkNorm() && b.qkv() == b.attentionOut()) {
            return Optional.of(LLAMA);
        }
        boolean plainRotation = !rotary.adjacentPairs() && rotary.scaling() == null;
        if (!plainRotation || c.qkNorm() != b.equals(Biases.NONE)) {
            return Optional.empty();
        }
        return b.attentionOut() ? Optional.empty() : Optional.of(c.qkNorm() ? QWEN3 : QWEN2);
    }

    /** Whether the file has a tensor's rows in another order: those that are rotated, unless they are in that order here too. */
    boolean isPaired(Weights weights, Tensor tensor) {
        return this == LLAMA && !((Positions.Rotary) weights.config().positions()).adjacentPairs()
                && weights.layers.stream().anyMatch(w -> tensor == w.wq || tensor == w.wk || tensor == w.bq || tensor == w.bk);
    }

    /** The file's tensors; role scorers are none of them. */
    List<FileTensor> table(Weights weights) {
        List<FileTensor> table = new ArrayList<>();
        add(table, EMBEDDING, weights.embedding);
        add(table, "position_embd.weight", weights.positions);
        for (int i = 0; i < weights.layers.size(); i++) {
            layer(table, "blk." + i + ".", weights.layers.get(i));
        }
        add(table, "output_norm.weight", weights.finalNorm);
        add(table, "output_norm.bias", weights.finalNormBias);
        if (weights.head != weights.embedding) {
            add(table, HEAD, weights.head);
        }
        return table;
    }

    private void layer(List<FileTensor> table, String p, Weights.Layer w) {
        add(table, p + "attn_norm.weight", w.attnNorm);
        add(table, p + "attn_norm.bias", w.attnNormBias);
        if (this == GPT2) {
            table.add(new FileTensor(p + "attn_qkv.weight", false, List.of(w.wq, w.wk, w.wv)));
            table.add(new FileTensor(p + "attn_qkv.bias", false, List.of(w.bq, w.bk, w.bv)));
        } else {
            add(table, p + "attn_q.weight", w.wq);
            add(table, p + "attn_q.bias", w.bq);
            add(table, p + "attn_k.weight", w.wk);
            add(table, p + "attn_k.bias", w.bk);
            add(table, p + "attn_v.weight", w.wv);
            add(table, p + "attn_v.bias", w.bv);
        }
        add(table, p + "attn_q_norm.weight", w.qNorm);
        add(table, p + "attn_k_norm.weight", w.kNorm);
        add(table, p + "attn_output.weight", w.wo);
        add(table, p + "attn_output.bias", w.bo);
        add(table, p + "ffn_norm.weight", w.ffnNorm);
        add(table, p + "ffn_norm.bias", w.ffnNormBias);
        add(table, p + "ffn_gate.weight", w.wGate);
        add(table, p + "ffn_up.weight", w.wUp);
        add(table, p + "ffn_up.bias", w.bUp);
        add(table, p + "ffn_down.weight", w.wDown);
        add(table, p + "ffn_down.bias", w.bDown);
    }

    private static void add(List<FileTensor> table, String name, Tensor tensor) {
        if (tensor != null) {
            table.add(new FileTensor(name, false, List.of(tensor)));
        }
    }
}
