package org.neuralattention.bench.peers;

import java.io.IOException;
import java.nio.file.Path;

/** An engine that runs whole models. */
public interface ModelPeer extends Peer {

    /** Opens the Llama in a folder in Hugging Face's layout, in float32. */
    Engine open(Path folder, int threads) throws IOException;

    /** A model with one conversation. */
    interface Engine extends AutoCloseable {

        /** Begins anew with these tokens. */
        void prefill(int[] ids);

        /** Appends one token. */
        void decode(int id);

        /** logits[vocabSize] behind the last token. */
        void logits(float[] logits);

        @Override
        void close();
    }
}
