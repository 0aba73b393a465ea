package org.neuralattention.io;

/**
 * A file is not what it should be. The message names the file and what is wrong with it; nothing else is ever thrown for a file's contents.
 */
public class ModelFormatException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * @param file the file, or what stands for it
     * @param problem what is wrong, in one sentence without the file's name
     */
    public ModelFormatException(Object file, String problem) {
        super(file + ": " + problem);
    }

    /** The same with what led to it. */
    public ModelFormatException(Object file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
