package org.neuralattention.kernels;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.neuralattention.kernels.KernelCase.Maker;

/** The products as {@link KernelCase}s. */
final class LinearCases {

    private LinearCases() {}

    static final Map<String, Maker> ALL = Map.of(
            "MatMul.ab", (random, large) -> new MatMulCase(random, large, 'n', 'n'),
            "MatMul.abt", (random, large) -> new MatMulCase(random, large, 'n', 't'),
            "MatMul.atb", (random, large) -> new MatMulCase(random, large, 't', 'n'));

    static final Map<String, Maker> MAT_VEC = Stream.of(Dtype.values())
            .collect(Collectors.toMap(dtype -> "MatVec." + dtype, dtype -> (random, large) -> new MatVecCase(random, large, dtype)));

    /** out = a b, with either operand transposed; every other one is added. */
    private static final class MatMulCase extends KernelCase {
        final boolean aByK;
        final boolean bByRow;
        final int m = size("m", 140);
        final int n;
        final int k;
        final boolean accumulate = random.nextBoolean();
        final Slice a;
        final Slice b;
        final Slice out;

        MatMulCase(SplittableRandom random, boolean large, char formOfA, char formOfB) {
            super(random, large);
            aByK = formOfA == 't';
            bByRow = formOfB == 't';
            n = size("n", large ? 400 : 140);
            k = size("k", large ? 400 : 300);
            a = input(m * k, 1);
            b = input(n * k, 1);
            out = accumulate ? gradient("out", m * n) : output("out", m * n);
        }

        @Override
        void run(Team team) {
            if (bByRow) {
                MatMul.abt(out.array, out.offset, a.array, a.offset, b.array, b.offset, m, n, k, accumulate, team);
            } else if (aByK) {
                MatMul.atb(out.array, out.offset, a.array, a.offset, b.array, b.offset, m, n, k, accumulate, team);
            } else {
                MatMul.ab(out.array, out.offset, a.array, a.offset, b.array, b.offset, m, n, k, accumulate, team);
            }
        }

        @Override
        double[][] define(Precision p) {
            double[] sums = accumulate ? start(0) : new double[m * n];
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    double dot = p.dot(a.array, a.offset + (aByK ? i : i * k), aByK ? m : 1,
                            b.array, b.offset + (bByRow ? j * k : j), bByRow ? 1 : n, k);
                    sums[i * n + j] = p.of(sums[i * n + j] + dot);
                }
            }
            return new double[][] {sums};
        }
    }

    private static final class MatVecCase extends KernelCase {
        final int count = size("count", 6);
        final int n;
        final int k;
        final Slice x;
        final WeightMatrix w;
        final float[] expanded;
        final Slice out;

        MatVecCase(SplittableRandom random, boolean large, Dtype dtype) {
            super(random, large);
            n = size("n", large ? 3000 : 200);
            k = named("k", dtype.block() * Math.ceilDiv(size("k", 1000), dtype.block()));
            x = input(count * k, 1);
            Slice weights = input(n * k, 1);
            w = WeightMatrix.of(dtype, weights.array, weights.offset, n, k);
            expanded = new float[n * k];
            w.expand(expanded, 0, 0, n);
            out = output("out", count * n);
        }

        @Override
        void run(Team team) {
            MatVec.forward(out.array, out.offset, x.array, x.offset, w, count, team);
        }

        @Override
        double[][] define(Precision p) {
            double[] sums = new double[count * n];
            for (int c = 0; c < count; c++) {
                for (int row = 0; row < n; row++) {
                    sums[c * n + row] = p.dot(x.array, x.offset + c * k, 1, expanded, row * k, 1, k);
                }
            }
            return new double[][] {sums};
        }
    }
}
