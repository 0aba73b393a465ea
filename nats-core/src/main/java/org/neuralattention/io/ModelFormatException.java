package org.neuralattention.io;

/**
 * A file is not what it should be. The message names the file and what is wrong with it; nothing else is ever thrown for a file's contents.
 */
public class ModelFormatException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    // Names in a message come from files: they may be long, and hold what a terminal would obey.
    private static final int LONGEST = 20_000;

    /**
     * @param file the file, or what stands for it
     * @param problem what is wrong, in one sentence without the file's name
     */
    public ModelFormatException(Object file, String problem) {
        super(message(file, problem));
    }

    /** The same with what led to it. */
    public ModelFormatException(Object file, String problem, Throwable cause) {
        super(message(file, problem), cause);
    }

    private static String message(Object file, String problem) {
        String line = (file + ": " + problem).replaceAll("\\p{Cntrl}", "?");
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
    }
}
