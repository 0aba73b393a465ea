package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.neuralattention.io.AtomicFiles;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Spaces;
import org.neuralattention.tokenize.SpmModel.Type;

/**
 * llama2.c's tokenizer.bin: little-endian, the length of the longest token in bytes, then for each id its score (float32), length and bytes, with
 * plain spaces. It says nothing of kinds: id 0 is the unknown piece, 1 and 2 begin and end a text, and the 256 bytes follow.
 *
 * <p>Source: github.com/karpathy/llama2.c, tokenizer.py and run.c.
 */
public final class Llama2cTokenizer {

    /** What the ids of every such file mean. */
    private static final int UNK = 0, BOS = 1, EOS = 2, BYTES = 3, OTHERS = BYTES + 256;

    private static final long LARGEST_FILE = 64 << 20;
    private static final int LARGEST_COUNT = 1 << 20;

    private Llama2cTokenizer() {}

    /**
     * Reads such a file.
     *
     * @throws ModelFormatException if it is malformed; {@link UnsupportedModelException} if its first 259 tokens are not those that are always there
     */
    public static SpmTokenizer read(Path file) throws IOException {
        if (Files.size(file) > LARGEST_FILE) {
            throw new ModelFormatException(file, "has " + Files.size(file) + " bytes: a tokenizer.bin has at most " + LARGEST_FILE);
        }
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() < 4) {
            throw new ModelFormatException(file, "ends within the length of its longest token");
        }
        int longest = in.getInt();
        CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
        List<Piece> pieces = new ArrayList<>();
        while (in.hasRemaining()) {
            int id = pieces.size();
            byte[] token = token(file, in, id, longest);
            pieces.add(piece(file, utf8, id, in.getFloat(in.position() - token.length - 8), token));
        }
        if (pieces.size() < OTHERS) {
            throw new UnsupportedModelException(file, "has " + pieces.size() + " tokens: supported are the unknown one, two that begin and end a text, "
                    + "256 bytes, and more");
        }
        try {
            return new SpmTokenizer(SpmModel.ofScores(pieces, Spaces.LLAMA, OptionalInt.of(UNK)),
                    new Boundaries(OptionalInt.of(BOS), true, List.of(EOS)));
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, e.getMessage(), e);
        }
    }

    /** Takes score, length and bytes of a token; the bytes are returned. */
    private static byte[] token(Path file, ByteBuffer in, int id, int longest) {
        if (id == LARGEST_COUNT) {
            throw new ModelFormatException(file, "has more than " + LARGEST_COUNT + " tokens");
        }
        if (in.remaining() < 8) {
            throw new ModelFormatException(file, "ends within token " + id);
        }
        float score = in.getFloat();
        int length = in.getInt();
        if (Float.isNaN(score)) {
            throw new ModelFormatException(file, "the score of token " + id + " is not a number");
        }
        if (length < 0 || length > longest || length > in.remaining()) {
            throw new ModelFormatException(file, "token " + id + " has length " + length + ": must be in [0, " + longest + "], and "
                    + in.remaining() + " bytes are left");
        }
        byte[] token = new byte[length];
        in.get(token);
        return token;
    }

    private static Piece piece(Path file, CharsetDecoder utf8, int id, float score, byte[] token) {
        String text;
        try {
            text = utf8.decode(ByteBuffer.wrap(token)).toString();
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(file, "token " + id + " is not UTF-8", e);
        }
        if (id == BOS || id == EOS) {
            return new Piece(text.strip(), score, Type.CONTROL); // written with a line break on both sides
        }
        if (id >= BYTES && id < OTHERS && SpmSymbols.byteValue(text) != id - BYTES) {
            throw new UnsupportedModelException(file, "token " + id + " is \"" + text + "\", supported is " + SpmSymbols.byteToken(id - BYTES));
        }
        Type type = id == UNK ? Type.UNKNOWN : id < OTHERS ? Type.BYTE : Type.NORMAL;
        return new Piece(text.replace(' ', SpmModel.SPACE), score, type);
    }

    /**
     * Writes such a file, whole or not at all.
     *
     * @throws IllegalArgumentException for a tokenizer the format cannot express: its first ids mean other things, or its pieces do not merge by
     *     score
     */
    public static void write(Path file, SpmTokenizer tokenizer) throws IOException {
        SpmModel model = tokenizer.model().byScores();
        check(tokenizer, model);
        List<byte[]> tokens = new ArrayList<>();
        long size = 4;
        int longest = 0;
        for (int id = 0; id < model.pieces().size(); id++) {
            String text = model.pieces().get(id).text().replace(SpmModel.SPACE, ' ');
            byte[] token = Utf8.encode(id == BOS || id == EOS ? "\n" + text + "\n" : text);
            tokens.add(token);
            size += 8 + token.length;
            longest = Math.max(longest, token.length);
        }
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN).putInt(longest);
        for (int id = 0; id < tokens.size(); id++) {
            out.putFloat(model.pieces().get(id).score()).putInt(tokens.get(id).length).put(tokens.get(id));
        }
        AtomicFiles.write(file, channel -> channel.write(out.flip()));
    }

    private static void check(SpmTokenizer tokenizer, SpmModel model) {
        Boundaries boundaries = tokenizer.boundaries();
        if (boundaries.first().orElse(-1) != BOS || boundaries.eosIds().isEmpty() || boundaries.eosIds().getFirst() != EOS) {
            throw new IllegalArgumentException("tokenizer.bin: a text begins with id " + BOS + " and ends with id " + EOS + ", here it is "
                    + boundaries);
        }
        if (!model.spaces().equals(Spaces.LLAMA)) {
            throw new IllegalArgumentException("tokenizer.bin: a space is put before every text and no other is changed, here it is " + model.spaces());
        }
        for (AddedToken token : model.added()) {
            if (token.asksOfItsNeighbours()) {
                throw new IllegalArgumentException("tokenizer.bin: there is no place for what token \"" + token.content() + "\" asks of the text beside it");
            }
        }
        for (int id = 0; id < model.pieces().size(); id++) {
            Piece piece = model.pieces().get(id);
            boolean fits = switch (piece.type()) {
                case UNKNOWN -> id == UNK;
                case CONTROL -> id == BOS || id == EOS;
                case BYTE -> id == BYTES + SpmSymbols.byteValue(piece.text());
                case NORMAL -> id >= OTHERS;
                case USER_DEFINED, UNUSED -> false;
            };
            if (!fits) {
                throw new IllegalArgumentException("tokenizer.bin: id " + id + " cannot be the " + piece.type() + " piece \"" + piece.text() + "\"");
            }
        }
        if (model.pieces().size() < OTHERS) {
            throw new IllegalArgumentException("tokenizer.bin: the first " + OTHERS + " ids have their meaning, here are " + model.pieces().size());
        }
    }
}
