package org.neuralattention.tokenize;

import static org.neuralattention.tokenize.TokenizerJson.object;
import static org.neuralattention.tokenize.TokenizerJson.one;
import static org.neuralattention.tokenize.TokenizerJson.only;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;

/** Reads and writes the {@code pre_tokenizer} of a tokenizer.json: which {@link Split}s cut the text, before ByteLevel as the last step. */
final class PreTokenizerJson {

    private PreTokenizerJson() {}

    static List<Split> read(JsonObject root) {
        if (!root.string("type").equals("Sequence")) {
            return List.copyOf(byteLevel(root));
        }
        only(root, Set.of("type", "pretokenizers"));
        List<?> steps = root.list("pretokenizers");
        if (steps.isEmpty()) {
            throw new ModelFormatException(root.source(), "\"pretokenizers\" is empty");
        }
        List<Split> splits = new ArrayList<>();
        for (Object step : steps.subList(0, steps.size() - 1)) {
            splits.add(split(JsonObject.of(root.source(), step)));
        }
        splits.addAll(byteLevel(JsonObject.of(root.source(), steps.getLast())));
        return splits;
    }

    private static List<Split> byteLevel(JsonObject step) {
        one(step, "type", "ByteLevel");
        only(step, Set.of("type", "add_prefix_space", "trim_offsets", "use_regex"));
        one(step, "add_prefix_space", false, null);
        return step.booleanValue("use_regex", true) ? List.of(Split.GPT2) : List.of();
    }

    private static Split split(JsonObject step) {
        one(step, "type", "Split", "Digits");
        if (step.string("type").equals("Digits")) {
            only(step, Set.of("type", "individual_digits"));
            return step.booleanValue("individual_digits", false) ? Split.DIGITS : Split.NUMBERS;
        }
        only(step, Set.of("type", "pattern", "behavior", "invert"));
        JsonObject pattern = step.object("pattern");
        only(pattern, Set.of("Regex"));
        String regex = pattern.string("Regex");
        for (Split split : Split.values()) {
            if (split.pattern().equals(regex)) {
                boolean invert = step.booleanValue("invert", false);
                // Where all of the text matches, to remove what does not is to isolate what does.
                one(step, "behavior", invert && split.coversAll() ? "Removed" : "Isolated");
                one(step, "invert", invert && split.coversAll());
                return split;
            }
        }
        throw new UnsupportedModelException(step.source(), "the pattern " + regex + " of a Split is not known");
    }

    static Map<String, Object> write(List<Split> splits) {
        boolean gpt2Last = !splits.isEmpty() && splits.getLast() == Split.GPT2;
        if (splits.size() == (gpt2Last ? 1 : 0)) {
            return byteLevel(gpt2Last);
        }
        List<Object> steps = new ArrayList<>();
        for (Split split : gpt2Last ? splits.subList(0, splits.size() - 1) : splits) {
            steps.add(split == Split.DIGITS
                    ? object("type", "Digits", "individual_digits", true)
                    : object("type", "Split", "pattern", object("Regex", split.pattern()), "behavior", "Isolated", "invert", false));
        }
        steps.add(byteLevel(gpt2Last));
        return object("type", "Sequence", "pretokenizers", steps);
    }

    static Map<String, Object> byteLevel(boolean useRegex) {
        return object("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", useRegex);
    }
}
