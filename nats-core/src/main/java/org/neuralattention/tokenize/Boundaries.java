package org.neuralattention.tokenize;

import java.util.List;
import java.util.OptionalInt;

/**
 * Which ids begin and end a sequence.
 *
 * @param bosId the token that begins a sequence, if there is one: what a chat template writes as {@code bos_token}
 * @param addsBos whether encoding puts it before a text, too; a model that has such a token need not have been trained so
 * @param eosIds the ids that end a text, a turn or a message; the first is the end of a text. None twice
 */
public record Boundaries(OptionalInt bosId, boolean addsBos, List<Integer> eosIds) {

    /** No beginning and no end. */
    public static final Boundaries NONE = new Boundaries(OptionalInt.empty(), false, List.of());

    public Boundaries {
        if (addsBos && bosId.isEmpty()) {
            throw new IllegalArgumentException("addsBos without a bosId: there is nothing to put before a text");
        }
        eosIds = eosIds.stream().distinct().toList();
    }

    /** The id put before a text; empty if none is. */
    public OptionalInt first() {
        return addsBos ? bosId : OptionalInt.empty();
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
