package org.neuralattention.train;

import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;

/**
 * What training makes small, beside the price of the cache: a mean over the places whose target is asked. A teacher is the model that
 * the trainer was given, before its first step and with full attention.
 */
public sealed interface Loss {

    /** Negative log-likelihood of the targets, in nats. */
    record LanguageModel() implements Loss {}

    /** Half the squared distance between the final normed hidden states of model and teacher, summed over dim: the published fine-tune's loss (spec 7.2). */
    record HiddenDistillation() implements Loss {}

    /** KL(teacher || model) of the next token's distribution, in nats. */
    record KlDistillation() implements Loss {}

    /** Whether it needs a teacher. */
    default boolean hasTeacher() {
        return !(this instanceof LanguageModel);
    }

    /** Its name in files and on the command line. */
    default String key() {
        return switch (this) {
            case LanguageModel _ -> "lm";
            case HiddenDistillation _ -> "hidden";
            case KlDistillation _ -> "kl";
        };
    }

    /** Reads the field {@code key}, which holds a {@link #key}. */
    static Loss fromJson(JsonObject json, String key) {
        String name = json.string(key);
        return switch (name) {
            case "lm" -> new LanguageModel();
            case "hidden" -> new HiddenDistillation();
            case "kl" -> new KlDistillation();
            default -> throw new ModelFormatException(json.source(), "\"" + key + "\" is \"" + name + "\": known are lm, hidden and kl");
        };
    }
}
