package org.neuralattention.tokenize;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Text to token ids and back. Immutable: any number of threads may share one.
 *
 * <p>Every text has ids and {@code decode(encode(text))} is the text again, with one exception: half of a surrogate pair has no
 * UTF-8 form and becomes U+FFFD. Ids decode to bytes; bytes that are not UTF-8 become U+FFFD as well.
 */
public interface Tokenizer {

    /**
     * The ids of a text; no beginning-of-sequence id is put before them. A special token written out in the text becomes its id.
     *
     * @throws IllegalArgumentException if the text is longer than 2^29 characters
     */
    default int[] encode(String text) {
        return encode(text, new int[0]);
    }

    /**
     * The ids of a text some parts of which are literal: whoever wrote them can't end a turn or begin another. A special token is found only where
     * none of its characters is literal; elsewhere its characters are text like any other. Words and merges know no such borders, so the ids are
     * those of {@link #encode(String)} wherever no special token is concerned.
     *
     * @param literal pairs [from, to) of positions in the text, ascending and not overlapping: what a user typed, for example
     * @throws IllegalArgumentException if the text is longer than 2^29 characters, or {@code literal} is not as said
     */
    int[] encode(String text, int[] literal);

    /** The ids of a text all of which is literal: special tokens in it are only text. */
    default int[] encodeLiteral(String text) {
        return encode(text, new int[] {0, text.length()});
    }

    /** The ids of a text that begins a sequence: {@link Boundaries#first}, if there is one, then those of {@link #encode(String)}. */
    default int[] encodeBeginning(String text) {
        return IntStream.concat(boundaries().first().stream(), IntStream.of(encode(text))).toArray();
    }

    /** Number of ids: they are 0 to {@code vocabSize() - 1}. */
    int vocabSize();

    /**
     * The bytes an id stands for; a copy. An id that the vocabulary skips stands for none.
     *
     * @throws IllegalArgumentException if {@code id} is not in [0, vocabSize)
     */
    byte[] bytes(int id);

    /**
     * The bytes an id stands for behind another one; a copy. They differ from {@link #bytes(int)} where encoding puts a space before a text that is
     * not in it.
     *
     * @param before the id before it, or -1 at the beginning of a text
     * @throws IllegalArgumentException if {@code id} is not in [0, vocabSize), or {@code before} not in [-1, vocabSize)
     */
    default byte[] bytes(int before, int id) {
        return bytes(id);
    }

    /** Which ids begin and end a sequence. */
    Boundaries boundaries();

    /** The token that begins a sequence, if there is one; {@link Boundaries#first} says whether texts get it. */
    default OptionalInt bosId() {
        return boundaries().bosId();
    }

    /** The first of {@link #eosIds}, if there is one. */
    default OptionalInt eosId() {
        return boundaries().eosIds().stream().mapToInt(Integer::intValue).findFirst();
    }

    /** Ids after which nothing more is generated: the end of a text, of a turn, of a message. */
    default List<Integer> eosIds() {
        return boundaries().eosIds();
    }

    /**
     * Writes what {@link Tokenizers#load} needs into a folder that exists.
     *
     * @throws IllegalArgumentException if no such file gives the same ids for every text; nothing is written
     */
    void save(Path dir) throws IOException;

    /** The text of some ids, special tokens written out. */
    default String decode(int... ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(4 * ids.length);
        int before = -1;
        for (int id : ids) {
            bytes.writeBytes(bytes(before, id));
            before = id;
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /**
     * A new decoder that takes ids one by one, as generation yields them.
     *
     * @param before the ids that precede them, a prompt for example: a word that goes on from there keeps its space, and a character that only began
     *     there comes when it is complete
     * @throws IllegalArgumentException if one of the last of them is not in [0, vocabSize)
     */
    default StreamDecoder streamDecoder(int... before) {
        return new StreamDecoder(this, before);
    }
}
