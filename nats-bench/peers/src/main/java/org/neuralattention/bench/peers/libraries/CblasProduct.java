package org.neuralattention.bench.peers.libraries;

import org.bytedeco.javacpp.FloatPointer;
import org.neuralattention.bench.peers.Entrant;
import org.neuralattention.bench.peers.GemmPeer.Form;

/** A product by a library with the C interface of BLAS, on native memory of its own. */
final class CblasProduct implements Entrant {

    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANSPOSE = 111;
    private static final int TRANSPOSE = 112;

    /** The library's cblas_sgemm. */
    interface Sgemm {
        void call(int order, int transA, int transB, int m, int n, int k, float alpha, FloatPointer a, int lda, FloatPointer b, int ldb,
                float beta, FloatPointer c, int ldc);
    }

    private final Sgemm sgemm;
    private final Runnable setThreads;
    private final int idleMillis;
    private final Form form;
    private final int m;
    private final int n;
    private final int k;
    private final FloatPointer a;
    private final FloatPointer b;
    private final FloatPointer out;

    /** @param setThreads before every call: another peer of this process may have changed them */
    CblasProduct(Sgemm sgemm, Runnable setThreads, int idleMillis, Form form, int m, int n, int k, float[] a, float[] b) {
        this.sgemm = sgemm;
        this.setThreads = setThreads;
        this.idleMillis = idleMillis;
        this.form = form;
        this.m = m;
        this.n = n;
        this.k = k;
        this.a = new FloatPointer(a);
        this.b = new FloatPointer(b);
        this.out = new FloatPointer((long) m * n);
    }

    @Override
    public void prepare() {
        setThreads.run();
    }

    @Override
    public void run() {
        boolean aByK = form == Form.ATB;
        boolean bByK = form != Form.ABT;
        sgemm.call(ROW_MAJOR, aByK ? TRANSPOSE : NO_TRANSPOSE, bByK ? NO_TRANSPOSE : TRANSPOSE, m, n, k, 1, a, aByK ? m : k, b, bByK ? n : k, 0, out, n);
    }

    @Override
    public int size() {
        return m * n;
    }

    @Override
    public void read(int from, float[] into, int length) {
        out.getPointer(from).get(into, 0, length);
    }

    @Override
    public int idleMillis() {
        return idleMillis;
    }

    @Override
    public void close() {
        a.close();
        b.close();
        out.close();
    }
}
