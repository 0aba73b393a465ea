package org.neuralattention.bench.peers;

/** A library with matrix products. */
public interface GemmPeer extends Peer {

    /** out[m, n]: {@code AB} = a[m, k] b[k, n], {@code ABT} = a[m, k] b[n, k]^T, {@code ATB} = a[k, m]^T b[k, n]; all row-major. */
    enum Form { AB, ABT, ATB }

    /** What of our product it has to keep up with: 1 as fast is the goal, or this share. */
    double goal();

    /** The product of a and b, computed by so many threads. */
    Entrant product(Form form, int m, int n, int k, float[] a, float[] b, int threads);
}
