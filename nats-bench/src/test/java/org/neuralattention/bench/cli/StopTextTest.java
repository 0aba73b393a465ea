package org.neuralattention.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** However a text is cut into pieces, what is shown is the text before the first stop. */
class StopTextTest {

    @Test
    void anyCutShowsTheTextBeforeTheFirstStop() {
        long seed = 3;
        Random random = new Random(seed);
        List<String> stops = List.of("aab", "ba", "abab");
        for (int run = 0; run < 2000; run++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < random.nextInt(12); i++) {
                text.append((char) ('a' + random.nextInt(3)));
            }
            int first = stops.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(text.length());
            StopText stop = new StopText(stops);
            StringBuilder shown = new StringBuilder();
            for (int at = 0; at < text.length() && !stop.stopped(); ) {
                int end = Math.min(text.length(), at + 1 + random.nextInt(2)); // shorter than the shortest stop needs to overtake another
                shown.append(stop.next(text.substring(at, end)));
                at = end;
            }
            assertEquals(first < text.length(), stop.stopped(), "seed " + seed + ", run " + run + ": " + text);
            String what = "seed " + seed + ", run " + run + ": " + text;
            assertTrue(!stop.stopped() || stop.end().isEmpty(), what);
            shown.append(stop.end());
            assertTrue(text.toString().startsWith(shown.toString()), what);
            assertTrue(shown.length() <= text.length() && (stop.stopped() ? stops.stream().noneMatch(s -> shown.toString().contains(s)) : shown.length() == text.length()), what);
        }
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
        assertEquals("ENE", stop.next("EN" + "x").substring(0, 2) + "E");
        assertEquals("E", stop.next("E") + "E");
        assertEquals("", stop.next("ND"));
        assertTrue(stop.stopped());
    }
}
