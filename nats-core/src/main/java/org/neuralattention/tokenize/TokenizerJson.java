package org.neuralattention.tokenize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.BpeModel.Ranks;

/**
 * Reads and writes the tokenizer.json of Hugging Face's tokenizers, as far as it describes a {@link BpeModel}; anything else in it is an
 * {@link UnsupportedModelException} that names it. Truncation and padding are left alone: they say how a batch is made, not which ids a
 * text has. Of the post-processor {@link PostProcessorJson} reads which token it puts first.
 */
final class TokenizerJson {

    static final Set<String> FIELDS = Set.of("version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
            "post_processor", "decoder", "model");
    static final Set<String> MODEL_FIELDS = Set.of("type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
            "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges");

    private TokenizerJson() {}

    static BpeModel read(JsonObject root) {
        only(root, FIELDS);
        one(root.object("decoder"), "type", "ByteLevel");
        JsonObject model = root.object("model");
        only(model, MODEL_FIELDS);
        one(model, "type", "BPE", null);
        one(model, "dropout", null, 0.0, 0L);
        one(model, "continuing_subword_prefix", null, "");
        one(model, "end_of_word_suffix", null, "");
        one(model, "byte_fallback", false, null);
        return new BpeModel(vocab(model), merges(model), Ranks.OF_PAIRS, model.booleanValue("ignore_merges", false),
                root.has("added_tokens") ? added(root) : List.of(), normalization(root), PreTokenizerJson.read(root.object("pre_tokenizer")));
    }

    /** NFC, or a sequence of it alone, or an empty one. */
    private static Normalization normalization(JsonObject root) {
        if (!root.has("normalizer")) {
            return Normalization.NONE;
        }
        JsonObject normalizer = root.object("normalizer");
        boolean sequence = "Sequence".equals(normalizer.fields().get("type"));
        Normalization normalization = Normalization.NONE;
        for (Object element : sequence ? normalizer.list("normalizers") : List.of(normalizer.fields())) {
            one(JsonObject.of(normalizer.source(), element), "type", "NFC");
            normalization = Normalization.NFC;
        }
        return normalization;
    }

    static void only(JsonObject object, Set<String> known) {
        for (String field : object.fields().keySet()) {
            if (!known.contains(field)) {
                throw new UnsupportedModelException(object.source(), "\"" + field + "\" is not known");
            }
        }
    }

    static void one(JsonObject object, String field, Object... supported) {
        Object value = object.fields().get(field);
        for (Object s : supported) {
            if (Objects.equals(s, value)) {
                return;
            }
        }
        String shown = value instanceof Map<?, ?> map && map.get("type") instanceof String type ? type : String.valueOf(value);
        throw new UnsupportedModelException(object.source(), "\"" + field + "\" is " + shown + ", supported is "
                + String.join(" or ", Arrays.stream(supported).map(String::valueOf).toList()));
    }

    static Map<String, Integer> vocab(JsonObject model) {
        JsonObject vocab = model.object("vocab");
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (String entry : vocab.fields().keySet()) {
            ids.put(entry, vocab.intValue(entry));
        }
        return ids;
    }

    /** Each merge is a pair of strings, or in older files one string with a space between the two. */
    static List<Merge> merges(JsonObject model) {
        List<Merge> merges = new ArrayList<>();
        Map<String, String> entries = new HashMap<>(); // one string for all that are equal: a vocabulary has fewer entries than its merges have parts
        for (Object merge : model.list("merges")) {
            List<?> parts = merge instanceof String s ? List.of(s.split(" ", -1)) : merge instanceof List<?> list ? list : List.of();
            if (parts.size() != 2 || !(parts.get(0) instanceof String left) || !(parts.get(1) instanceof String right)) {
                throw new ModelFormatException(model.source(), "merge " + merges.size() + " is " + merge + " where two entries should be");
            }
            merges.add(new Merge(entries.computeIfAbsent(left, e -> e), entries.computeIfAbsent(right, e -> e)));
        }
        return merges;
    }

    static List<AddedToken> added(JsonObject root) {
        List<AddedToken> added = new ArrayList<>();
        for (Object element : root.list("added_tokens")) {
            JsonObject token = JsonObject.of(root.source() + ", added token " + added.size(), element);
            only(token, Set.of("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"));
            boolean special = token.booleanValue("special", false);
            added.add(new AddedToken(token.intValue("id"), token.string("content"), token.booleanValue("single_word", false),
                    token.booleanValue("lstrip", false), token.booleanValue("rstrip", false), token.booleanValue("normalized", !special), special));
        }
        return added;
    }

    static String write(BpeModel model, Boundaries boundaries, String bosContent) {
        List<Object> added = new ArrayList<>();
        for (AddedToken token : model.added()) {
            added.add(written(token));
        }
        Map<String, Object> vocab = new LinkedHashMap<>();
        model.vocab().entrySet().stream()
                .sorted(Comparator.comparingInt(Map.Entry::getValue))
                .forEach(e -> vocab.put(e.getKey(), e.getValue()));
        List<List<String>> merges = model.merges().stream().map(m -> List.of(m.left(), m.right())).toList();
        return Json.pretty(object("version", "1.0", "truncation", null, "padding", null, "added_tokens", added,
                "normalizer", model.normalization() == Normalization.NONE ? null : object("type", model.normalization().name()),
                "pre_tokenizer", PreTokenizerJson.write(model.splits()),
                "post_processor", PostProcessorJson.write(boundaries.first(), bosContent),
                "decoder", PreTokenizerJson.byteLevel(true),
                "model", object("type", "BPE", "dropout", null, "unk_token", null, "continuing_subword_prefix", null,
                        "end_of_word_suffix", null, "fuse_unk", false, "byte_fallback", false, "ignore_merges", model.ignoreMerges(),
                        "vocab", vocab, "merges", merges)));
    }

    static Map<String, Object> written(AddedToken token) {
        return object("id", token.id(), "content", token.content(), "single_word", token.singleWord(), "lstrip", token.lstrip(),
                "rstrip", token.rstrip(), "normalized", token.normalized(), "special", token.special());
    }

    static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return object;
    }
}
