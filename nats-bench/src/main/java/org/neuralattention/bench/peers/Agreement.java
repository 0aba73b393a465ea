package org.neuralattention.bench.peers;

/** Whether two sides computed the same, judged before they are timed: to be fast at something else is no achievement. */
final class Agreement {

    private static final int PIECE = 1 << 16;

    private Agreement() {}

    /**
     * Compares element by element. Rounding errors of a sum of n terms grow like sqrt(n) eps; against elements much smaller than their terms only
     * the magnitude of the others can be the measure, so |ours - theirs| <= (64 + 8 sqrt(terms)) 2^-24 max |theirs|,
     * each of its parts by its own maximum.
     *
     * @param terms that were added for one element
     * @throws DisagreementException that names the first element beyond it, NaN included
     */
    static void check(String what, Entrant ours, Entrant theirs, double terms) {
        if (ours.size() != theirs.size()) {
            throw new DisagreementException(what + ": " + ours.size() + " results of ours, " + theirs.size() + " of the peer's");
        }
        int part = ours.size() / ours.parts();
        float[] a = new float[Math.min(PIECE, part)];
        float[] b = new float[a.length];
        for (int start = 0; start < ours.size(); start += part) {
            double tolerance = (64 + 8 * Math.sqrt(terms)) * 0x1p-24 * magnitude(theirs, start, part, b);
            for (int from = start; from < start + part; from += PIECE) {
                int length = Math.min(PIECE, start + part - from);
                ours.read(from, a, length);
                theirs.read(from, b, length);
                compare(what, from, a, b, length, tolerance);
            }
        }
    }

    private static void compare(String what, int from, float[] a, float[] b, int length, double tolerance) {
        for (int i = 0; i < length; i++) {
            if (!(Math.abs((double) a[i] - b[i]) <= tolerance)) {
                throw new DisagreementException(what + ": result " + (from + i) + " is " + a[i] + ", the peer's " + b[i]
                        + "; they may differ by " + (float) tolerance);
            }
        }
    }

    private static double magnitude(Entrant entrant, int start, int size, float[] piece) {
        float max = 0;
        for (int from = start; from < start + size; from += PIECE) {
            int length = Math.min(PIECE, start + size - from);
            entrant.read(from, piece, length);
            for (int i = 0; i < length; i++) {
                max = Math.max(max, Math.abs(piece[i]));
            }
        }
        return max;
    }
}
