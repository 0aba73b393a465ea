package org.neuralattention.eval;

import org.neuralattention.model.ModelConfig;

/**
 * How much a baseline may hold. It becomes a number of keys, the same in every layer and KV head, for each sequence anew: the fewest with which
 * the baseline holds at least what the budget says. So no baseline is given less than what it is compared with.
 */
public sealed interface Budget {

    /** So many keys per KV head between two rows; a row sees its own beside them. */
    record Keys(int keys) implements Budget {
        public Keys {
            if (keys < 1) {
                throw new IllegalArgumentException("keys = " + keys + ": must be at least 1");
            }
        }
    }

    /** A KV share (spec 4.1): what is held of a full cache, averaged over the steps. */
    record Share(double share) implements Budget {
        public Share {
            if (!(share > 0) || share > 1) {
                throw new IllegalArgumentException("share = " + share + ": must be in (0, 1]");
            }
        }
    }

    /** Bytes held by all layers and KV heads together, averaged over the steps. */
    record MeanBytes(double bytes) implements Budget {
        public MeanBytes {
            if (!(bytes > 0)) {
                throw new IllegalArgumentException("bytes = " + bytes + ": must be positive");
            }
        }
    }

    /**
     * Keys between two rows, for a policy that holds min(rows so far, keys): then row t sees min(t, keys) + 1 keys, and no more than the model's
     * attention window. At most the sequence's length, which holds all.
     */
    default int keys(Sequence sequence, ModelConfig config) {
        int n = sequence.length();
        if (this instanceof Keys given) {
            return Math.min(given.keys(), n);
        }
        double wanted = pairs(0, n, config);
        int low = 1;
        int high = n;
        while (low < high) {
            int keys = (low + high) / 2;
            if (seen(n, keys, config.attentionWindow()) >= wanted) {
                high = keys;
            } else {
                low = keys + 1;
            }
        }
        return low;
    }

    /**
     * Keys of the prompt that are left when it ends, for a policy that drops nothing before and nothing after: then row t behind a prompt of P
     * tokens sees keys + t - P + 1 keys. The budget is one of the rows behind the prompt alone; without any it is one of the moment the prompt
     * ends.
     */
    default int keysOfPrompt(Sequence sequence, ModelConfig config) {
        int prompt = sequence.promptLength();
        int rows = sequence.length() - prompt;
        if (this instanceof Keys given) {
            return Math.min(given.keys(), prompt);
        }
        double wanted = rows == 0 ? pairs(prompt - 1, prompt, config) : pairs(prompt, sequence.length(), config);
        double own = rows * (rows + 1.0) / 2;
        double keys = rows == 0 ? wanted : (wanted - own) / rows;
        return (int) Math.clamp(Math.ceil(keys - 1e-9), Math.min(1, prompt), prompt);
    }

    /** Pairs (row, key) of one KV head that the budget allows the rows {@code from} to before {@code to}. */
    private double pairs(int from, int to, ModelConfig config) {
        return switch (this) {
            case Keys given -> throw new AssertionError(given);
            case Share given -> given.share() * (to * (to + 1.0) / 2 - from * (from + 1.0) / 2) * (1 - 1e-12);
            case MeanBytes given -> given.bytes() * (to - from) / ((double) config.nLayers() * config.nKvHeads() * KvUse.keyBytes(config));
        };
    }

    /** Pairs (row, key) of one KV head with {@code keys} keys between two rows. */
    private static double seen(int n, int keys, int attentionWindow) {
        long most = Math.min(n, attentionWindow == 0 ? keys + 1L : Math.min(keys + 1L, attentionWindow));
        return most * (most + 1.0) / 2 + (n - most) * (double) most;
    }
}
