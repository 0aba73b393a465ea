package org.neuralattention.bench.tasks;

/**
 * Ids of tasks on tokens: keys [0, keys), values, filler, then {@link #ask}, which begins a question, and {@link #set}, which begins an assignment.
 * {@link #STANDARD} has as many as {@link Mqar#of}, and its keys and values are the same.
 */
public record Vocabulary(int keys, int values, int filler) {

    public static final Vocabulary STANDARD = new Vocabulary(64, 64, 126);

    public Vocabulary {
        if (keys < 1 || values < 1 || filler < 1) {
            throw new IllegalArgumentException("keys = " + keys + ", values = " + values + ", filler = " + filler + ": each must be at least 1");
        }
    }

    public int size() {
        return keys + values + filler + 2;
    }

    int value(int number) {
        return keys + number;
    }

    int filler(int number) {
        return keys + values + number;
    }

    int ask() {
        return keys + values + filler;
    }

    int set() {
        return ask() + 1;
    }
}
