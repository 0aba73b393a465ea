package org.neuralattention.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is shown is the text before the first stop that is complete, and no beginning of it. */
class StopTextTest {

    @Test
    void theTextBeforeTheFirstCompleteStopIsShown() {
        long seed = 3;
        Random random = new Random(seed);
        List<String> stops = List.of("aab", "ba", "abab");
        for (int run = 0; run < 2000; run++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < random.nextInt(12); i++) {
                text.append((char) ('a' + random.nextInt(3)));
            }
            int end = 0; // as single characters come, the first moment at which a stop is complete
            while (end <= text.length() && startOfStop(text.substring(0, end), stops) < 0) {
                end++;
            }
            boolean complete = end <= text.length();
            String expected = complete ? text.substring(0, startOfStop(text.substring(0, end), stops)) : text.toString();
            StopText stop = new StopText(stops);
            StringBuilder shown = new StringBuilder();
            for (int at = 0; at < text.length() && !stop.stopped(); at++) {
                shown.append(stop.next(text.substring(at, at + 1)));
                assertTrue(expected.startsWith(shown.toString()), "seed " + seed + ", run " + run + ": " + text);
            }
            shown.append(stop.end());
            assertEquals(expected, shown.toString(), "seed " + seed + ", run " + run + ": " + text);
            assertEquals(complete, stop.stopped(), "seed " + seed + ", run " + run + ": " + text);
        }
    }

    private static int startOfStop(String text, List<String> stops) {
        return stops.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(-1);
    }

    @Test
    void withoutStopsAllTextPassesAtOnce() {
        StopText none = new StopText(List.of());
        assertEquals("abc", none.next("abc"));
        assertEquals("", none.end());
    }

    @Test
    void onlyWhatMayBeTheBeginningIsHeldBack() {
        StopText stop = new StopText(List.of("END"));
        assertEquals("the ", stop.next("the EN"));
        assertEquals("ENx", stop.next("x"));
        assertEquals("", stop.next("E"));
        assertEquals("", stop.next("ND of it"));
        assertTrue(stop.stopped());
        assertEquals("", stop.end());
    }
}
