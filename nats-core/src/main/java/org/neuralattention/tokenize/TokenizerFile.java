package org.neuralattention.tokenize;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.neuralattention.io.ModelFormatException;

/** The files a tokenizer can be in, told apart by how they begin. */
enum TokenizerFile {

    /** Hugging Face's tokenizer.json. */
    JSON,
    /** A GGUF file, with or without weights. */
    GGUF,
    /** Lines of a token in base64, a space, and its rank. */
    TIKTOKEN,
    /** llama2.c's tokenizer.bin: the longest token's length, then score, length and bytes of each. */
    LLAMA2C_TOKENIZER,
    /** A model of llama2.c, of any version. */
    LLAMA2C_MODEL,
    /** A protocol buffer of SentencePiece. */
    SENTENCE_PIECE;

    private static final int GGUF_MAGIC = 0x46554747;     // "GGUF"
    private static final int LLAMA2C_MAGIC = 0x616B3432;  // "ak42", version 1 and later
    private static final int LARGEST_SIZE = 1 << 24;      // of a header's dims; as a float it would be below 2.4e-38

    /**
     * What a file is.
     *
     * @throws ModelFormatException if it is none of these
     */
    static TokenizerFile kind(Path file) throws IOException {
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(256);
        }
        int first = 0;
        while (first < head.length && (head[first] == ' ' || head[first] == '\n' || head[first] == '\r' || head[first] == '\t')) {
            first++;
        }
        boolean text = head.length < 4 || head[3] != 0; // a length may look like a brace, but has a zero behind it
        if (first == head.length || text && (head[first] == '{' || head[first] == '[')) {
            return JSON; // the JSON parser says what is wrong with an empty one
        }
        if (isRank(head)) {
            return TIKTOKEN;
        }
        if (head.length >= 28) {
            ByteBuffer ints = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
            if (ints.getInt(0) == GGUF_MAGIC) {
                return GGUF;
            }
            if (ints.getInt(0) == LLAMA2C_MAGIC || isSize(ints.getInt(0)) && isSize(ints.getInt(4)) && isSize(ints.getInt(8))) {
                return LLAMA2C_MODEL;
            }
            if (isSize(ints.getInt(0)) && isSize(ints.getInt(8))) { // between them a score
                return LLAMA2C_TOKENIZER;
            }
        }
        if (head[0] == 0x0A) { // field 1, pieces
            return SENTENCE_PIECE;
        }
        throw new ModelFormatException(file, "is not a tokenizer: neither JSON, GGUF, ranks of tiktoken, nor a file of llama2.c");
    }

    private static boolean isSize(int n) {
        return n > 0 && n < LARGEST_SIZE;
    }

    private static boolean isRank(byte[] head) {
        int i = 0;
        while (i < head.length && (Character.isLetterOrDigit(head[i]) || head[i] == '+' || head[i] == '/' || head[i] == '=')) {
            i++;
        }
        return i > 0 && i + 1 < head.length && head[i] == ' ' && head[i + 1] >= '0' && head[i + 1] <= '9';
    }
}
