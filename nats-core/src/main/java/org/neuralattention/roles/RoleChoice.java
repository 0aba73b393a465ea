package org.neuralattention.roles;

/** How a pass chooses the role of every token, in each layer and KV head. */
public sealed interface RoleChoice {

    /** No roles: every key is kept, as far as the model's own attention window lets it. */
    RoleChoice FULL = new Full();

    /** The most likely role of the scorer; the sinks of a sequence are global. For evaluation and generation. */
    RoleChoice BEST = new Best();

    /** See {@link #FULL}. */
    record Full() implements RoleChoice {}

    /** See {@link #BEST}. */
    record Best() implements RoleChoice {}

    /**
     * Sampled with Gumbel noise, for training (spec 2): straight-through, sinks and last token global.
     *
     * @param seed, step what the noise is a function of, beside layer, head and token
     * @param firstToken index of the pass's first token within the step, so that micro-batches draw different noise
     * @param gradientOneIn the role gradient looks at one query tile in so many ({@link RoleTiles}); 1: at all, exactly
     * @param globalBonus added to the logit of global; in a layer without it, of {@link RoleSpace#longest}
     * @param noise what the noise is multiplied by: 1 draws from the softmax of the logits, 0 takes the most likely role
     * @param detached whether the gradient of the scores stops at the scorers; else it flows on to the layer's normed input
     */
    record Sampled(long seed, long step, long firstToken, int gradientOneIn, float globalBonus, double noise, boolean detached) implements RoleChoice {

        /** With the exact gradient, no bonus, all the noise, detached. */
        public Sampled(long seed, long step, long firstToken) {
            this(seed, step, firstToken, 1, 0, 1, true);
        }
    }

    /**
     * As {@link Sampled}, with given noise and the exact gradient, detached.
     *
     * @param noise per layer, [batch, nKvHeads, seqLen, nRoles]
     */
    record Noise(float[][] noise) implements RoleChoice {}

    /** Chosen by a rule that does not look at the tokens. */
    record Fixed(RolePolicy policy) implements RoleChoice {}

    /** Whether the role scorer learns from a pass that chose so. */
    default boolean learns() {
        return this instanceof Sampled || this instanceof Noise;
    }
}
