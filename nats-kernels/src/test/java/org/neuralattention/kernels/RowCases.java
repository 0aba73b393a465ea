package org.neuralattention.kernels;

import java.util.Map;
import java.util.SplittableRandom;
import org.neuralattention.kernels.KernelCase.Maker;

/** Norms, activations and the loss as {@link KernelCase}s. */
final class RowCases {

    private static final float EPS = 1e-5f;

    private RowCases() {}

    static final Map<String, Maker> ALL = Map.of(
            "RmsNorm.forward", (random, large) -> new NormForward(random, large, false),
            "LayerNorm.forward", (random, large) -> new NormForward(random, large, true),
            "RmsNorm.backward", (random, large) -> new NormBackward(random, large, false),
            "LayerNorm.backward", (random, large) -> new NormBackward(random, large, true),
            "SwiGlu.forward", SwiGluForward::new,
            "SwiGlu.backward", SwiGluBackward::new,
            "Gelu.forward", GeluForward::new,
            "Gelu.backward", GeluBackward::new,
            "CrossEntropy", CrossEntropyCase::new);

    private static final class NormForward extends KernelCase {
        final boolean centered;
        final int dim = size("dim", 1100);
        final int rows;
        final Slice x;
        final Slice weight = input(dim, 1);
        final Slice bias = input(dim, 1);
        final Slice out;
        final Slice rstd;
        final Slice mean;

        NormForward(SplittableRandom random, boolean large, boolean centered) {
            super(random, large);
            this.centered = centered;
            rows = size("rows", large ? 300 : 9);
            x = input(rows * dim, Math.exp(random.nextGaussian()));
            for (int i = 0; i < x.n; i++) {
                x.array[x.offset + i] += 1; // a mean of about 0 would have errors that nothing bounds but the size of x
            }
            out = output("out", rows * dim);
            rstd = output("rstd", rows);
            mean = centered ? output("mean", rows) : null;
        }

        @Override
        void run(Team team) {
            if (centered) {
                LayerNorm.forward(out.array, out.offset, mean.array, mean.offset, rstd.array, rstd.offset, x.array, x.offset,
                        weight.array, weight.offset, bias.array, bias.offset, rows, dim, EPS, team);
            } else {
                RmsNorm.forward(out.array, out.offset, rstd.array, rstd.offset, x.array, x.offset, weight.array, weight.offset, rows, dim, EPS, team);
            }
        }

        @Override
        double[][] define(Precision p) {
            double[] o = new double[rows * dim];
            double[] r = new double[rows];
            double[] means = new double[rows];
            for (int row = 0; row < rows; row++) {
                int xo = x.offset + row * dim;
                for (int i = 0; i < dim && centered; i++) {
                    means[row] = p.of(means[row] + x.array[xo + i]);
                }
                means[row] = p.of(means[row] / dim);
                double squares = 0;
                for (int i = 0; i < dim; i++) {
                    double d = p.of(x.array[xo + i] - means[row]);
                    squares = p.of(squares + p.of(d * d));
                }
                r[row] = p.of(1 / p.of(Math.sqrt(p.of(p.of(squares / dim) + EPS))));
                for (int i = 0; i < dim; i++) {
                    double n = p.of(p.of(x.array[xo + i] - means[row]) * r[row]);
                    double scaled = p.of(n * weight.array[weight.offset + i]);
                    o[row * dim + i] = centered ? p.of(scaled + bias.array[bias.offset + i]) : scaled;
                }
            }
            return centered ? new double[][] {o, r, means} : new double[][] {o, r};
        }
    }

    private static final class NormBackward extends KernelCase {
        final boolean centered;
        final int dim = size("dim", 1100);
        final int rows;
        final Slice x;
        final Slice weight = input(dim, 1);
        final Slice dOut;
        final Slice mean;
        final Slice rstd;
        final Slice dx;
        final Slice dWeight;
        final Slice dBias;

        NormBackward(SplittableRandom random, boolean large, boolean centered) {
            super(random, large);
            this.centered = centered;
            rows = size("rows", large ? 300 : 9);
            x = input(rows * dim, 1);
            dOut = input(rows * dim, 1);
            mean = input(rows, 0.1);
            rstd = input(rows, 0.1);
            for (int row = 0; row < rows; row++) {
                rstd.array[rstd.offset + row] += 1;
            }
            dx = gradient("dx", rows * dim);
            dWeight = gradient("dWeight", dim);
            dBias = centered ? gradient("dBias", dim) : null;
        }

        @Override
        void run(Team team) {
            if (centered) {
                LayerNorm.backward(dx.array, dx.offset, dWeight.array, dWeight.offset, dBias.array, dBias.offset, dOut.array, dOut.offset,
                        x.array, x.offset, weight.array, weight.offset, mean.array, mean.offset, rstd.array, rstd.offset, rows, dim, team);
            } else {
                RmsNorm.backward(dx.array, dx.offset, dWeight.array, dWeight.offset, dOut.array, dOut.offset,
                        x.array, x.offset, weight.array, weight.offset, rstd.array, rstd.offset, rows, dim, team);
            }
        }

