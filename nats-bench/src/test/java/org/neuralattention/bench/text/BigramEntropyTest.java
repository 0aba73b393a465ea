package org.neuralattention.bench.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Entropies that can be computed by hand, and the bound they promise. */
class BigramEntropyTest {

    private static BigramEntropy.Counts counts(String text) {
        BigramEntropy.Counts counts = new BigramEntropy.Counts();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            counts.add(b);
        }
        return counts;
    }

    @Test
    void oneByteAfterEachLeavesNoUncertainty() {
        BigramEntropy entropy = BigramEntropy.of(counts("ab"), counts("abab"));
        assertEquals(3, entropy.bytes());
        assertEquals(0, entropy.plugIn(), 1e-15);
        // After a: seen once of once, so 2 / 257; after b nothing was seen: 1 / 256.
        assertEquals(-(2 * Math.log(2.0 / 257) + Math.log(1.0 / 256)) / 3, entropy.smoothed(), 1e-12);
        assertEquals(0, entropy.strictest(), 1e-15);
    }

    @Test
    void twoEquallyFrequentFollowersAreOneBit() {
        BigramEntropy entropy = BigramEntropy.of(counts(""), counts("aabbaabbaabba"));
        // After a: a 3 times, b 3 times; after b: b 3 times, a 3 times.
        assertEquals(Math.log(2), entropy.plugIn(), 1e-12);
        assertEquals(Math.log(256), entropy.smoothed(), 1e-12);
    }

    @Test
    void noBigramModelIsBelowThePlugInEntropyOfWhatItIsMeasuredOn() {
        long seed = 11;
        Random random = new Random(seed);
        for (int run = 0; run < 50; run++) {
            StringBuilder a = new StringBuilder();
            StringBuilder b = new StringBuilder();
            for (int i = 0; i < 2 + random.nextInt(400); i++) {
                a.append((char) ('a' + random.nextInt(5)));
                b.append((char) ('a' + random.nextInt(4)));
            }
            BigramEntropy entropy = BigramEntropy.of(counts(a.toString()), counts(b.toString()));
            assertTrue(entropy.plugIn() <= entropy.smoothed() + 1e-12, "seed " + seed + ", run " + run + ": " + entropy);
        }
    }
}
