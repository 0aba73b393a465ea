package org.neuralattention.bench.text;

/**
 * What guessing each byte from the one before it costs, in nats a byte: the bar a language model must clear to have learned
 * more than pairs of letters. Measured over a stretch of bytes y after their predecessors x, in two ways:
 * <pre>
 *   smoothed = mean of -ln((n(x, y) + 1) / (n(x) + 256)), n counted in the training text: a bigram model that knows only that text
 *   plugIn   = mean of -ln(c(x, y) / c(x)), c counted in the measured bytes themselves: no bigram model can be below it there
 * </pre>
 *
 * @param smoothed what a bigram model of the training text reaches
 * @param plugIn the conditional entropy of the measured bytes under their own counts
 * @param bytes bytes measured
 */
record BigramEntropy(double smoothed, double plugIn, long bytes) {

    /** The smaller of the two: the one to beat. */
    double strictest() {
        return Math.min(smoothed, plugIn);
    }

    /** Counts of pairs of bytes. */
    static final class Counts {

        private final long[] pairs = new long[256 * 256];
        private int previous = -1;

        /** The next byte of the stretch. */
        void add(byte next) {
            if (previous >= 0) {
                pairs[previous << 8 | next & 0xFF]++;
            }
            previous = next & 0xFF;
        }

        private long total(int previous) {
            long total = 0;
            for (int next = 0; next < 256; next++) {
                total += pairs[previous << 8 | next];
            }
            return total;
        }

        private long total() {
            long total = 0;
            for (long count : pairs) {
                total += count;
            }
            return total;
        }
    }

    /** Of the pairs in {@code measured}; the first byte has no predecessor and is not measured. */
    static BigramEntropy of(Counts training, Counts measured) {
        double smoothed = 0;
        double plugIn = 0;
        for (int previous = 0; previous < 256; previous++) {
            double seen = training.total(previous) + 256;
            double own = measured.total(previous);
            for (int next = 0; next < 256; next++) {
                long times = measured.pairs[previous << 8 | next];
                if (times > 0) {
                    smoothed -= times * Math.log((training.pairs[previous << 8 | next] + 1) / seen);
                    plugIn -= times * Math.log(times / own);
                }
            }
        }
        long bytes = measured.total();
        return new BigramEntropy(smoothed / bytes, plugIn / bytes, bytes);
    }
}
