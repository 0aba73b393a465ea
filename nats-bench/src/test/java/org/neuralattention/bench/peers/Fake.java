package org.neuralattention.bench.peers;

/** A side whose calls take as long as a test says, on the test's own clock. */
class Fake implements Entrant {

    /** Nanoseconds since the test began. */
    static final class Clock {
        long now;
    }

    final float[] result;
    final StringBuilder log;
    private final String name;
    private final Clock clock;
    private final long[] nanos;
    private int calls;
    boolean closed;

    /** @param nanos of the first call, the second and so on; the last for all that follow */
    Fake(String name, StringBuilder log, Clock clock, float[] result, long... nanos) {
        this.name = name;
        this.log = log;
        this.clock = clock;
        this.result = result;
        this.nanos = nanos;
    }

    @Override
    public void prepare() {
        clock.now += 1_000_000_000;
    }

    @Override
    public void run() {
        log.append(name);
        clock.now += nanos[Math.min(calls++, nanos.length - 1)];
    }

    @Override
    public int size() {
        return result.length;
    }

    @Override
    public void read(int from, float[] into, int length) {
        System.arraycopy(result, from, into, 0, length);
    }

    @Override
    public void close() {
        closed = true;
    }
}
