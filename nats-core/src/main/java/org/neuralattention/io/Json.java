package org.neuralattention.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON, strict: RFC 8259 in valid UTF-8, no duplicate keys, no lone surrogates, numbers within a double's range, nesting up to 64, strings up to 16 MiB,
 * names up to 64 Ki characters, objects up to {@value #MAX_FIELDS} fields, documents up to {@value #MAX_TOKENS} tokens, files up to 64 MiB. The tree of any
 * of them fits a heap of 256 MB.
 *
 * <p>A document is a tree of {@code Map<String, Object>} (in the file's order), {@code List<Object>}, {@code String}, {@code Long} (integers that fit),
 * {@code Double} (other numbers), {@code Boolean} and null.
 */
public final class Json {

    static final int MAX_NAME = 64 << 10;
    // A tokenizer of 262,144 entries and twice as many merges has about 2.6 million, in 33 MB.
    static final long MAX_TOKENS = 3_000_000;
    static final int MAX_FIELDS = 1 << 19;
    private static final long MAX_BYTES = 64 << 20;
    private static final int MAX_STRING = 16 << 20;

    // Names are not put in a shared table: one that a file can fill, and whose overflow would throw outside our types.
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(64)
                    .maxStringLength(MAX_STRING)
                    .maxNameLength(MAX_NAME)
                    .maxTokenCount(MAX_TOKENS)
                    .build())
            .build();

    private Json() {}

    /**
     * Reads a document from a file.
     *
     * @throws ModelFormatException if it is not strict JSON
     */
    public static Object read(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new ModelFormatException(file, "has " + size + " bytes: JSON is read up to " + MAX_BYTES);
        }
        try (InputStream in = Files.newInputStream(file)) {
            return parse(file, in);
        }
    }

    /**
     * Reads a document from memory.
     *
     * @param source what to call it in an error
     * @throws ModelFormatException if it is not strict JSON
     */
    public static Object parse(Object source, byte[] utf8) {
        try {
            return parse(source, new ByteArrayInputStream(utf8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Object parse(Object source, InputStream in) throws IOException {
        try (JsonParser parser = parser(in)) {
            Object value = value(source, parser, next(source, parser));
            end(source, parser);
            return value;
        }
    }

    /** A strict streaming parser; {@link #next} and {@link #end} turn its errors into ours. */
    static JsonParser parser(InputStream in) throws IOException {
        // Decoding here and not in the parser: its byte parsers guess UTF-16 and let some malformed UTF-8 through.
        Reader strict = new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder());
        return FACTORY.createParser(strict);
    }

    /** The next token, never null. */
    static JsonToken next(Object source, JsonParser parser) throws IOException {
        try {
            JsonToken token = parser.nextToken();
            if (token == null) {
                throw new ModelFormatException(source, "the JSON ends early");
            }
            return token;
        } catch (JsonProcessingException | CharacterCodingException e) {
            throw malformed(source, e);
        }
    }

    /** Nothing but white space may follow. */
    static void end(Object source, JsonParser parser) throws IOException {
        try {
            if (parser.nextToken() != null) {
                throw new ModelFormatException(source, "the JSON goes on after its end");
            }
        } catch (JsonProcessingException | CharacterCodingException e) {
            throw malformed(source, e);
        }
    }

    /** A string or a field's name, checked. */
    static String text(Object source, JsonParser parser) throws IOException {
        String text;
        try {
            text = parser.getText();
        } catch (JsonProcessingException | CharacterCodingException e) {
            throw malformed(source, e);
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    throw new ModelFormatException(source, "a string of the JSON has half a surrogate pair");
                }
                i++;
            }
        }
        return text;
    }

    private static ModelFormatException malformed(Object source, IOException e) {
        String why = e instanceof JsonProcessingException j ? j.getOriginalMessage() : "not UTF-8";
        return new ModelFormatException(source, "not valid JSON: " + why, e);
    }

    private static Object value(Object source, JsonParser parser, JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> object(source, parser);
            case START_ARRAY -> array(source, parser);
            case VALUE_STRING -> text(source, parser);
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(source, parser, token);
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new ModelFormatException(source, "not valid JSON: unexpected " + token);
        };
    }

    private static Map<String, Object> object(Object source, JsonParser parser) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>(2); // there may be a million objects of a field or two
        while (next(source, parser) != JsonToken.END_OBJECT) {
            String name = text(source, parser);
            if (fields.size() == MAX_FIELDS) {
                throw new ModelFormatException(source, "an object of the JSON has more than " + MAX_FIELDS + " fields");
            }
            fields.put(name, value(source, parser, next(source, parser)));
        }
        return switch (fields.size()) {
            case 0 -> Map.of();
            case 1 -> Collections.singletonMap(fields.keySet().iterator().next(), fields.values().iterator().next());
            default -> Collections.unmodifiableMap(fields);
        };
    }

    private static List<Object> array(Object source, JsonParser parser) throws IOException {
        List<Object> values = new ArrayList<>(0);
        for (JsonToken token = next(source, parser); token != JsonToken.END_ARRAY; token = next(source, parser)) {
            values.add(value(source, parser, token));
        }
        return values.isEmpty() ? List.of() : Collections.unmodifiableList(values);
    }

    static Number number(Object source, JsonParser parser, JsonToken token) throws IOException {
        String digits = text(source, parser);
        if (token == JsonToken.VALUE_NUMBER_INT) {
            try {
                return Long.valueOf(digits);
            } catch (NumberFormatException tooLong) {
                // then it is a double like any other
            }
        }
        double value = Double.parseDouble(digits);
        if (Double.isInfinite(value)) {
            throw new ModelFormatException(source, "the number " + digits + " is beyond a double's range");
        }
        return value;
    }

    /** The document over several lines, keys in the map's order, always the same bytes for the same tree. */
    public static String pretty(Object tree) {
        DefaultIndenter lines = new DefaultIndenter("  ", "\n");
        return write(tree, new DefaultPrettyPrinter().withObjectIndenter(lines)) + "\n";
    }

    /** The document on one line. */
    public static String compact(Object tree) {
        return write(tree, null);
    }

    private static String write(Object tree, DefaultPrettyPrinter printer) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = FACTORY.createGenerator(text)) {
            out.setPrettyPrinter(printer);
            write(out, tree);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void write(JsonGenerator out, Object value) throws IOException {
        switch (value) {
            case null -> out.writeNull();
            case String s -> out.writeString(s);
            case Boolean b -> out.writeBoolean(b);
            case Integer i -> out.writeNumber(i);
            case Long l -> out.writeNumber(l);
            case Float f when Float.isFinite(f) -> out.writeNumber(f.toString());
            case Double d when Double.isFinite(d) -> out.writeNumber(d.toString());
            case Map<?, ?> fields -> {
                out.writeStartObject();
                for (Map.Entry<?, ?> field : fields.entrySet()) {
                    out.writeFieldName((String) field.getKey());
                    write(out, field.getValue());
                }
                out.writeEndObject();
            }
            case List<?> values -> {
                out.writeStartArray();
                for (Object element : values) {
                    write(out, element);
                }
                out.writeEndArray();
            }
            default -> throw new IllegalArgumentException("JSON cannot hold " + value + " (" + value.getClass().getName() + ")");
        }
    }
}
