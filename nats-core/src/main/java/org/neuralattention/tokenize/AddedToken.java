package org.neuralattention.tokenize;

/**
 * A token that is found in the text as it is written.
 *
 * @param singleWord whether it counts only where no letter, digit or other character of words stands beside it
 * @param lstrip whether it takes the white space before it along, which is then part of no token
 * @param rstrip whether it takes the white space after it along
 * @param normalized whether it is looked for in the normalized text, after the others have been found in the text as it was
 * @param special whether it means something to the model and is not text: not found in literal parts of a text
 */
public record AddedToken(int id, String content, boolean singleWord, boolean lstrip, boolean rstrip, boolean normalized, boolean special) {

    /** A token with nothing particular about it. */
    public AddedToken(int id, String content, boolean special) {
        this(id, content, false, false, false, false, special);
    }

    /** Whether what stands beside it in the text matters: formats that only name their tokens cannot say so. */
    boolean asksOfItsNeighbours() {
        return singleWord || lstrip || rstrip;
    }
}
