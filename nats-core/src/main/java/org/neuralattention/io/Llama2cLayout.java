package org.neuralattention.io;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * Where a llama2.c checkpoint has its tensors: one kind after the other, of each kind all layers. Source: llama2.c's export.py and what run.c and runq.c read.
 *
 * @param entries in the file's order
 * @param rotationAt where version 0 has cosines and sines, which nobody reads; -1 in the others
 */
record Llama2cLayout(List<Entry> entries, long rotationAt) {

    /** A tensor of ours, and the position of its first byte. {@code pairs}: queries or keys, whose rows are in the order of {@link AdjacentPairs}. */
    record Entry(Tensor tensor, long begin, boolean matrix, boolean pairs) {}

    static Llama2cLayout of(Llama2cHeader header, Weights weights) {
        Builder builder = new Builder(header, weights);
        if (header.version() == 0) {
            builder.add(weights.embedding, false);
            builder.layers(w -> w.attnNorm);
            builder.attention();
            builder.layers(w -> w.ffnNorm);
            builder.feedForward();
            builder.add(weights.finalNorm, false);
        } else {
            builder.layers(w -> w.attnNorm);
            builder.layers(w -> w.ffnNorm);
            builder.add(weights.finalNorm, false);
            builder.add(weights.embedding, false);
            builder.attention();
            builder.feedForward();
        }
        long rotation = header.version() == 0 ? builder.at : -1;
        builder.at += header.version() == 0 ? header.rotationBytes() : 0;
        if (weights.head != weights.embedding) {
            builder.add(weights.head, false);
        }
        return new Llama2cLayout(List.copyOf(builder.entries), rotation);
    }

    private static final class Builder {
        private final List<Entry> entries = new ArrayList<>();
        private final Llama2cHeader header;
        private final Weights weights;
        private long at;

        Builder(Llama2cHeader header, Weights weights) {
            this.header = header;
            this.weights = weights;
            this.at = header.bytes();
        }

        void add(Tensor tensor, boolean pairs) {
            boolean matrix = weights.isMatrix(tensor);
            entries.add(new Entry(tensor, at, matrix, pairs));
            at += matrix ? header.matrixBytes(tensor.size()) : (long) tensor.size() * Float.BYTES;
        }

        void layers(Function<Weights.Layer, Tensor> of) {
            weights.layers.forEach(layer -> add(of.apply(layer), false));
        }

        void attention() {
            weights.layers.forEach(layer -> add(layer.wq, true));
            weights.layers.forEach(layer -> add(layer.wk, true));
            layers(w -> w.wv);
            layers(w -> w.wo);
        }

        void feedForward() {
            layers(w -> w.wGate);
            layers(w -> w.wDown);
            layers(w -> w.wUp);
        }
    }
}
