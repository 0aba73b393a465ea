package org.neuralattention.io;

/** A well-formed file asks for something this library does not do; the message names it. */
public final class UnsupportedModelException extends ModelFormatException {

    private static final long serialVersionUID = 1L;

    public UnsupportedModelException(Object file, String problem) {
        super(file, problem);
    }
}
