package org.neuralattention.model;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.neuralattention.roles.RoleSpace;

/**
 * What a model is: sizes and the choices that tell Llama, Mistral, Qwen and GPT-2 apart. Immutable.
 *
 * @param vocabSize tokens in the vocabulary
 * @param dim width of the residual stream
 * @param nLayers transformer blocks
 * @param nHeads query heads
 * @param nKvHeads key and value heads; divides {@code nHeads}
 * @param headDim width of one head, even; {@code nHeads * headDim} need not be {@code dim}
 * @param hiddenDim width of the feed-forward layer
 * @param maxSeqLen positions the model was made for; with learned positions a hard limit
 * @param norm normalisation before attention, before the feed-forward layer and at the end
 * @param normEps epsilon inside its square root
 * @param positions how positions enter
 * @param activation the feed-forward layer's form
 * @param biases which projections have one
 * @param qkNorm whether queries and keys are RMS-normalised per head before RoPE (Qwen3)
 * @param tiedHead whether the output head is the embedding
 * @param attentionWindow keys a query sees, itself included (Mistral); 0 for all
 * @param roleSpace the roles a token may take; {@link RoleSpace#NONE}, or any without a window, for a model without roles
 */
public record ModelConfig(
        int vocabSize,
        int dim,
        int nLayers,
        int nHeads,
        int nKvHeads,
        int headDim,
        int hiddenDim,
        int maxSeqLen,
        Norm norm,
        float normEps,
        Positions positions,
        Activation activation,
        Biases biases,
        boolean qkNorm,
        boolean tiedHead,
        int attentionWindow,
        RoleSpace roleSpace) {

    public enum Norm { RMS, LAYER }

    public enum Activation {
        /** down(silu(gate x) * up x). */
        SWIGLU,
        /** down(gelu(up x)), tanh form. */
        GELU_TANH,
        /** down(gelu(up x)), exact form. */
        GELU_ERF
    }

    /** Which of the query-key-value, attention-output and feed-forward projections carry a bias. */
    public record Biases(boolean qkv, boolean attentionOut, boolean feedForward) {
        public static final Biases NONE = new Biases(false, false, false);
    }

    /** How positions enter: a learned table added to the embedding, or rotation of queries and keys. */
    public sealed interface Positions {

        /** A table [maxSeqLen, dim] added to the token embedding (GPT-2). */
        record Learned() implements Positions {}

        /**
         * Rotary embedding.
         *
         * @param theta base of the frequencies
         * @param adjacentPairs whether pairs are (2i, 2i+1), as in llama2.c, and not (i, i + headDim/2)
         * @param scaling what is done to the frequencies, or null
         */
        record Rotary(double theta, boolean adjacentPairs, Scaling scaling) implements Positions {
            public Rotary {
                if (!(theta > 0)) {
                    throw new IllegalArgumentException("theta = " + theta + ": must be positive");
                }
            }
        }

        /** What makes frequencies lower, for more positions. */
        sealed interface Scaling {}

        /** Each frequency divided by a factor of its own, as llama.cpp's files say it ({@code rope_freqs.weight}). */
        record FrequencyFactors(List<Float> factors) implements Scaling {
            public FrequencyFactors {
                factors = List.copyOf(factors);
                for (float factor : factors) {
                    if (!(factor > 0) || factor == Float.POSITIVE_INFINITY) {
                        throw new IllegalArgumentException("a frequency factor of " + factor + ": must be positive and finite");
                    }
                }
            }

            /** The factors as a new array. */
            public float[] array() {
                float[] array = new float[factors.size()];
                for (int i = 0; i < array.length; i++) {
                    array[i] = factors.get(i);
                }
                return array;
            }
        }

        /** The "llama3" rope scaling: frequencies below one cut are divided by {@code factor}, above another kept, between them blended. */
        record Llama3Scaling(double factor, double lowFreqFactor, double highFreqFactor, int originalMaxSeqLen) implements Scaling {
            public Llama3Scaling {
                if (!(factor > 0) || !(lowFreqFactor > 0) || !(highFreqFactor > lowFreqFactor) || originalMaxSeqLen < 1) {
                    throw new IllegalArgumentException("llama3 scaling with factor = " + factor + ", lowFreqFactor = " + lowFreqFactor
                            + ", highFreqFactor = " + highFreqFactor + ", originalMaxSeqLen = " + originalMaxSeqLen
                            + ": all must be positive, the second factor below the third");
                }
            }
        }
    }

    public ModelConfig {
        positive("vocabSize", vocabSize);
        positive("dim", dim);
        positive("nLayers", nLayers);
        positive("nHeads", nHeads);
        positive("nKvHeads", nKvHeads);
        positive("headDim", headDim);
        positive("hiddenDim", hiddenDim);
        positive("maxSeqLen", maxSeqLen);
        Objects.requireNonNull(norm, "norm");
        Objects.requireNonNull(positions, "positions");
        Objects.requireNonNull(activation, "activation");
        Objects.requireNonNull(biases, "biases");
        Objects.requireNonNull(roleSpace, "roleSpace");
        if (nHeads % nKvHeads != 0) {
            throw new IllegalArgumentException("nHeads = " + nHeads + " is not a multiple of nKvHeads = " + nKvHeads);
        }
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException("headDim = " + headDim + ": must be even");
        }
        if ((long) nHeads * headDim > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("nHeads = " + nHeads + " of headDim = " + headDim + ": together too wide");
        }
        if (positions instanceof Positions.Rotary rotary && rotary.scaling() instanceof Positions.FrequencyFactors f && 2 * f.factors().size() != headDim) {
            throw new IllegalArgumentException(f.factors().size() + " frequency factors for headDim = " + headDim + ": must be half as many");
        }
        if (!(normEps >= 0) || normEps > 1) {
            throw new IllegalArgumentException("normEps = " + normEps + ": must be in [0, 1]");
        }
        if (attentionWindow < 0) {
            throw new IllegalArgumentException("attentionWindow = " + attentionWindow + ": must be 0 (none) or positive");
        }
        roleSpace = roleSpace.windows().length == 0 ? RoleSpace.NONE : roleSpace.ofLayers(nLayers);
    }

    private static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " = " + value + ": must be at least 1");
        }
    }

    /** Whether tokens have roles; without them every token is kept. */
    public boolean hasRoles() {
        return !roleSpace.equals(RoleSpace.NONE);
    }

    /** Whether there are roles to learn: some layer leaves its tokens a choice. */
    public boolean learnsRoles() {
        return hasRoles() && !roleSpace.isFixed();
    }

    /** The windows of the sliding roles, ascending; empty for a model without roles. */
    public List<Integer> roleWindows() {
        return Arrays.stream(roleSpace.windows()).boxed().toList();
    }

    /** Number of roles: global, local, and one per window. 0 for a model without roles. */
    public int nRoles() {
        return hasRoles() ? roleSpace.count() : 0;
    }

    /** Width of all query heads. */
    public int qDim() {
        return nHeads * headDim;
    }

    /** Width of all key heads. */
    public int kvDim() {
        return nKvHeads * headDim;
    }

    /** Numbers in the model, the role scorers included. */
    public long parameters() {
        return Weights.describe(this).tensors().stream().mapToLong(Tensor::size).sum();
    }

    /** A Llama-type model: RMSNorm, RoPE, SwiGLU, no biases, separate head. Change the rest with the {@code with} methods. */
    public static ModelConfig llama(
            int vocabSize, int dim, int nLayers, int nHeads, int nKvHeads, int hiddenDim, int maxSeqLen) {
        return new ModelConfig(vocabSize, dim, nLayers, nHeads, nKvHeads, dim / Math.max(1, nHeads), hiddenDim, maxSeqLen,
                Norm.RMS, 1e-5f, new Positions.Rotary(10_000, false, null), Activation.SWIGLU, Biases.NONE,
                false, false, 0, RoleSpace.NONE);
    }

    /** The same model with roles of these sliding windows and no restriction; none removes the roles. */
    public ModelConfig withRoleWindows(int... windows) {
        return withRoleSpace(RoleSpace.of(windows));
    }

    /** The same model with other roles; {@link RoleSpace#NONE} removes them. */
    public ModelConfig withRoleSpace(RoleSpace space) {
        return new ModelConfig(vocabSize, dim, nLayers, nHeads, nKvHeads, headDim, hiddenDim, maxSeqLen, norm, normEps,
                positions, activation, biases, qkNorm, tiedHead, attentionWindow, space);
    }

    /** The same model with its head tied to the embedding, or not. */
    public ModelConfig withTiedHead(boolean tied) {
        return new ModelConfig(vocabSize, dim, nLayers, nHeads, nKvHeads, headDim, hiddenDim, maxSeqLen, norm, normEps,
                positions, activation, biases, qkNorm, tied, attentionWindow, roleSpace);
    }

    /** The same model with positions that enter in another way. */
    public ModelConfig withPositions(Positions how) {
        return new ModelConfig(vocabSize, dim, nLayers, nHeads, nKvHeads, headDim, hiddenDim, maxSeqLen, norm, normEps,
                how, activation, biases, qkNorm, tiedHead, attentionWindow, roleSpace);
    }
}
