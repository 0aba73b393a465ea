package org.neuralattention.tokenize;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.BpeModel.Ranks;
import org.neuralattention.tokenize.SpmModel.Type;

/**
 * A GGUF file's vocabulary of kind {@code gpt2}: byte-level BPE. How text is cut into words the file says by a name; what a name means is llama.cpp's
 * knowledge, of which this is the part for families whose tokenizers are byte-level and cut by a {@link Split}.
 */
final class GgufBpe {

    /** What a name means. */
    private record Pre(List<Split> splits, boolean ignoreMerges, boolean addsBos, Normalization normalization) {

        Pre(Split... splits) {
            this(List.of(splits), false, false, Normalization.NONE);
        }
    }

    private static final Map<String, Pre> PRES = new HashMap<>();

    /** The names that are written, one for each meaning. */
    private static final List<String> NAMES = List.of("gpt-2", "llama-bpe", "dbrx", "qwen2", "deepseek-r1-qwen", "smollm", "falcon", "default");

    static {
        put(new Pre(Split.GPT2), "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4", "mellum");
        put(new Pre(List.of(Split.LLAMA3), true, true, Normalization.NONE), "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2");
        put(new Pre(Split.LLAMA3), "dbrx", "smaug-bpe");
        put(new Pre(List.of(Split.QWEN2), false, false, Normalization.NFC), "qwen2");
        put(new Pre(Split.QWEN2), "deepseek-r1-qwen");
        put(new Pre(Split.O200K), "gpt-4o", "llama4");
        put(new Pre(List.of(Split.TEKKEN), true, true, Normalization.NONE), "tekken");
        put(new Pre(Split.DIGITS, Split.GPT2), "smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b");
        put(new Pre(Split.PUNCTUATION, Split.GPT2, Split.DIGITS_IN_THREES), "falcon");
        put(new Pre(Split.PUNCTUATION_WITHOUT_GRAVE, Split.GPT2, Split.NUMBERS, Split.DIGITS_IN_THREES), "default");
    }

    private GgufBpe() {}

    private static void put(Pre pre, String... names) {
        for (String name : names) {
            PRES.put(name, pre);
        }
    }

    /**
     * The name of how a tokenizer cuts text into words.
     *
     * @throws IllegalArgumentException if there is none
     */
    static String name(BpeModel model) {
        if (model.merges().isEmpty()) {
            return NAMES.getFirst(); // words do not matter where nothing merges
        }
        return NAMES.stream().filter(name -> {
            Pre pre = PRES.get(name);
            return pre.splits().equals(model.splits()) && pre.ignoreMerges() == model.ignoreMerges() && pre.normalization() == model.normalization();
        }).findFirst().orElseThrow(() -> new IllegalArgumentException("GGUF has no name for how this tokenizer cuts words (" + model.splits() + ")"));
    }

    /** @throws UnsupportedModelException if the name of how words are cut is missing or not known */
    static BpeTokenizer read(GgufMetadata metadata) {
        Pre pre = pre(metadata);
        List<String> tokens = metadata.strings(GgufVocabulary.PREFIX + "tokens");
        List<AddedToken> added = added(metadata, tokens);
        BpeModel model = new BpeModel(vocab(metadata, tokens), merges(metadata), Ranks.OF_PAIRS, pre.ignoreMerges(), added, pre.normalization(), pre.splits());
        return new BpeTokenizer(model, GgufVocabulary.boundaries(metadata, pre.addsBos(), added));
    }

    private static Pre pre(GgufMetadata metadata) {
        String key = GgufVocabulary.PREFIX + "pre";
        if (!metadata.has(key)) {
            throw new UnsupportedModelException(metadata.source(), "\"" + key + "\" is missing: nothing says how text is cut into words");
        }
        Pre pre = PRES.get(metadata.string(key));
        if (pre == null) {
            throw new UnsupportedModelException(metadata.source(), "\"" + key + "\" is \"" + metadata.string(key) + "\", supported is "
                    + String.join(" or ", PRES.keySet().stream().sorted().toList()));
        }
        return pre;
    }

    private static Map<String, Integer> vocab(GgufMetadata metadata, List<String> tokens) {
        Map<String, Integer> vocab = new HashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            Integer other = vocab.put(tokens.get(id), id);
            if (other != null) {
                throw new ModelFormatException(metadata.source(), "token " + id + " is \"" + tokens.get(id) + "\", which is token " + other + " already");
            }
        }
        return vocab;
    }

    private static List<Merge> merges(GgufMetadata metadata) {
        List<Merge> merges = new ArrayList<>();
        Map<String, String> entries = new HashMap<>(); // one string for all that are equal
        for (String merge : metadata.strings(GgufVocabulary.PREFIX + "merges")) {
            String[] parts = merge.split(" ", -1);
            if (parts.length != 2) {
                throw new ModelFormatException(metadata.source(), "merge " + merges.size() + " is \"" + merge + "\" where two entries should be");
            }
            merges.add(new Merge(entries.computeIfAbsent(parts[0], e -> e), entries.computeIfAbsent(parts[1], e -> e)));
        }
        return merges;
    }

    private static List<AddedToken> added(GgufMetadata metadata, List<String> tokens) {
        int[] types = metadata.ints(GgufVocabulary.PREFIX + "token_type");
        if (types.length != tokens.size()) {
            throw new ModelFormatException(metadata.source(), tokens.size() + " tokens and " + types.length + " types: must be as many of each");
        }
        List<AddedToken> added = new ArrayList<>();
        for (int id = 0; id < types.length; id++) {
            Type type = Type.of(types[id]);
            if (type == null) {
                throw new ModelFormatException(metadata.source(), "token " + id + " has type " + types[id] + ": must be in [1, " + Type.values().length + "]");
            }
            if (type == Type.CONTROL || type == Type.UNKNOWN || type == Type.USER_DEFINED) {
                added.add(new AddedToken(id, tokens.get(id), type != Type.USER_DEFINED));
            }
        }
        return added;
    }
}
