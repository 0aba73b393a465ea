package org.neuralattention.bench.cli;

import org.neuralattention.generate.Perplexity;

/**
 * The perplexity of one text under one form of a model.
 *
 * @param model its file or folder
 * @param dtype of its weights
 * @param weightBytes what they take in memory
 * @param text its file; {@link #ALL} for all texts together
 * @param context tokens in a block
 * @param result what was found
 * @param textBytes of the predicted tokens
 * @param tokensPerSecond median of the blocks, so that the compiler's work at the beginning does not count
 */
record Evaluated(String model, String dtype, long weightBytes, String text, int context, Perplexity.Result result, long textBytes,
        double tokensPerSecond) {

    static final String ALL = "all texts";

    /** What compares models with different tokenizers. */
    double bitsPerByte() {
        return result.nll() * result.tokens() / Math.log(2) / textBytes;
    }
}
