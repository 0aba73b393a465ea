package org.neuralattention.bench.peers.libraries;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.neuralattention.bench.peers.AttentionCase;
import org.neuralattention.bench.peers.Entrant;

/**
 * One attention of libtorch. Its tensors are [1, nHeads, rows, headDim] without gaps, the layout in which it is fastest. In its fastest
 * configuration OpenBLAS works on one thread inside each of its own; as shipped the two pools are in each other's way.
 */
final class TorchAttention implements Entrant {

    /** Its threads spin for some milliseconds behind a call. */
    private static final int IDLE_MILLIS = 20;

    private final int heads;
    private final int rows;
    private final int dim;
    private final int threads;
    private final boolean causal;
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Tensor dOut;
    private final TensorOptional mask;
    private final boolean backward;

    private Tensor out;
    private float[] result;

    /** @param lastRow [nHeads, rows] of the mask, or null for plain causal attention */
    TorchAttention(AttentionCase a, int[] lastRow, boolean backward, int threads) {
        heads = a.nHeads();
        rows = a.rows();
        dim = a.headDim();
        this.threads = threads;
        this.backward = backward;
        causal = lastRow == null;
        q = tensor(a.q());
        k = tensor(a.k());
        v = tensor(a.v());
        dOut = tensor(a.dOut());
        mask = causal ? new TensorOptional() : new TensorOptional(mask(lastRow));
        for (Tensor input : new Tensor[] {q, k, v}) {
            input.set_requires_grad(backward);
        }
    }

    /** From [rows, nHeads, headDim]. */
    private Tensor tensor(float[] values) {
        Tensor tensor = torch.empty(1, heads, rows, dim);
        FloatPointer to = tensor.data_ptr_float();
        for (int m = 0; m < rows; m++) {
            for (int h = 0; h < heads; h++) {
                to.position(((long) h * rows + m) * dim).put(values, (m * heads + h) * dim, dim);
            }
        }
        return tensor;
    }

    private Tensor mask(int[] lastRow) {
        Tensor tensor = torch.empty(1, heads, rows, rows);
        FloatPointer to = tensor.data_ptr_float();
        float[] row = new float[rows];
        for (int h = 0; h < heads; h++) {
            for (int m = 0; m < rows; m++) {
                Arrays.fill(row, Float.NEGATIVE_INFINITY);
                for (int n = 0; n <= m; n++) {
                    row[n] = m <= lastRow[h * rows + n] ? 0 : Float.NEGATIVE_INFINITY;
                }
                to.position(((long) h * rows + m) * rows).put(row, 0, rows);
            }
        }
        return tensor;
    }

    @Override
    public void prepare() {
        torch.set_num_threads(threads);
        openblas.blas_set_num_threads(1);
        release();
        if (backward) {
            for (Tensor input : new Tensor[] {q, k, v}) {
                input.mutable_grad().reset();
            }
            out = forward();
        }
    }

    @Override
    public void run() {
        if (backward) {
            out.backward(dOut, new BoolOptional(false), false, new TensorArrayRefOptional());
        } else {
            try (NoGradGuard _ = new NoGradGuard()) {
                out = forward();
            }
        }
    }

    private Tensor forward() {
        return torch.scaled_dot_product_attention(q, k, v, mask, 0, causal, new DoubleOptional(), false);
    }

    @Override
    public int size() {
        return parts() * heads * rows * dim;
    }

    @Override
    public int parts() {
        return backward ? 3 : 1;
    }

    @Override
    public void read(int from, float[] into, int length) {
        if (result == null) {
            result = new float[size()];
            Tensor[] tensors = backward ? new Tensor[] {q.grad(), k.grad(), v.grad()} : new Tensor[] {out};
            for (int i = 0; i < tensors.length; i++) {
                try (Tensor ours = tensors[i].transpose(1, 2).contiguous()) {
                    ours.data_ptr_float().get(result, i * heads * rows * dim, heads * rows * dim);
                }
            }
        }
        System.arraycopy(result, from, into, 0, length);
    }

    private void release() {
        result = null;
        if (out != null) {
            out.close();
            out = null;
        }
    }

    @Override
    public int idleMillis() {
        return threads == 1 ? 0 : IDLE_MILLIS;
    }

    @Override
    public void close() {
        release();
        mask.close();
        for (Tensor tensor : new Tensor[] {q, k, v, dOut}) {
            tensor.close();
        }
    }
}
