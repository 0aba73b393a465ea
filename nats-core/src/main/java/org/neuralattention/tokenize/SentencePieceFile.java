package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Prefix;
import org.neuralattention.tokenize.SpmModel.Spaces;
import org.neuralattention.tokenize.SpmModel.Type;

/**
 * SentencePiece's own file, usually {@code tokenizer.model}: a protocol buffer of pieces and of how the model was trained and normalizes. Models of
 * type BPE whose only normalization is that of spaces are supported.
 *
 * <p>Source: github.com/google/sentencepiece, sentencepiece_model.proto.
 */
final class SentencePieceFile {

    private static final long LARGEST_FILE = 64 << 20;
    private static final int LARGEST_COUNT = 1 << 20;
    private static final String[] MODEL_TYPES = {"UNIGRAM", "BPE", "WORD", "CHAR"}; // from 1
    private static final int UNIGRAM = 1, BPE = 2;

    private final Path file;
    private final List<Piece> pieces = new ArrayList<>();
    private long modelType = UNIGRAM;
    private int unkId = 0;
    private int bosId = 1;
    private boolean addsBos = true;
    private int eosId = 2;
    private boolean dummyPrefix = true;
    private boolean collapse = true;

    private SentencePieceFile(Path file) {
        this.file = file;
    }

    /**
     * Reads such a file.
     *
     * @throws UnsupportedModelException for models of another type than BPE, other normalization, or spaces that are not put before words
     * @throws ModelFormatException if it is malformed
     */
    static SpmTokenizer read(Path path) throws IOException {
        if (Files.size(path) > LARGEST_FILE) {
            throw new ModelFormatException(path, "has " + Files.size(path) + " bytes: a SentencePiece model has at most " + LARGEST_FILE);
        }
        SentencePieceFile file = new SentencePieceFile(path);
        file.model(new ProtobufFields(path, ByteBuffer.wrap(Files.readAllBytes(path))));
        file.readConfig();
        return file.tokenizer();
    }

    /**
     * What Hugging Face says beside the file: whether the beginning is put before texts. Tokens that it added to the pieces are in a
     * tokenizer.json only in a form that is supported.
     */
    private void readConfig() throws IOException {
        Path config = file.resolveSibling("tokenizer_config.json");
        if (!Files.exists(config)) {
            return;
        }
        JsonObject json = JsonObject.read(config);
        addsBos = json.booleanValue("add_bos_token", true);
        if (json.fields().get("added_tokens_decoder") instanceof Map<?, ?> added) {
            for (Object id : added.keySet()) {
                if (!id.toString().matches("\\d{1,9}") || Integer.parseInt(id.toString()) >= pieces.size()) {
                    throw new UnsupportedModelException(config, "adds token " + id + " to the " + pieces.size()
                            + " pieces beside it: supported with a tokenizer.json only");
                }
            }
        }
    }

    private SpmTokenizer tokenizer() {
        checkType();
        Spaces spaces = new Spaces(dummyPrefix ? Prefix.EACH : Prefix.NONE, collapse, false);
        try {
            SpmModel model = SpmModel.ofScores(pieces, spaces, OptionalInt.of(unkId));
            return new SpmTokenizer(model, new Boundaries(bosId < 0 ? OptionalInt.empty() : OptionalInt.of(bosId), bosId >= 0 && addsBos,
                    eosId < 0 ? List.of() : List.of(eosId)));
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, e.getMessage(), e);
        }
    }

    private void checkType() {
        if (modelType != BPE) {
            String type = modelType >= 1 && modelType <= MODEL_TYPES.length ? MODEL_TYPES[(int) modelType - 1] : String.valueOf(modelType);
            throw new UnsupportedModelException(file, "is a SentencePiece model of type " + type + ", supported is BPE");
        }
    }

    private void model(ProtobufFields in) {
        while (in.next()) {
            switch (in.number()) {
                case 1 -> piece(in.message());
                case 2 -> trainer(in.message());
                case 3 -> normalizer(in.message());
                default -> {} // its own tests, a normalizer for the decoded text
            }
        }
    }

    private void piece(ProtobufFields in) {
        int id = pieces.size();
        if (id == LARGEST_COUNT) {
            throw new ModelFormatException(file, "has more than " + LARGEST_COUNT + " pieces");
        }
        String text = "";
        float score = 0;
        long type = 1;
        while (in.next()) {
            switch (in.number()) {
                case 1 -> text = in.text();
                case 2 -> score = in.real();
                case 3 -> type = in.integer();
                default -> {}
            }
        }
        if (text.isEmpty() || Float.isNaN(score) || Type.of(type) == null) {
            throw new ModelFormatException(file, "piece " + id + " is \"" + text + "\" with score " + score + " and type " + type
                    + ": must be some text, a number, and in [1, " + Type.values().length + "]");
        }
        pieces.add(new Piece(text, score, Type.of(type)));
    }

    private void trainer(ProtobufFields in) {
        while (in.next()) {
            switch (in.number()) {
                case 3 -> modelType = in.integer();
                case 24 -> refuse(in.flag(), "\"treat_whitespace_as_suffix\" is true");
                case 40 -> unkId = id(in);
                case 41 -> bosId = id(in);
                case 42 -> eosId = id(in);
                default -> {}
            }
        }
        checkType(); // rather than what follows from it
    }

    /** An id, -1 if there is no such piece. */
    private int id(ProtobufFields in) {
        long id = in.integer();
        if (id < -1 || id >= LARGEST_COUNT) {
            throw new ModelFormatException(file, "field " + in.number() + " of its trainer is " + id + " where an id or -1 should be");
        }
        return (int) id;
    }

    private void normalizer(ProtobufFields in) {
        while (in.next()) {
            switch (in.number()) {
                case 2 -> refuse(in.length() > 0, "\"precompiled_charsmap\" normalizes more than spaces");
                case 3 -> dummyPrefix = in.flag();
                case 4 -> collapse = in.flag();
                case 5 -> refuse(!in.flag(), "\"escape_whitespaces\" is false");
                case 6 -> refuse(in.length() > 0, "\"normalization_rule_tsv\" normalizes more than spaces");
                default -> {}
            }
        }
    }

    private void refuse(boolean refused, String problem) {
        if (refused) {
            throw new UnsupportedModelException(file, problem + ", which is not supported");
        }
    }
}