        @Override
        double[][] define(Precision p) {
            double[] gx = start(0);
            double[] gw = start(1);
            double[] gb = centered ? start(2) : null;
            for (int row = 0; row < rows; row++) {
                double r = rstd.array[rstd.offset + row];
                double m = centered ? mean.array[mean.offset + row] : 0;
                double[] n = new double[dim];
                double[] g = new double[dim];
                double sum = 0;
                double dot = 0;
                for (int i = 0; i < dim; i++) {
                    float d = dOut.array[dOut.offset + row * dim + i];
                    n[i] = p.of(p.of(x.array[x.offset + row * dim + i] - m) * r);
                    g[i] = p.of((double) d * weight.array[weight.offset + i]);
                    sum = p.of(sum + g[i]);
                    dot = p.of(dot + p.of(g[i] * n[i]));
                    gw[i] = p.of(gw[i] + p.of(d * n[i]));
                    if (centered) {
                        gb[i] = p.of(gb[i] + d);
                    }
                }
                double meanG = centered ? p.of(sum / dim) : 0;
                double meanGn = p.of(dot / dim);
                for (int i = 0; i < dim; i++) {
                    double inner = p.of(p.of(g[i] - meanG) - p.of(n[i] * meanGn));
                    gx[row * dim + i] = p.of(gx[row * dim + i] + p.of(r * inner));
                }
            }
            return centered ? new double[][] {gx, gw, gb} : new double[][] {gx, gw};
        }
    }

    private static double sigmoid(double x, Precision p) {
        return p.of(1 / p.of(1 + p.exp(-x)));
    }

    private static final class SwiGluForward extends KernelCase {
        final int n;
        final Slice gate;
        final Slice up;
        final Slice out;

        SwiGluForward(SplittableRandom random, boolean large) {
            super(random, large);
            n = size("n", large ? 100_000 : 3000);
            gate = input(n, 3);
            up = input(n, 1);
            out = output("out", n);
        }

        @Override
        void run(Team team) {
            SwiGlu.forward(out.array, out.offset, gate.array, gate.offset, up.array, up.offset, n, team);
        }

        @Override
        double[][] define(Precision p) {
            double[] o = new double[n];
            for (int i = 0; i < n; i++) {
                double g = gate.array[gate.offset + i];
                o[i] = p.of(p.of(g * sigmoid(g, p)) * up.array[up.offset + i]);
            }
            return new double[][] {o};
        }
    }

    private static final class SwiGluBackward extends KernelCase {
        final int n;
        final Slice gate;
        final Slice up;
        final Slice dOut;
        final Slice dGate;
        final Slice dUp;

        SwiGluBackward(SplittableRandom random, boolean large) {
            super(random, large);
            n = size("n", large ? 100_000 : 3000);
            gate = input(n, 3);
            up = input(n, 1);
            dOut = input(n, 1);
            dGate = gradient("dGate", n);
            dUp = gradient("dUp", n);
        }

        @Override
        void run(Team team) {
            SwiGlu.backward(dGate.array, dGate.offset, dUp.array, dUp.offset, dOut.array, dOut.offset,
                    gate.array, gate.offset, up.array, up.offset, n, team);
        }

        @Override
        double[][] define(Precision p) {
            double[] gg = start(0);
            double[] gu = start(1);
            for (int i = 0; i < n; i++) {
                double g = gate.array[gate.offset + i];
                double d = dOut.array[dOut.offset + i];
                double s = sigmoid(g, p);
                double slope = p.of(s * p.of(1 + p.of(g * p.of(1 - s))));
                gg[i] = p.of(gg[i] + p.of(p.of(d * up.array[up.offset + i]) * slope));
                gu[i] = p.of(gu[i] + p.of(d * p.of(g * s)));
            }
            return new double[][] {gg, gu};
        }
    }

    private static double tanh(double x, Precision p) {
        double cube = p.of(p.of(x * x) * x);
        return p.of(Math.tanh(p.of(p.of(Math.sqrt(2 / Math.PI)) * p.of(x + p.of(p.of(0.044715) * cube)))));
    }

    private static final class GeluForward extends KernelCase {
        final Gelu.Form form = random.nextBoolean() ? Gelu.Form.TANH : Gelu.Form.ERF;
        final int n;
        final Slice x;
        final Slice out;

        GeluForward(SplittableRandom random, boolean large) {
            super(random, large);
            n = size("n", large ? 100_000 : 3000);
            x = input(n, 2);
            out = output("out", n);
        }

        @Override
        void run(Team team) {
            Gelu.forward(out.array, out.offset, x.array, x.offset, n, form, team);
        }

