package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.BpeModel.Ranks;

/**
 * Byte-level byte pair encoding, as GPT-2 introduced it: added tokens are cut out, the rest is normalized and cut into words, and the UTF-8
 * bytes of a word merge, the pair of lowest rank first, until none is left that merges.
 *
 * <p>A vocabulary may lack the bytes of rare control characters and of unassigned planes, as Falcon's does; such a byte has no id and is left
 * out, as Hugging Face's tokenizers do. With all 256 bytes, and without normalization or tokens that take white space along, decoding gives the
 * text again.
 *
 * <p>Encoding takes time n log n for a single word of n bytes and linear time otherwise.
 */
public final class BpeTokenizer implements Tokenizer {

    /** Bounds the table of ids; the largest vocabularies in use have 262,144. */
    private static final int MAX_ID = (1 << 20) - 1;
    /** Bounds the work of looking at an entry; the longest in use have some hundred characters. */
    private static final int LONGEST = 1024;

    private final BpeModel model;
    private final Boundaries boundaries;
    private final byte[][] tokens; // by id; null where the vocabulary skips one
    private final int[] byteIds;
    private final BpeMerges merges;
    private final WordTable words;
    private final AddedTokens added;           // found in the text as it is
    private final AddedTokens addedNormalized; // found in what is between them, normalized
    private final Split[] splits;
    private final AtomicReference<WordEncoder> spare = new AtomicReference<>(); // working memory that no call uses now

    /**
     * @throws IllegalArgumentException if the model contradicts itself: an id that is negative, above 2^20 - 1 or given twice, an entry of
     *     more than 1,024 characters, a byte without an id that may not lack it, a merge of or into something that is not in the vocabulary, an added token that is empty or has another id there
     */
    public BpeTokenizer(BpeModel model, Boundaries boundaries) {
        this.model = model;
        this.tokens = tokens(model);
        this.byteIds = byteIds(model.vocab());
        this.merges = merges(model);
        this.words = words();
        this.added = new AddedTokens(model.added().stream().filter(t -> !t.normalized()).toList());
        this.addedNormalized = new AddedTokens(model.added().stream().filter(AddedToken::normalized).map(this::normalized).toList());
        this.splits = model.splits().toArray(new Split[0]);
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
        if (entry.length() > LONGEST) {
            throw new IllegalArgumentException("the entry of id " + id + " has " + entry.length() + " characters: at most " + LONGEST);
        }
        if (tokens[id] != null) {
            throw new IllegalArgumentException("id " + id + " is given twice, the second time to \"" + entry + "\"");
        }
        tokens[id] = bytes;
    }

    private static int[] byteIds(Map<String, Integer> vocab) {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++) {
            String entry = ByteAlphabet.toString((byte) b);
            ids[b] = mayLack(b) ? vocab.getOrDefault(entry, -1) : id(vocab, entry, "byte " + b + ", ");
        }
        return ids;
    }

    /** Control characters but tab and line ends, what begins characters of planes 4 to 16, which are empty or private, and what UTF-8 never has. */
    private static boolean mayLack(int b) {
        return b < 0x20 && b != '\t' && b != '\n' && b != '\r' || b == 0x7F || b == 0xC0 || b == 0xC1 || b > 0xF0;
    }

    private static BpeMerges merges(BpeModel model) {
        int n = model.merges().size();
        int[] left = new int[n];
        int[] right = new int[n];
        int[] merged = new int[n];
        int[] ranks = new int[n];
        for (int i = 0; i < n; i++) {
            Merge merge = model.merges().get(i);
            String where = "merge " + i + ", ";
            left[i] = id(model.vocab(), merge.left(), where);
            right[i] = id(model.vocab(), merge.right(), where);
            merged[i] = id(model.vocab(), merge.left() + merge.right(), where);
            ranks[i] = model.ranks() == Ranks.OF_RESULTS && i > 0 && merged[i] == merged[i - 1] ? ranks[i - 1] : i;
        }
        return new BpeMerges(left, right, merged, ranks);
    }

    private AddedToken normalized(AddedToken t) {
        return new AddedToken(t.id(), model.normalization().apply(t.content()), t.singleWord(), t.lstrip(), t.rstrip(), true, t.special());
    }

    private static int id(Map<String, Integer> vocab, String entry, String where) {
        Integer id = vocab.get(entry);
        if (id == null) {
            throw new IllegalArgumentException(where + "\"" + entry + "\": not in the vocabulary");
        }
        return id;
    }

    /** Tokens to which the merges lead when a word is just them; all byte-level entries but added tokens if merges are ignored for whole words. */
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
        WordEncoder spareEncoder = spare.getAndSet(null);
        WordEncoder encoder = spareEncoder == null ? new WordEncoder(byteIds, merges, words) : spareEncoder;
        for (int from = 0; from < text.length();) {
            AddedTokens.Match match = added.next(text, 0, from, text.length(), literal);
            int to = match == null ? text.length() : match.from();
            normalize(out, encoder, text, from, to, literal);
            if (match != null) {
                out.add(match.token().id());
            }
            from = match == null ? to : match.to();
        }
        spare.set(encoder.isLarge() ? null : encoder);
        return out.toArray();
    }

    /** Adds the ids of a part of the text in which no token that must be found before normalization is left. */
    private void normalize(IdList out, WordEncoder encoder, String text, int from, int to, int[] literal) {
        if (model.normalization() != Normalization.NONE) {
            String part = text.substring(from, to);
            String normalized = model.normalization().apply(part);
            if (normalized != part) {
                int[] ranges = addedNormalized.haveSpecial()
                        ? LiteralRanges.normalized(literal, text, from, to, model.normalization(), normalized) : new int[0];
                cut(out, encoder, normalized, 0, normalized.length(), ranges);
                return;
            }
        }
        cut(out, encoder, text, from, to, literal);
    }

    private void cut(IdList out, WordEncoder encoder, String text, int begin, int to, int[] literal) {
        for (int from = begin; from < to;) {
            AddedTokens.Match match = addedNormalized.next(text, begin, from, to, literal);
            int end = match == null ? to : match.from();
            words(out, encoder, text, from, end, 0);
            if (match != null) {
                out.add(match.token().id());
            }
            from = match == null ? end : match.to();
        }
    }

    /** Adds the ids of a piece that the first {@code done} splits have made. */
    private void words(IdList out, WordEncoder encoder, String text, int from, int to, int done) {
        if (done == splits.length) {
            if (from < to) {
                encoder.encode(out, text, from, to);
            }
            return;
        }
        for (int at = from; at < to;) {
            int end = splits[done].next(text, at, to);
            words(out, encoder, text, at, end, done + 1);
            at = end;
        }
    }

    /** The merges alone, for words of their own. */
    PairMerger merger() {
        return new PairMerger(merges);
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
