package org.neuralattention.io;

import java.util.ArrayList;
import java.util.List;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * Which tensor of a file is which of ours: one table per family, used for reading and for writing.
 *
 * <p>Gradients are {@link Weights} too, so {@link #export} gives them in the file's names and shapes.
 */
public enum TensorLayout {

    /** Hugging Face's Llama, Mistral, Qwen: names and shapes are ours. */
    LLAMA {
        @Override
        List<FileTensor> table(Weights weights) {
            return weights.tensors().stream().map(t -> new FileTensor(t.name(), false, List.of(t))).toList();
        }
    },

    /** Hugging Face's GPT-2: projections are [in, out], query, key and value are one tensor. Scorers keep our name. */
    GPT2 {
        @Override
        List<FileTensor> table(Weights weights) {
            List<FileTensor> table = new ArrayList<>();
            table.add(same("wte.weight", weights.embedding));
            table.add(same("wpe.weight", weights.positions));
            for (int i = 0; i < weights.layers.size(); i++) {
                layer(table, "h." + i + ".", weights.layers.get(i));
            }
            table.add(same("ln_f.weight", weights.finalNorm));
            table.add(same("ln_f.bias", weights.finalNormBias));
            if (weights.head != weights.embedding) {
                table.add(new FileTensor(weights.head.name(), false, List.of(weights.head)));
            }
            return table;
        }

        private void layer(List<FileTensor> table, String p, Weights.Layer w) {
            table.add(same(p + "ln_1.weight", w.attnNorm));
            table.add(same(p + "ln_1.bias", w.attnNormBias));
            table.add(new FileTensor(GPT2_PREFIX + p + "attn.c_attn.weight", true, List.of(w.wq, w.wk, w.wv)));
            table.add(new FileTensor(GPT2_PREFIX + p + "attn.c_attn.bias", false, List.of(w.bq, w.bk, w.bv)));
            table.add(turned(p + "attn.c_proj.weight", w.wo));
            table.add(same(p + "attn.c_proj.bias", w.bo));
            if (w.scorer != null) {
                table.add(new FileTensor(w.scorer.name(), false, List.of(w.scorer)));
            }
            table.add(same(p + "ln_2.weight", w.ffnNorm));
            table.add(same(p + "ln_2.bias", w.ffnNormBias));
            table.add(turned(p + "mlp.c_fc.weight", w.wUp));
            table.add(same(p + "mlp.c_fc.bias", w.bUp));
            table.add(turned(p + "mlp.c_proj.weight", w.wDown));
            table.add(same(p + "mlp.c_proj.bias", w.bDown));
        }

        private FileTensor same(String name, Tensor tensor) {
            return new FileTensor(GPT2_PREFIX + name, false, List.of(tensor));
        }

        private FileTensor turned(String name, Tensor tensor) {
            return new FileTensor(GPT2_PREFIX + name, true, List.of(tensor));
        }
    };

    /** Some GPT-2 files leave it out. */
    static final String GPT2_PREFIX = "transformer.";

    /** The layout in which such a model is stored: GPT-2's for what GPT-2 can express, else Llama's. */
    public static TensorLayout of(ModelConfig config) {
        return isGpt2(config) ? GPT2 : LLAMA;
    }

    static boolean isGpt2(ModelConfig c) {
        return c.norm() == Norm.LAYER && c.positions() instanceof Positions.Learned && c.activation() != Activation.SWIGLU
                && c.biases().equals(new Biases(true, true, true)) && !c.qkNorm() && c.attentionWindow() == 0
                && c.nKvHeads() == c.nHeads() && c.qDim() == c.dim();
    }

    /** The file's tensors in the order they are written. */
    abstract List<FileTensor> table(Weights weights);

    /** Weights, or gradients, under the file's names and in its shapes. Arrays that are the same in both are not copied. */
    public static List<Tensor> export(Weights weights) {
        return of(weights.config()).table(weights).stream().map(FileTensor::export).toList();
    }
}
