package org.neuralattention.eval;

import org.neuralattention.model.ModelConfig;
import org.neuralattention.roles.RoleChoice;

/**
 * A rule that says which keys a cache lets go. A policy has no state of its own; what it must remember of a sequence lies in its {@link Rule}s.
 *
 * <p>Every row attends to what its layer and KV head hold, its own key included; then the rule may drop keys, which are gone for good. Keys keep
 * the positions they had in the text, as in the product's cache.
 */
public interface Policy {

    /** For tables: {@code sink 4 + window}. */
    String name();

    /** Where the rule is from. */
    String source();

    /** The rule of one layer, for a sequence about to begin. */
    Rule rule(int layer, Sequence sequence, ModelConfig config);

    /** How tokens take roles; only policies that look at roles choose another than FULL. */
    default RoleChoice roles(Sequence sequence) {
        return RoleChoice.FULL;
    }

    /** What a policy does in one layer, while one sequence runs. */
    @FunctionalInterface
    interface Rule {

        /**
         * Drops what the next row shall not see. Called behind each row.
         *
         * @param heads what each KV head of the layer holds, with the attention of the row
         * @param position of the row
         */
        void after(HeldKeys[] heads, int position);
    }
}
