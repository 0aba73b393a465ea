package org.neuralattention.tokenize;

/** Encodes text whose spaces are U+2581 already. The working memory of one call of {@link SpmTokenizer#encode}. */
final class SpmEncoder {

    private final SpmVocabulary vocabulary;
    private final SpmSymbols symbols;
    private final PairMerger merger;
    private final byte[] utf8 = new byte[6]; // of one character; two are asked for at most
    private final int[] byteIds; // null where characters that are no pieces are unknown
    private final int unkId;     // -1 where there are bytes
    private final boolean fuseUnk;
    private final boolean split;
    private final boolean wholePieces;
    private boolean afterUnk;

    SpmEncoder(SpmVocabulary vocabulary, SpmModel model) {
        this.vocabulary = vocabulary;
        this.symbols = vocabulary.symbols();
        this.merger = vocabulary.merger();
        this.byteIds = symbols.byteIds();
        this.unkId = byteIds != null ? -1 : model.unkId().getAsInt();
        this.fuseUnk = model.fuseUnk();
        this.split = model.spaces().split();
        this.wholePieces = model.wholePieces();
    }

    /** Adds the ids of a text, which nothing outside of it merges with. */
    void encode(IdList out, String text) {
        afterUnk = false;
        for (int at = 0; at < text.length();) {
            int end = wordEnd(text, at);
            word(out, text, at, end);
            at = end;
        }
    }

    /** The next place where the text can be cut: before a space that nothing merges with what precedes it. */
    private int wordEnd(String text, int from) {
        for (int i = text.indexOf(SpmModel.SPACE, from + 1); i >= 0; i = text.indexOf(SpmModel.SPACE, i + 1)) {
            if (split || !wholePieces && vocabulary.cutsBeforeSpaceAfter(text.charAt(i - 1))) {
                return i;
            }
        }
        return text.length();
    }

    private void word(IdList out, String text, int from, int to) {
        if (wholePieces && to - from <= SpmSymbols.LONGEST) {
            Integer id = symbols.ids().get(text.substring(from, to));
            if (id != null) {
                out.add(id);
                return;
            }
        }
        merger.clear();
        for (int i = from; i < to;) {
            char c = text.charAt(i);
            boolean pair = Character.isHighSurrogate(c) && i + 1 < to && Character.isLowSurrogate(text.charAt(i + 1));
            int codePoint = pair ? Character.toCodePoint(c, text.charAt(i + 1)) : Character.isSurrogate(c) ? 0xFFFD : c;
            int end = pair ? i + 2 : i + 1;
            int symbol = symbols.get(codePoint);
            if (symbol >= 0) {
                merger.add(symbol);
            } else if (byteIds == null) {
                merger.add(unkId);
            } else {
                int n = Utf8.encode(text, i, end, utf8, 0);
                for (int b = 0; b < n; b++) {
                    merger.add(byteIds[utf8[b] & 0xFF]);
                }
            }
            i = end;
        }
        merger.merge();
        for (int i = 0; i < merger.size(); i++) {
            put(out, merger.get(i));
        }
    }

    private void put(IdList out, int symbol) {
        int[] parts = vocabulary.parts(symbol);
        if (parts != null) {
            put(out, parts[0]);
            put(out, parts[1]);
        } else if (symbol >= vocabulary.size() && byteIds != null) { // left over: a character that is only a part of pieces
            String character = Character.toString(symbols.character(symbol));
            int n = Utf8.encode(character, 0, character.length(), utf8, 0);
            for (int b = 0; b < n; b++) {
                out.add(byteIds[utf8[b] & 0xFF]);
            }
        } else if (symbol >= vocabulary.size() || symbol == unkId) {
            if (!afterUnk || !fuseUnk) {
                out.add(unkId);
            }
            afterUnk = true;
        } else {
            out.add(symbol);
            afterUnk = false;
        }
    }
}
