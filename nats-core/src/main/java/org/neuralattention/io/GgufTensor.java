package org.neuralattention.io;

import java.util.Arrays;
import java.util.Optional;

/**
 * What a GGUF file says of one of its tensors.
 *
 * @param typeId the number of its type, which need not be a known one
 * @param shape as ours are: the last dimension is the one whose numbers are neighbours (the file has it first); empty for a single number
 * @param offset of its first byte in the file
 * @param bytes it takes; of a type that is not known: the bytes to the next tensor or to the end
 */
public record GgufTensor(String name, int typeId, long[] shape, long offset, long bytes) {

    /** Its type, if it is known. */
    public Optional<GgufType> type() {
        return GgufType.of(typeId);
    }

    /** The type's name, or its number. */
    public String typeName() {
        return type().map(Enum::name).orElse("type " + Integer.toUnsignedString(typeId));
    }

    /** How many numbers it has. */
    public long elements() {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    @Override
    public String toString() {
        return name + " " + Arrays.toString(shape) + " " + typeName();
    }
}
