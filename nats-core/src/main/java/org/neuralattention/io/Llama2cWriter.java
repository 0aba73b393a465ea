package org.neuralattention.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.neuralattention.io.Llama2cLayout.Entry;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * Writes a Llama as a llama2.c checkpoint: the first form, which run.c reads, version 1, or version 2, which runq.c reads.
 *
 * <p>Version 2 keeps {@code Q8_0} matrices to the bit, as groups of 32, if all are; else it rounds as llama2.c's export does: scale = largest |x| / 127 in
 * float32, to the nearest, halves to even.
 */
public final class Llama2cWriter {

    private static final int PIECE = 1 << 16;
    /** What llama2.c's export begins with; halved until rows are whole groups. */
    private static final int GROUP = 64;

    private Llama2cWriter() {}

    /**
     * Writes a file, whole or not at all.
     *
     * @param version 0, 1 or 2
     * @throws IllegalArgumentException if the format cannot express the model: {@link #check}
     */
    public static void write(Path file, ModelSource source, int version) throws IOException {
        Weights weights = Weights.describe(source.config());
        boolean blocks = weights.tensors().stream().filter(weights::isMatrix).allMatch(t -> source.dtype(t) == Dtype.Q8_0);
        write(file, source, version, version < 2 ? 0 : blocks ? Dtype.Q8_0.block() : groupSize(source.config()));
    }

    static void write(Path file, ModelSource source, int version, int groupSize) throws IOException {
        ModelConfig config = source.config();
        check(config);
        Llama2cHeader header = new Llama2cHeader(version, groupSize, config);
        Llama2cLayout layout = Llama2cLayout.of(header, Weights.describe(config));
        AtomicFiles.write(file, channel -> {
            NumberOutput out = new NumberOutput(channel);
            header.write(out);
            long at = header.bytes();
            for (Entry entry : layout.entries()) {
                if (entry.begin() > at) { // only what stands before a head of its own
                    rotation(out, config);
                }
                tensor(out, header, entry, source);
                at = entry.begin() + bytes(header, entry);
            }
            if (layout.rotationAt() == at) {
                rotation(out, config);
            }
            out.flush();
        });
    }

    private static long bytes(Llama2cHeader header, Entry entry) {
        return entry.matrix() ? header.matrixBytes(entry.tensor().size()) : (long) entry.tensor().size() * Float.BYTES;
    }

    /** The largest that whole rows consist of. */
    static int groupSize(ModelConfig config) {
        int size = GROUP;
        while (config.dim() % size != 0 || config.hiddenDim() % size != 0) {
            size /= 2;
        }
        return size;
    }

    /**
     * That llama2.c knows such a model.
     *
     * @throws IllegalArgumentException if not: it says what the format lacks
     */
    public static void check(ModelConfig c) {
        require(c.norm() == ModelConfig.Norm.RMS && c.activation() == ModelConfig.Activation.SWIGLU, "other norms or activations than a Llama's");
        require(c.biases().equals(ModelConfig.Biases.NONE), "biases");
        require(!c.qkNorm(), "norms of queries and keys");
        require(!c.hasRoles(), "roles");
        require(c.attentionWindow() == 0, "an attention window");
        require(c.positions().equals(Llama2cHeader.ROTATION), "another rotation than of base 10,000 without scaling");
        require(c.normEps() == Llama2cHeader.NORM_EPS, "an epsilon of the norms other than 1e-5 (" + c.normEps() + ")");
        require(c.qDim() == c.dim(), "heads that together are not as wide as the model");
    }

    private static void require(boolean right, String what) {
        if (!right) {
            throw new IllegalArgumentException("llama2.c's format cannot express " + what);
        }
    }

    private static void tensor(NumberOutput out, Llama2cHeader header, Entry entry, ModelSource source) throws IOException {
        Tensor tensor = entry.tensor();
        if (header.version() == 2 && entry.matrix() && header.groupSize() == Dtype.Q8_0.block() && source.dtype(tensor) == Dtype.Q8_0) {
            blocks(out, header, entry, (WeightMatrix.Q8) source.read(tensor));
            return;
        }
        WeightMatrix.Source<IOException> rows = entry.pairs()
                ? AdjacentPairs.fileRows(source.rows(tensor), tensor.cols(), header.config().headDim()) : source.rows(tensor);
        float[] scales = new float[header.version() == 2 && entry.matrix() ? tensor.size() / header.groupSize() : 0];
        int most = Math.clamp(PIECE / tensor.cols(), 1, tensor.rows());
        if (scales.length > 0) { // pieces are whole groups: groups may cross rows
            most = most(tensor, header.groupSize(), most);
        }
        float[] piece = new float[most * tensor.cols()];
        for (int from = 0; from < tensor.rows(); from += most) {
            int count = Math.min(most, tensor.rows() - from);
            rows.read(piece, from, count);
            if (scales.length == 0) {
                out.floats(piece, 0, count * tensor.cols());
            } else {
                round(out, scales, from * tensor.cols() / header.groupSize(), piece, count * tensor.cols(), header.groupSize());
            }
        }
        out.floats(scales, 0, scales.length);
    }

    /** Rows that are whole groups together, about as many as asked for. */
    private static int most(Tensor tensor, int group, int about) {
        int rows = about;
        while (rows < tensor.rows() && (long) rows * tensor.cols() % group != 0) {
            rows++;
        }
        return rows;
    }

    private static void round(NumberOutput out, float[] scales, int firstGroup, float[] x, int n, int group) throws IOException {
        byte[] quants = new byte[n];
        for (int begin = 0; begin < n; begin += group) {
            float max = 0;
            for (int i = begin; i < begin + group; i++) {
                max = Math.max(max, Math.abs(x[i]));
            }
            if (!(max < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("a weight of " + max + " cannot be expressed in 8 bits");
            }
            float scale = max / 127;
            scales[firstGroup + begin / group] = scale;
            for (int i = begin; i < begin + group && scale > 0; i++) {
                quants[i] = (byte) Math.rint(x[i] / scale);
            }
        }
        out.bytes(quants, 0, n);
    }

    /** Integers as they are, and each block's scale as the float32 it is. */
    private static void blocks(NumberOutput out, Llama2cHeader header, Entry entry, WeightMatrix.Q8 matrix) throws IOException {
        int block = Dtype.Q8_0.block();
        int cols = matrix.cols();
        float[] scales = new float[matrix.rows() * cols / block];
        for (int row = 0; row < matrix.rows(); row++) {
            int from = matrix.offset() + cols * (entry.pairs() ? AdjacentPairs.ourRow(row, header.config().headDim()) : row);
            out.bytes(matrix.quants(), from, cols);
            for (int i = 0; i < cols; i += block) {
                scales[(row * cols + i) / block] = Float.float16ToFloat(matrix.scales()[(from + i) / block]);
            }
        }
        out.floats(scales, 0, scales.length);
    }

    /** Cosines [maxSeqLen, headDim / 2], then sines. */
    private static void rotation(NumberOutput out, ModelConfig config) throws IOException {
        Positions.Rotary rotary = Llama2cHeader.ROTATION;
        int half = config.headDim() / 2;
        for (boolean cosine : List.of(true, false)) {
            float[] row = new float[half];
            for (int pos = 0; pos < config.maxSeqLen(); pos++) {
                for (int j = 0; j < half; j++) {
                    double angle = pos / Math.pow(rotary.theta(), 2.0 * j / config.headDim());
                    row[j] = (float) (cosine ? Math.cos(angle) : Math.sin(angle));
                }
                out.floats(row, 0, half);
            }
        }
    }
}
