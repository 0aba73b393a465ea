package org.neuralattention.bench.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.neuralattention.tokenize.ByteTokenizer;

/** Each fact is told once in the first half and asked once at the end; without its facts the text is the book's. */
class PlantedFactsTest {

    private static final Pattern FACT = Pattern.compile(" The number of ([A-Z][a-z]{5}) is((?: \\d){5})\\.");

    private final ByteTokenizer tokenizer = new ByteTokenizer();

    @Test
    void factsAreToldInTheFirstHalfAndAskedAtTheEnd() {
        for (int i = 0; i < 50; i++) {
            Example example = TaskTest.facts(8, 1024).example(1, i);
            String text = tokenizer.decode(example.ids());
            Matcher fact = FACT.matcher(text);
            Map<String, String> told = new HashMap<>();
            List<String> asked = new ArrayList<>();
            while (fact.find()) {
                if (told.size() < 8) {
                    assertTrue(fact.end() <= 512, "told at " + fact.start());
                    assertTrue(text.charAt(fact.end()) == ' ' && (fact.start() == 0 || text.charAt(fact.start() - 1) != ' '), "not at a word's beginning");
                    assertEquals(null, told.put(fact.group(1), fact.group(2)), "two facts of one name");
                    for (int n = fact.start(1) - 1; n < fact.end(); n++) {
                        assertTrue(example.needed().get(n));
                    }
                } else {
                    Question question = example.questions().get(asked.size());
                    asked.add(fact.group(1));
                    assertEquals(told.get(fact.group(1)), fact.group(2));
                    assertEquals(fact.start(2) - 1, question.at());
                    assertEquals(fact.group(2), tokenizer.decode(question.answer().stream().mapToInt(Integer::intValue).toArray()));
                }
            }
            assertEquals(told.keySet(), new HashSet<>(asked));
            assertEquals(8, asked.size());
            assertEquals(1024, fact.replaceAll("").length() + 16 * 35, "sentences have 35 bytes");
            assertEquals(8 * 21, example.needed().cardinality());
            String book = tokenizer.decode(TaskTest.book(2));
            assertTrue(book.contains(fact.replaceAll("")), "the rest is not the held-out book's");
            assertFalse(tokenizer.decode(TaskTest.book(1)).contains(fact.replaceAll("")));
        }
    }

    /** Half of a step's rows: plain text; the others: book text and answers are asked, once or again and again, and nothing that nobody can know. */
    @Test
    void trainingAsksAnswersAndBookText() {
        int[] ids = new int[1024];
        int[] targets = new int[1024];
        for (int row = 0; row < 8; row++) {
            TaskTest.facts(8, 1024).training(1).fill(ids, targets, 0, 4, row, 1024);
            Matcher fact = FACT.matcher(tokenizer.decode(ids));
            boolean[] inFact = new boolean[1024];
            int facts = 0;
            while (fact.find()) {
                for (int n = fact.start(); n < fact.end(); n++) {
                    inFact[n] = true;
                    boolean answer = facts >= 8 && n + 1 >= fact.start(2) && n + 1 < fact.end(2);
                    assertEquals(answer ? ids[n + 1] : -1, targets[n], "row " + row + ", place " + n);
                }
                facts++;
            }
            assertEquals(row % 2 == 1 ? 0 : row % 4 == 0 ? 16 : 8 + 512 / 35, facts, "row " + row);
            for (int n = 0; n + 1 < 1024; n++) {
                if (!inFact[n]) { // a fact comes by surprise
                    assertEquals(inFact[n + 1] ? -1 : ids[n + 1], targets[n], "row " + row + ", place " + n);
                }
            }
        }
    }

    @Test
    void moreFactsThanFitAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> TaskTest.facts(8, 560).example(0, 0));
        assertThrows(IllegalArgumentException.class, () -> TaskTest.facts(8, 6000));
        TaskTest.facts(8, 640).example(0, 0);
    }
}
