package org.neuralattention.tokenize;

import java.text.Normalizer;

/** What is done to a text before it is cut into words. */
public enum Normalization {

    /** Nothing. */
    NONE,
    /** Unicode's composed form, NFC. */
    NFC;

    /** The text in this form; the same object if it already is. */
    String apply(String text) {
        return this == NONE || Normalizer.isNormalized(text, Normalizer.Form.NFC) ? text : Normalizer.normalize(text, Normalizer.Form.NFC);
    }
}
