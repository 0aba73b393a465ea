package org.neuralattention.tokenize;

import java.util.Arrays;

/** A growing list of ids. */
final class IdList {

    private int[] ids;
    private int size;

    IdList(int capacity) {
        ids = new int[capacity];
    }

    void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, (int) Math.min(Integer.MAX_VALUE - 8, 2L * size + 16));
        }
        ids[size++] = id;
    }

    int size() {
        return size;
    }

    int[] toArray() {
        return Arrays.copyOf(ids, size);
    }
}
