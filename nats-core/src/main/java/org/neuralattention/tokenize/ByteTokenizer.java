package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The 256 bytes of UTF-8: an id is a byte. No beginning and no end. */
public final class ByteTokenizer implements Tokenizer {

    static final BpeModel MODEL = new BpeModel(
            IntStream.range(0, 256).boxed().collect(Collectors.toMap(b -> ByteAlphabet.toString(b.byteValue()), b -> b)),
            List.of(), BpeModel.Ranks.OF_PAIRS, false, List.of(), Normalization.NONE, List.of());

    /** All of them are equal. */
    public ByteTokenizer() {}

    @Override
    public int[] encode(String text, int[] literal) {
        Utf8.checkLength(text);
        LiteralRanges.check(text, literal);
        byte[] bytes = Utf8.encode(text);
        int[] ids = new int[bytes.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes[i] & 0xFF;
        }
        return ids;
    }

    @Override
    public int vocabSize() {
        return 256;
    }

    @Override
    public byte[] bytes(int id) {
        if (id < 0 || id > 255) {
            throw new IllegalArgumentException("id = " + id + ": must be in [0, 256)");
        }
        return new byte[] {(byte) id};
    }

    @Override
    public Boundaries boundaries() {
        return Boundaries.NONE;
    }

    @Override
    public void save(Path dir) throws IOException {
        Tokenizers.save(dir, MODEL, boundaries());
    }
}
