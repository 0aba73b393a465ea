package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.neuralattention.tokenize.BpeModel.AddedToken;
import org.neuralattention.tokenize.BpeModel.Merge;

/**
 * Byte-level byte pair encoding, as GPT-2 introduced it: added tokens are cut out, the rest is cut into words, and the UTF-8 bytes of
 * a word merge, the pair of lowest rank first, until none is left that merges.
 *
 * <p>Encoding takes time n log n for a single word of n bytes and linear time otherwise.
 */
public final class BpeTokenizer implements Tokenizer {

    /** Bounds the table of ids; the largest vocabularies in use have 262,144. */
    private static final int MAX_ID = (1 << 20) - 1;

    private final BpeModel model;
    private final Boundaries boundaries;
    private final byte[][] tokens; // by id; null where the vocabulary skips one
    private final int[] byteIds;
    private final BpeMerges merges;
    private final WordTable words;
    private final AddedTokens added;

    /**
     * @throws IllegalArgumentException if the model contradicts itself: an id that is negative, above 2^20 - 1 or given twice, a byte
     *     without an id, a merge of or into something that is not in the vocabulary, an added token that is empty or has another id there
     */
    public BpeTokenizer(BpeModel model, Boundaries boundaries) {
        this.model = model;
        this.tokens = tokens(model);
        this.byteIds = byteIds(model.vocab());
        this.merges = merges(model);
        this.words = words();
        this.added = new AddedTokens(model.added());
        this.boundaries = boundaries.check(tokens.length);
    }

    private static byte[][] tokens(BpeModel model) {
        int max = -1;
        for (int id : model.vocab().values()) {
            max = Math.max(max, id);
        }
        for (AddedToken token : model.added()) {
            max = Math.max(max, token.id());
        }
        byte[][] tokens = new byte[Math.min(max, MAX_ID) + 1][];
        model.vocab().forEach((entry, id) -> {
            byte[] bytes = ByteAlphabet.bytes(entry);
            put(tokens, id, entry, bytes == null ? Utf8.encode(entry) : bytes);
        });
        for (AddedToken token : model.added()) {
            if (token.content().isEmpty()) {
                throw new IllegalArgumentException("added token " + token.id() + " is empty");
            }
            Integer id = model.vocab().get(token.content());
            if (id == null) {
                put(tokens, token.id(), token.content(), Utf8.encode(token.content()));
            } else if (id != token.id()) {
                throw new IllegalArgumentException("added token \"" + token.content() + "\" has id " + token.id() + ", in the vocabulary " + id);
            } else {
                tokens[id] = Utf8.encode(token.content());
            }
        }
        return tokens;
    }

    private static void put(byte[][] tokens, int id, String entry, byte[] bytes) {
        if (id < 0 || id > MAX_ID) {
            throw new IllegalArgumentException("\"" + entry + "\" has id " + id + ": must be in [0, " + MAX_ID + "]");
        }
        if (tokens[id] != null) {
            throw new IllegalArgumentException("id " + id + " is given twice, the second time to \"" + entry + "\"");
        }
        tokens[id] = bytes;
    }

    private static int[] byteIds(Map<String, Integer> vocab) {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++) {
            ids[b] = id(vocab, ByteAlphabet.toString((byte) b), "byte " + b + ", ");
        }
        return ids;
    }

    private static BpeMerges merges(BpeModel model) {
        int n = model.merges().size();
        int[] left = new int[n];
        int[] right = new int[n];
        int[] merged = new int[n];
        for (int i = 0; i < n; i++) {
            Merge merge = model.merges().get(i);
            String where = "merge " + i + ", ";
            left[i] = id(model.vocab(), merge.left(), where);
            right[i] = id(model.vocab(), merge.right(), where);
            merged[i] = id(model.vocab(), merge.left() + merge.right(), where);
        }
        return new BpeMerges(left, right, merged);
    }

    private static int id(Map<String, Integer> vocab, String entry, String where) {
        Integer id = vocab.get(entry);
        if (id == null) {
            throw new IllegalArgumentException(where + "\"" + entry + "\": not in the vocabulary");
        }
        return id;
    }

    /** Tokens to which the merges lead when a word is just them; all byte-level entries if merges are ignored for whole words. */
    private WordTable words() {
        WordEncoder encoder = new WordEncoder(byteIds, merges, new WordTable(tokens, new int[0]));
        Set<String> addedContents = model.added().stream().map(AddedToken::content).collect(Collectors.toSet());
        int[] entries = model.vocab().entrySet().stream()
                .filter(e -> ByteAlphabet.bytes(e.getKey()) != null && !e.getKey().isEmpty() && !addedContents.contains(e.getKey()))
                .mapToInt(Map.Entry::getValue).sorted().toArray();
        return new WordTable(tokens, model.ignoreMerges() ? entries
                : IntStream.of(entries).filter(id -> encoder.isOneToken(tokens[id])).toArray());
    }

    @Override
    public int[] encode(String text, int[] literal) {
        Utf8.checkLength(text);
        LiteralRanges.check(text, literal);
        IdList out = new IdList(text.length() / 3 + 16);
        WordEncoder encoder = wordEncoder();
        for (int from = 0; from < text.length();) {
            AddedTokens.Match match = added.next(text, from, literal);
            int to = match == null ? text.length() : match.from();
            while (from < to) {
                int end = model.splitWords() ? Gpt2Split.next(text, from, to) : to;
                encoder.encode(out, text, from, end);
                from = end;
            }
            if (match != null) {
                out.add(match.token().id());
                from = match.to();
            }
        }
        return out.toArray();
    }

    WordEncoder wordEncoder() {
        return new WordEncoder(byteIds, merges, words);
    }

    @Override
    public int vocabSize() {
        return tokens.length;
    }

    @Override
    public byte[] bytes(int id) {
        if (id < 0 || id >= tokens.length) {
            throw new IllegalArgumentException("id = " + id + ": must be in [0, " + tokens.length + ")");
        }
        return tokens[id] == null ? new byte[0] : tokens[id].clone();
    }

    @Override
    public Boundaries boundaries() {
        return boundaries;
    }

    /** What this tokenizer is made of. */
    public BpeModel model() {
        return model;
    }

    @Override
    public void save(Path dir) throws IOException {
        Tokenizers.save(dir, model, boundaries);
    }
}
