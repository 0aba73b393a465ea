package org.neuralattention.bench.peers.libraries;

import org.bytedeco.openblas.global.openblas;
import org.neuralattention.bench.peers.Entrant;
import org.neuralattention.bench.peers.GemmPeer;

/** OpenBLAS as bytedeco ships it; it chooses its kernels for the processor. */
public final class OpenBlas implements GemmPeer {

    /** Its threads yield for 2^26 cycles before they sleep; some 100 ms later the other core is really free, measured by our own products. */
    private static final int IDLE_MILLIS = 150;

    @Override
    public String name() {
        return "OpenBLAS " + Version.of(openblas.class);
    }

    @Override
    public double goal() {
        return 1;
    }

    @Override
    public Entrant product(Form form, int m, int n, int k, float[] a, float[] b, int threads) {
        return new CblasProduct(openblas::cblas_sgemm, () -> openblas.blas_set_num_threads(threads), threads == 1 ? 0 : IDLE_MILLIS,
                form, m, n, k, a, b);
    }
}
