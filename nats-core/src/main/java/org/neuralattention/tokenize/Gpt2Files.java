package org.neuralattention.tokenize;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.tokenize.BpeModel.Merge;

/**
 * Reads the two files GPT-2 was published with: {@code encoder.json}, the id of each entry, and {@code vocab.bpe}, a merge in each line; or, as
 * Hugging Face calls them, {@code vocab.json} and {@code merges.txt}.
 */
final class Gpt2Files {

    /** Several times the largest in use. */
    private static final long MAX_BYTES = 16 << 20;
    private static final int MAX_MERGES = 1 << 20;
    private static final String END = "<|endoftext|>";

    private Gpt2Files() {}

    /**
     * The model of both files.
     *
     * @param encoder encoder.json or vocab.json
     * @param merges vocab.bpe or merges.txt
     */
    static BpeModel read(JsonObject encoder, Path merges) throws IOException {
        if (Files.exists(merges.resolveSibling("added_tokens.json"))) {
            throw new UnsupportedModelException(merges.resolveSibling("added_tokens.json"), "more tokens are read from a tokenizer.json only");
        }
        Map<String, Integer> vocab = new HashMap<>();
        encoder.fields().keySet().forEach(entry -> vocab.put(entry, encoder.intValue(entry)));
        Integer end = vocab.get(END);
        return new BpeModel(vocab, merges(merges), end == null ? List.of() : List.of(new AddedToken(end, END, true)));
    }

    /** The merges that belong to a vocabulary, or null if there are none beside it. */
    static Path mergesBeside(Path encoder) {
        for (String name : new String[] {"vocab.bpe", "merges.txt"}) {
            Path merges = encoder.resolveSibling(name);
            if (Files.exists(merges)) {
                return merges;
            }
        }
        return null;
    }

    private static List<Merge> merges(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new ModelFormatException(file, "has " + Files.size(file) + " bytes: merges have at most " + MAX_BYTES);
        }
        List<Merge> merges = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (line.isEmpty() || number == 1 && line.startsWith("#version")) {
                    continue;
                }
                int space = line.indexOf(' ');
                if (space < 0 || line.indexOf(' ', space + 1) >= 0) {
                    throw new ModelFormatException(file, "line " + number + " is not two entries with a space between them");
                }
                if (merges.size() == MAX_MERGES) {
                    throw new ModelFormatException(file, "has more than " + MAX_MERGES + " merges");
                }
                merges.add(new Merge(line.substring(0, space), line.substring(space + 1)));
            }
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(file, "is not UTF-8", e);
        }
        return merges;
    }
}
