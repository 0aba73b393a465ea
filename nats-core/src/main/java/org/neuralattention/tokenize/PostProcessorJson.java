package org.neuralattention.tokenize;

import static org.neuralattention.tokenize.TokenizerJson.object;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.UnsupportedModelException;

/**
 * Reads and writes the {@code post_processor} of a tokenizer.json, as far as it says which token stands before a text. What it puts after
 * one is not of interest: a text is to be continued.
 */
final class PostProcessorJson {

    private PostProcessorJson() {}

    /**
     * The contents of the tokens that are put before a single text: none or one. Empty if there is no post-processor.
     *
     * @throws UnsupportedModelException if there are more
     */
    static Optional<List<String>> first(JsonObject root) {
        if (!root.has("post_processor")) {
            return Optional.empty();
        }
        List<String> first = new ArrayList<>();
        collect(first, root.object("post_processor"));
        if (first.size() > 1) {
            throw new UnsupportedModelException(root.source(), "\"post_processor\" puts " + first + " before a text, supported is one token");
        }
        return Optional.of(first);
    }

    private static void collect(List<String> first, JsonObject processor) {
        switch (processor.string("type")) {
            case "ByteLevel" -> {} // offsets only
            case "Sequence" -> {
                for (Object step : processor.list("processors")) {
                    collect(first, JsonObject.of(processor.source(), step));
                }
            }
            case "TemplateProcessing" -> {
                for (Object piece : processor.list("single")) {
                    JsonObject p = JsonObject.of(processor.source(), piece);
                    if (!p.has("SpecialToken")) {
                        return;
                    }
                    first.add(p.object("SpecialToken").string("id"));
                }
            }
            default -> throw new UnsupportedModelException(processor.source(), "the post-processor " + processor.string("type") + " is not known");
        }
    }

    /** A post-processor that puts a token before a text, or null. */
    static Map<String, Object> write(OptionalInt bosId, String content) {
        if (bosId.isEmpty()) {
            return null;
        }
        Map<String, Object> bos = object("SpecialToken", object("id", content, "type_id", 0));
        Map<String, Object> bosOfSecond = object("SpecialToken", object("id", content, "type_id", 1));
        Map<String, Object> a = object("Sequence", object("id", "A", "type_id", 0));
        Map<String, Object> b = object("Sequence", object("id", "B", "type_id", 1));
        return object("type", "TemplateProcessing", "single", List.of(bos, a), "pair", List.of(bos, a, bosOfSecond, b),
                "special_tokens", object(content, object("id", content, "ids", List.of(bosId.getAsInt()), "tokens", List.of(content))));
    }
}
