package org.neuralattention.tokenize;

import java.util.List;
import java.util.OptionalInt;

/**
 * Which ids begin and end a sequence.
 *
 * @param bosId the id put before a text, if the model was trained with one
 * @param eosIds the ids that end a text, a turn or a message; the first is the end of a text. None twice
 */
public record Boundaries(OptionalInt bosId, List<Integer> eosIds) {

    /** No beginning and no end. */
    public static final Boundaries NONE = new Boundaries(OptionalInt.empty(), List.of());

    public Boundaries {
        eosIds = eosIds.stream().distinct().toList();
    }

    /**
     * These boundaries.
     *
     * @throws IllegalArgumentException if an id is not in [0, vocabSize)
     */
    Boundaries check(int vocabSize) {
        bosId.ifPresent(id -> check("bosId", id, vocabSize));
        eosIds.forEach(id -> check("eosId", id, vocabSize));
        return this;
    }

    private static void check(String name, int id, int vocabSize) {
        if (id < 0 || id >= vocabSize) {
            throw new IllegalArgumentException(name + " = " + id + ": must be in [0, " + vocabSize + ")");
        }
    }
}
