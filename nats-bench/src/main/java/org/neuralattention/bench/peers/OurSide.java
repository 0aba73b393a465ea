package org.neuralattention.bench.peers;

import org.neuralattention.kernels.Team;

/** Our kernels with a team of their own; the results are arrays of one size, one behind the other. */
abstract class OurSide implements Entrant {

    final Team team;
    private final float[][] results;

    OurSide(Team team, float[]... results) {
        this.team = team;
        this.results = results;
    }

    @Override
    public int size() {
        int size = 0;
        for (float[] result : results) {
            size += result.length;
        }
        return size;
    }

    @Override
    public int parts() {
        return results.length;
    }

    @Override
    public void read(int from, float[] into, int length) {
        int start = 0;
        for (float[] result : results) {
            int first = Math.max(from, start);
            int end = Math.min(from + length, start + result.length);
            if (first < end) {
                System.arraycopy(result, first - start, into, first - from, end - first);
            }
            start += result.length;
        }
    }

    @Override
    public void close() {
        team.close();
    }
}
