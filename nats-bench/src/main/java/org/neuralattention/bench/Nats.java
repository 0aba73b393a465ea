package org.neuralattention.bench;

/** The {@code nats} command. */
public final class Nats {

    private Nats() {}

    public static void main(String[] args) {
        System.out.println("nats");
    }
}
