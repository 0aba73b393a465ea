package org.neuralattention.tokenize;

import static org.neuralattention.tokenize.TokenizerJson.object;
import static org.neuralattention.tokenize.TokenizerJson.one;
import static org.neuralattention.tokenize.TokenizerJson.only;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.tokenize.SpmModel.Prefix;
import org.neuralattention.tokenize.SpmModel.Spaces;

/**
 * What a tokenizer.json says about spaces, in its normalizer (Prepend, Replace), its pre_tokenizer (Metaspace) and its decoder. Of the steps these
 * can hold only the ones that make up {@link Spaces} are supported.
 */
final class SpmSpacesJson {

    private static final String SPACE = String.valueOf(SpmModel.SPACE);

    private static final Map<String, Object> PREPEND = object("type", "Prepend", "prepend", SPACE);
    private static final Map<String, Object> REPLACE = replace("String", " ", SPACE);
    private static final List<Map<String, Object>> COLLAPSE = List.of(replace("Regex", "\\A +| +\\z", ""), replace("Regex", " {2,}", " "));
    // After REPLACE there is no space left that it could split at.
    private static final Map<String, Object> NO_SPLIT = object("type", "Split", "pattern", object("String", " "), "behavior", "MergedWithPrevious",
            "invert", false);
    private static final Map<String, Object> STRIP = object("type", "Strip", "content", " ", "start", 1, "stop", 0);

    private SpmSpacesJson() {}

    private static Map<String, Object> replace(String kind, String pattern, String content) {
        return object("type", "Replace", "pattern", object(kind, pattern), "content", content);
    }

    /** Whether one of these steps is in the file. */
    static boolean isMentioned(JsonObject root) {
        return types(root.fields().get("normalizer")).contains("Prepend") || types(root.fields().get("normalizer")).contains("Replace")
                || types(root.fields().get("pre_tokenizer")).contains("Metaspace");
    }

    private static List<String> types(Object step) {
        if (!(step instanceof Map<?, ?> map)) {
            return List.of();
        }
        List<String> types = new ArrayList<>();
        types.add(String.valueOf(map.get("type")));
        if (map.get("normalizers") instanceof List<?> steps) {
            steps.forEach(s -> types.addAll(types(s)));
        }
        return types;
    }

    static Spaces read(JsonObject root) {
        List<Map<String, Object>> normalizers = steps(root, "normalizer", "normalizers");
        List<Map<String, Object>> rest = new ArrayList<>(normalizers);
        boolean collapse = rest.size() >= 2 && rest.subList(0, 2).equals(COLLAPSE);
        if (collapse) {
            rest.subList(0, 2).clear();
        }
        boolean prepend = rest.remove(PREPEND);
        boolean replace = rest.remove(REPLACE);
        if (!rest.isEmpty()) {
            throw new UnsupportedModelException(root.source(), "the normalizer " + shown(rest.getFirst()) + " is not supported");
        }
        checkDecoder(root);
        Prefix prefix = prepend ? Prefix.EACH : Prefix.NONE;
        if (!root.has("pre_tokenizer") || replace && root.fields().get("pre_tokenizer").equals(NO_SPLIT)) {
            if (!replace) {
                throw new UnsupportedModelException(root.source(), "neither normalizer nor pre_tokenizer makes spaces " + SPACE);
            }
            return new Spaces(prefix, collapse, false);
        }
        JsonObject metaspace = root.object("pre_tokenizer");
        one(metaspace, "type", "Metaspace");
        only(metaspace, Set.of("type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"));
        one(metaspace, "replacement", SPACE);
        one(metaspace, "str_rep", SPACE, null);
        Prefix scheme = scheme(metaspace);
        return new Spaces(prepend ? prefix : scheme, collapse, metaspace.booleanValue("split", true));
    }

    private static Prefix scheme(JsonObject metaspace) {
        one(metaspace, "prepend_scheme", "first", "always", "never", null);
        Prefix scheme = switch (metaspace.string("prepend_scheme", "always")) {
            case "first" -> Prefix.FIRST;
            case "always" -> Prefix.EACH_WORD;
            default -> Prefix.NONE;
        };
        if (scheme != Prefix.NONE) {
            one(metaspace, "add_prefix_space", true, null);
        }
        return scheme;
    }

    private static void checkDecoder(JsonObject root) {
        for (Map<String, Object> step : steps(root, "decoder", "decoders")) {
            boolean known = switch (String.valueOf(step.get("type"))) {
                case "Replace" -> step.equals(replace("String", SPACE, " "));
                case "Strip" -> " ".equals(step.get("content")) && step.get("start") instanceof Long start && start <= 1 && Long.valueOf(0).equals(step.get("stop"));
                case "ByteFallback", "Fuse", "Metaspace" -> true;
                default -> false;
            };
            if (!known) {
                throw new UnsupportedModelException(root.source(), "the decoder " + shown(step) + " is not supported");
            }
        }
    }

    /** The steps of a Sequence, or the only one, or none. */
    private static List<Map<String, Object>> steps(JsonObject root, String field, String list) {
        if (!root.has(field)) {
            return List.of();
        }
        JsonObject step = root.object(field);
        List<Map<String, Object>> steps = new ArrayList<>();
        if (step.string("type").equals("Sequence")) {
            step.list(list).forEach(element -> steps.add(JsonObject.of(step.source(), element).fields()));
        } else {
            steps.add(step.fields());
        }
        return steps;
    }

    private static String shown(Map<String, Object> step) {
        String text = step.toString();
        return text.length() > 100 ? text.substring(0, 100) + "..." : text;
    }

    private static boolean isMetaspace(Spaces spaces) {
        return spaces.prefix() == Prefix.FIRST || spaces.prefix() == Prefix.EACH_WORD;
    }

    static Object normalizer(Spaces spaces) {
        List<Map<String, Object>> steps = new ArrayList<>();
        if (spaces.collapse()) {
            steps.addAll(COLLAPSE);
        }
        if (spaces.prefix() == Prefix.EACH) {
            steps.add(PREPEND);
        }
        if (!isMetaspace(spaces)) {
            steps.add(REPLACE);
        }
        return steps.isEmpty() ? null : object("type", "Sequence", "normalizers", steps);
    }

    static Object preTokenizer(Spaces spaces) {
        if (!isMetaspace(spaces) && !spaces.split()) {
            return null;
        }
        String scheme = spaces.prefix() == Prefix.FIRST ? "first" : spaces.prefix() == Prefix.EACH_WORD ? "always" : "never";
        return object("type", "Metaspace", "replacement", SPACE, "prepend_scheme", scheme, "split", spaces.split());
    }

    static Object decoder(Spaces spaces) {
        List<Map<String, Object>> steps = new ArrayList<>(List.of(replace("String", SPACE, " "), object("type", "ByteFallback"),
                object("type", "Fuse")));
        if (spaces.prefix() != Prefix.NONE) {
            steps.add(STRIP);
        }
        return object("type", "Sequence", "decoders", steps);
    }
}
