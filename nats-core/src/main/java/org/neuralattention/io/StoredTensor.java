package org.neuralattention.io;

/**
 * A tensor as a model's file has it.
 *
 * @param name in the file
 * @param type the file's word for the form of its numbers
 * @param shape the last dimension is the one whose numbers are neighbours
 * @param bytes it takes in the file
 */
public record StoredTensor(String name, String type, long[] shape, long bytes) {}
