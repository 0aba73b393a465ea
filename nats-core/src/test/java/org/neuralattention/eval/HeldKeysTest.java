package org.neuralattention.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Keys come and go, and what is left is what was put in; attention is the softmax's to float accuracy. */
class HeldKeysTest {

    @Test
    void droppedKeysAreGoneAndTheOthersUntouched() {
        for (long seed = 1; seed <= 20; seed++) {
            Random random = new Random(seed);
            int headDim = 2 * (1 + random.nextInt(5));
            HeldKeys held = new HeldKeys(headDim);
            TreeMap<Integer, float[]> expected = new TreeMap<>();
            for (int position = 0; position < 300; position++) {
                float[] kv = new float[2 * headDim + 3];
                for (int i = 0; i < kv.length; i++) {
                    kv[i] = random.nextFloat() - 0.5f;
                }
                held.add(position, position % 3, kv, 3, kv, 3 + headDim);
                expected.put(position, kv);
                while (random.nextInt(5) < 2 && held.size() > 1) {
                    int key = random.nextInt(held.size());
                    expected.remove(held.position(key));
                    held.drop(key);
                }
                if (random.nextInt(20) == 0) {
                    int from = random.nextInt(position + 1);
                    held.dropRange(from, from + 3);
                    expected.subMap(from, from + 3).clear();
                }
                check(held, expected, headDim, random, "seed " + seed + ", position " + position);
            }
        }
    }

    private static void check(HeldKeys held, TreeMap<Integer, float[]> expected, int headDim, Random random, String at) {
        assertEquals(expected.size(), held.size(), at);
        if (expected.isEmpty()) {
            return;
        }
        float[] q = new float[2 * headDim];
        for (int i = 0; i < q.length; i++) {
            q[i] = 4 * random.nextFloat();
        }
        float[] out = new float[2 * headDim];
        held.attend(out, 0, q, 0, 2);
        double[] mass = new double[301];
        for (int h = 0; h < 2; h++) {
            double sum = 0;
            double[] values = new double[headDim];
            TreeMap<Integer, Double> e = new TreeMap<>();
            for (var entry : expected.entrySet()) {
                double score = 0;
                for (int d = 0; d < headDim; d++) {
                    score += q[h * headDim + d] * (double) entry.getValue()[3 + d];
                }
                e.put(entry.getKey(), Math.exp(score / Math.sqrt(headDim)));
                sum += e.get(entry.getKey());
            }
            for (int position : expected.keySet()) {
                mass[position] += e.get(position) / sum;
                for (int d = 0; d < headDim; d++) {
                    values[d] += e.get(position) / sum * expected.get(position)[3 + headDim + d];
                }
            }
            for (int d = 0; d < headDim; d++) {
                assertEquals(values[d], out[h * headDim + d], 2e-6, at);
            }
        }
        for (int key = 0; key < held.size(); key++) {
            assertEquals(held.position(key) % 3, held.role(key));
            assertEquals(mass[held.position(key)], held.mass(key), 2e-6, at);
        }
    }

    @Test
    void scoresStayWithTheirKeys() {
        HeldKeys held = new HeldKeys(2);
        float[] kv = {1, 0};
        for (int position = 0; position < 4; position++) {
            held.add(position, 0, kv, 0, kv, 0);
            held.attend(new float[2], 0, kv, 0, 1);
            held.addMassToScores();
        }
        held.drop(0);
        for (int key = 0; key < 3; key++) { // equal keys: the row at position n pays 1 / (n + 1)
            double expected = 0;
            for (int n = held.position(key); n < 4; n++) {
                expected += 1.0 / (n + 1);
            }
            assertEquals(expected, held.score(key), 1e-6);
        }
        assertThrows(IndexOutOfBoundsException.class, () -> held.drop(3));
        assertThrows(IndexOutOfBoundsException.class, () -> held.mass(3));
    }

    @Test
    void theSoftmaxIsExactToAMillionth() {
        Random random = new Random(7);
        for (float range : new float[] {1e-3f, 1, 20, 86}) {
            float[] p = new float[1001];
            for (int i = 0; i < p.length; i++) {
                p[i] = 50 - range * random.nextFloat();
            }
            double[] e = new double[1001];
            Arrays.setAll(e, i -> Math.exp(p[i] - 50.0));
            double sum = Arrays.stream(e).sum();
            HeldKeys.softmax(p, 1001);
            for (int i = 0; i < p.length; i++) {
                assertEquals(1, p[i] / (e[i] / sum), 1e-6 * Math.max(1, range / 4), "exp(-" + range + ")");
            }
        }
    }
}
