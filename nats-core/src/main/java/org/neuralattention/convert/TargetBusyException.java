package org.neuralattention.convert;

import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** Another conversion is writing to the same place. */
public final class TargetBusyException extends FileSystemException {

    private static final long serialVersionUID = 1L;

    TargetBusyException(Path target) {
        super(target.toString(), null, "another conversion is writing it");
    }
}
