package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CounterRandomTest {

    /** vectors/counter-random.csv, made with Python integers and 40-digit arithmetic from the definition in the Javadoc. */
    @Test
    void publishedVectors() throws IOException {
        List<String> lines = Files.readAllLines(Path.of(System.getProperty("nats.root", ".."), "vectors", "counter-random.csv"));
        assertEquals(12, lines.size());
        for (String line : lines.subList(1, lines.size())) {
            String[] cell = line.split(",");
            long seed = Long.parseLong(cell[0]);
            long step = Long.parseLong(cell[1]);
            int layer = Integer.parseInt(cell[2]);
            int head = Integer.parseInt(cell[3]);
            long token = Long.parseLong(cell[4]);
            int draw = Integer.parseInt(cell[5]);
            assertEquals(Long.parseUnsignedLong(cell[6], 16), CounterRandom.bits(seed, step, layer, head, token, draw), line);
            assertEquals(Double.parseDouble(cell[7]), CounterRandom.uniform(seed, step, layer, head, token, draw), 0, line);
            assertEquals(Double.parseDouble(cell[8]), CounterRandom.gumbel(seed, step, layer, head, token, draw), 2e-15, line);
            assertEquals(Double.parseDouble(cell[9]), CounterRandom.gaussian(seed, step, layer, head, token, draw), 4e-15, line);
        }
    }

    /** java.util.SplittableRandom is SplitMix64: following it word by word must arrive at the same bits. */
    @Test
    void eachWordPicksAnOutputOfSplitMix64() {
        long h = 12345;
        for (int word : new int[] {3, 0, 2, 11, 5}) {
            SplittableRandom splitMix = new SplittableRandom(h);
            for (int i = 0; i <= word; i++) {
                h = splitMix.nextLong();
            }
        }
        assertEquals(h, CounterRandom.bits(12345, 3, 0, 2, 11, 5));
    }

    @Test
    void everyCoordinateMakesAStreamOfItsOwn() {
        Set<Long> seen = new HashSet<>();
        int count = 0;
        for (int a = 0; a < 6; a++) {
            for (int b = 0; b < 6; b++) {
                for (int c = 0; c < 6; c++) {
                    for (int d = 0; d < 6; d++) {
                        for (int e = 0; e < 6; e++) {
                            for (int f = 0; f < 6; f++) {
                                seen.add(CounterRandom.bits(a, b, c, d, e, f));
                                count++;
                            }
                        }
                    }
                }
            }
        }
        assertEquals(count, seen.size());
    }

    /** Chi-square over 256 bins, 65,536 numbers along each coordinate: mean 255, standard deviation 22.6; five of them allowed. */
    @Test
    void uniformAlongEveryCoordinate() {
        for (int coordinate = 0; coordinate < 6; coordinate++) {
            for (int shift : new int[] {0, 20, 56}) {
                int[] bins = new int[256];
                for (int i = 0; i < 65_536; i++) {
                    bins[(int) (along(coordinate, i) >>> shift) & 255]++;
                }
                double chi = IntStream.of(bins).mapToDouble(bin -> (bin - 256.0) * (bin - 256.0) / 256).sum();
                assertTrue(chi > 255 - 113 && chi < 255 + 113, "coordinate " + coordinate + ", shift " + shift + ": " + chi);
            }
        }
    }

    /** Neighbours share half of their bits: 64 x 20,000 trials of a fair coin, five standard deviations allowed. */
    @Test
    void neighboursAreUnrelated() {
        for (int coordinate = 0; coordinate < 6; coordinate++) {
            long differing = 0;
            for (int i = 0; i < 20_000; i++) {
                differing += Long.bitCount(along(coordinate, i) ^ along(coordinate, i + 1));
            }
            assertEquals(640_000, differing, 5 * Math.sqrt(64 * 20_000 / 4.0), "coordinate " + coordinate);
        }
    }

    private static long along(int coordinate, int i) {
        return CounterRandom.bits(coordinate == 0 ? i : 5, coordinate == 1 ? i : 5, coordinate == 2 ? i : 5,
                coordinate == 3 ? i : 5, coordinate == 4 ? i : 5, coordinate == 5 ? i : 5);
    }

    @Test
    void gumbelAndGaussianHaveTheirMoments() {
        int n = 100_000;
        double[] gumbel = new double[3];
        double[] gaussian = new double[5];
        for (int i = 0; i < n; i++) {
            double g = CounterRandom.gumbel(9, 1, 2, 3, i, 0);
            double z = CounterRandom.gaussian(9, 1, 2, 3, i, 0);
            for (int power = 1; power < 5; power++) {
                gaussian[power] += Math.pow(z, power) / n;
            }
            gumbel[1] += g / n;
            gumbel[2] += g * g / n;
        }
        double euler = 0.5772156649015329;
        assertEquals(euler, gumbel[1], 0.02);
        assertEquals(Math.PI * Math.PI / 6, gumbel[2] - gumbel[1] * gumbel[1], 0.05);
        assertEquals(0, gaussian[1], 0.016);
        assertEquals(1, gaussian[2], 0.023);
        assertEquals(0, gaussian[3], 0.062);
        assertEquals(3, gaussian[4], 0.16);
    }
}