        @Override
        double[][] define(Precision p) {
            double[] o = new double[n];
            for (int i = 0; i < n; i++) {
                double v = x.array[x.offset + i];
                o[i] = form == Gelu.Form.TANH ? p.of(p.of(0.5 * v) * p.of(1 + tanh(v, p))) : p.of(v * p.of(Gelu.phi(v)));
            }
            return new double[][] {o};
        }
    }

    private static final class GeluBackward extends KernelCase {
        final Gelu.Form form = random.nextBoolean() ? Gelu.Form.TANH : Gelu.Form.ERF;
        final int n;
        final Slice x;
        final Slice dOut;
        final Slice dx;

        GeluBackward(SplittableRandom random, boolean large) {
            super(random, large);
            n = size("n", large ? 100_000 : 3000);
            x = input(n, 2);
            dOut = input(n, 1);
            dx = gradient("dx", n);
        }

        @Override
        void run(Team team) {
            Gelu.backward(dx.array, dx.offset, dOut.array, dOut.offset, x.array, x.offset, n, form, team);
        }

        @Override
        double[][] define(Precision p) {
            double[] g = start(0);
            for (int i = 0; i < n; i++) {
                double v = x.array[x.offset + i];
                g[i] = p.of(g[i] + p.of(dOut.array[dOut.offset + i] * (form == Gelu.Form.TANH ? tanhSlope(v, p) : erfSlope(v, p))));
            }
            return new double[][] {g};
        }

        private static double tanhSlope(double v, Precision p) {
            double t = tanh(v, p);
            double inner = p.of(p.of(Math.sqrt(2 / Math.PI)) * p.of(1 + p.of(p.of(3 * 0.044715) * p.of(v * v))));
            return p.of(p.of(0.5 * p.of(1 + t)) + p.of(p.of(p.of(0.5 * v) * p.of(1 - p.of(t * t))) * inner));
        }

        private static double erfSlope(double v, Precision p) {
            double density = p.of(p.exp(p.of(-0.5 * p.of(v * v))) * p.of(1 / Math.sqrt(2 * Math.PI)));
            return p.of(p.of(Gelu.phi(v)) + p.of(v * density));
        }
    }

    /** Loss and gradients in one call; a third of the rows are masked. */
    private static final class CrossEntropyCase extends KernelCase {
        final int rows;
        final int dim;
        final int vocabSize;
        final float scale = 0.25f;
        final Slice x;
        final Slice head;
        final int[] targets;
        final Slice losses;
        final Slice dx;
        final Slice dHead;

        CrossEntropyCase(SplittableRandom random, boolean large) {
            super(random, large);
            rows = size("rows", large ? 100 : 20);
            dim = size("dim", 100);
            vocabSize = size("vocab", large ? 1000 : 600);
            x = input(rows * dim, 1);
            head = input(vocabSize * dim, 0.3);
            targets = random.ints(rows, -vocabSize / 3 - 1, vocabSize).toArray();
            losses = output("losses", rows);
            dx = gradient("dx", rows * dim);
            dHead = gradient("dHead", vocabSize * dim);
        }

        @Override
        void run(Team team) {
            CrossEntropy.forwardBackward(losses.array, losses.offset, dx.array, dx.offset, dHead.array, dHead.offset, x.array, x.offset,
                    head.array, head.offset, targets, 0, scale, rows, dim, vocabSize, team);
        }

        @Override
        double[][] define(Precision p) {
            double[] loss = new double[rows];
            double[] gx = start(1);
            double[] gh = start(2);
            for (int row = 0; row < rows; row++) {
                if (targets[row] >= 0) {
                    row(row, loss, gx, gh, p);
                }
            }
            return new double[][] {loss, gx, gh};
        }

        private void row(int row, double[] loss, double[] gx, double[] gh, Precision p) {
            double[] logits = new double[vocabSize];
            double max = Double.NEGATIVE_INFINITY;
            for (int t = 0; t < vocabSize; t++) {
                logits[t] = p.dot(x.array, x.offset + row * dim, 1, head.array, head.offset + t * dim, 1, dim);
                max = Math.max(max, logits[t]);
            }
            double sum = 0;
            for (int t = 0; t < vocabSize; t++) {
                sum = p.of(sum + p.exp(p.of(logits[t] - max)));
            }
            double lse = p.of(max + p.of(Math.log(sum)));
            loss[row] = p.of(lse - logits[targets[row]]);
            double[] dRow = new double[dim];
            for (int t = 0; t < vocabSize; t++) {
                double g = p.of(scale * p.of(p.exp(p.of(logits[t] - lse)) - (t == targets[row] ? 1 : 0)));
                for (int i = 0; i < dim; i++) {
                    dRow[i] = p.of(dRow[i] + p.of(g * head.array[head.offset + t * dim + i]));
                    gh[t * dim + i] = p.of(gh[t * dim + i] + p.of(g * x.array[x.offset + row * dim + i]));
                }
            }
            for (int i = 0; i < dim; i++) {
                gx[row * dim + i] = p.of(gx[row * dim + i] + dRow[i]);
            }
        }
    }
}
