package org.neuralattention.bench.peers.libraries;

import org.bytedeco.pytorch.global.torch;
import org.neuralattention.bench.peers.AttentionCase;
import org.neuralattention.bench.peers.AttentionPeer;
import org.neuralattention.bench.peers.Entrant;

/** libtorch's scaled_dot_product_attention in 32-bit floats. */
public final class LibTorch implements AttentionPeer {

    @Override
    public String name() {
        return "libtorch " + Version.of(torch.class);
    }

    @Override
    public Entrant forward(AttentionCase inputs, int threads) {
        return new TorchAttention(inputs, null, false, threads);
    }

    @Override
    public Entrant backward(AttentionCase inputs, int threads) {
        return new TorchAttention(inputs, null, true, threads);
    }

    @Override
    public Entrant maskedForward(AttentionCase inputs, int[] lastRow, int threads) {
        return new TorchAttention(inputs, lastRow, false, threads);
    }

    @Override
    public Entrant maskedBackward(AttentionCase inputs, int[] lastRow, int threads) {
        return new TorchAttention(inputs, lastRow, true, threads);
    }
}
