package org.neuralattention.bench.result;

import java.util.List;

/**
 * How something grows: curves over a common size, drawn with both axes logarithmic, so that a power law is a straight line.
 *
 * @param xName the size
 * @param yName what grows, with its unit
 */
public record Picture(String title, String xName, String yName, Unit unit, List<Curve> curves) {

    public Picture {
        curves = List.copyOf(curves);
    }

    /** Points of one curve, in the order of x. */
    public record Curve(String name, double[] x, double[] y) {

        public Curve {
            if (x.length != y.length) {
                throw new IllegalArgumentException(name + ": " + x.length + " x and " + y.length + " y");
            }
            x = x.clone();
            y = y.clone();
        }

        /** The exponent p of y ~ x^p by least squares on the logarithms of the upper half of the points; NaN with fewer than two. */
        public double slope() {
            int first = Math.max(0, Math.min(x.length / 2, x.length - 3));
            int n = x.length - first;
            double meanX = 0;
            double meanY = 0;
            for (int i = first; i < x.length; i++) {
                meanX += Math.log(x[i]) / n;
                meanY += Math.log(y[i]) / n;
            }
            double xy = 0;
            double xx = 0;
            for (int i = first; i < x.length; i++) {
                xy += (Math.log(x[i]) - meanX) * (Math.log(y[i]) - meanY);
                xx += (Math.log(x[i]) - meanX) * (Math.log(x[i]) - meanX);
            }
            return n < 2 ? Double.NaN : xy / xx;
        }
    }
}
