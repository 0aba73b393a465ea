package org.neuralattention.bench.peers.libraries;

import org.bytedeco.mkl.global.mkl_rt;
import org.neuralattention.bench.peers.AttentionCase;
import org.neuralattention.bench.peers.Entrant;
import org.neuralattention.bench.peers.GemmPeer;

/**
 * Intel's Math Kernel Library; on other makers' processors it takes its AVX2 kernels.
 *
 * <p>Its symbols are global, those of BLAS and OpenMP too, and a library binds a function at its first call: libtorch, called after MKL was loaded, multiplied with
 * MKL and took 18 ms for an attention of 11. So the others work a little before MKL is loaded.
 */
public final class Mkl implements GemmPeer {

    /** Its threads spin for KMP_BLOCKTIME milliseconds, which the launcher sets, before they sleep. */
    private static final int IDLE_MILLIS = 20;

    @Override
    public String name() {
        return "MKL " + Version.of(mkl_rt.class);
    }

    @Override
    public double goal() {
        return 0.8;
    }

    @Override
    public Entrant product(Form form, int m, int n, int k, float[] a, float[] b, int threads) {
        bindOthers();
        return new CblasProduct(mkl_rt::cblas_sgemm, () -> mkl_rt.MKL_Set_Num_Threads(threads), threads == 1 ? 0 : IDLE_MILLIS,
                form, m, n, k, a, b);
    }

    private static void bindOthers() {
        float[] ones = {1};
        try (Entrant product = new OpenBlas().product(Form.AB, 1, 1, 1, ones, ones, 2);
                Entrant attention = new LibTorch().backward(new AttentionCase(64, 64), 2)) {
            for (Entrant entrant : new Entrant[] {product, attention}) {
                entrant.prepare();
                entrant.run();
            }
        }
    }
}
