package org.neuralattention.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The chat template of a Hugging Face folder: {@code chat_template.jinja}, or else {@code chat_template} of tokenizer_config.json. */
final class HfChatTemplate {

    private static final String OWN_FILE = "chat_template.jinja";
    private static final String KEY = "chat_template";
    private static final int LONGEST = 1 << 20;

    private HfChatTemplate() {}

    /** A text, or the one named {@code default} of a list of {@code name} and {@code template}. */
    static Optional<String> read(Path directory) throws IOException {
        Path own = directory.resolve(OWN_FILE);
        if (Files.exists(own)) {
            return Optional.of(text(own));
        }
        Path config = directory.resolve("tokenizer_config.json");
        if (!Files.exists(config)) {
            return Optional.empty();
        }
        JsonObject json = JsonObject.read(config);
        if (!json.has(KEY)) {
            return Optional.empty();
        }
        return json.fields().get(KEY) instanceof List<?> named ? chosen(json, named) : Optional.of(json.string(KEY));
    }

    private static Optional<String> chosen(JsonObject json, List<?> named) {
        for (Object element : named) {
            JsonObject template = JsonObject.of(json.source() + ", " + KEY, element);
            if (template.string("name").equals("default")) {
                return Optional.of(template.string("template"));
            }
        }
        throw new UnsupportedModelException(json.source(), "\"" + KEY + "\" is a list without one named default");
    }

    private static String text(Path file) throws IOException {
        long size = Files.size(file);
        if (size > LONGEST) {
            throw new ModelFormatException(file, "has " + size + " bytes: a template has at most " + LONGEST);
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(Files.readAllBytes(file))).toString();
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(file, "is not UTF-8", e);
        }
    }
}
