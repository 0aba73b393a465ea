package org.neuralattention.bench.survey;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.result.Sample;
import org.neuralattention.bench.result.Unit;

/** From which context on roles are faster than every key: a row for each benchmark that was measured with both at several contexts. */
public final class Crossover {

    private static final Pattern FORM = Pattern.compile("context=(\\d+) keys=(full|roles)(.*)");

    /** Of two times per context; NaN while one is missing. */
    private static final class Times {
        double full = Double.NaN;
        double roles = Double.NaN;

        double ratio() {
            return roles / full;
        }
    }

    private Crossover() {}

    /** The rows that follow from those measured: none where roles never win, or only one of both was measured. */
    public static List<Row> of(List<Row> measured) {
        Map<String, TreeMap<Integer, Times>> cases = new TreeMap<>();
        Map<String, Row> first = new TreeMap<>();
        for (Row row : measured) {
            Matcher form = FORM.matcher(row.parameters());
            if (row.sample().unit() == Unit.SECONDS && form.matches()) {
                String key = row.group() + " " + row.name() + form.group(3) + " " + row.threads();
                Times times = cases.computeIfAbsent(key, k -> new TreeMap<>()).computeIfAbsent(Integer.parseInt(form.group(1)), context -> new Times());
                if (form.group(2).equals("full")) {
                    times.full = row.sample().median();
                } else {
                    times.roles = row.sample().median();
                }
                first.putIfAbsent(key, row);
            }
        }
        List<Row> rows = new ArrayList<>();
        cases.forEach((key, times) -> {
            double from = from(times);
            Row row = first.get(key);
            Matcher form = FORM.matcher(row.parameters());
            if (from < Double.POSITIVE_INFINITY && form.matches()) {
                rows.add(Row.of(row.group(), row.name() + ", roles are faster from", form.group(3).strip(), row.threads(), row.bits(), Sample.of(Unit.TOKENS, from)));
            }
        });
        return rows;
    }

    /**
     * Where the ratio of both times falls to 1 and stays there: between two contexts by a power law, that is a line through the logarithms; the smallest context if
     * it is never above; infinite if it is still above at the largest.
     */
    private static double from(TreeMap<Integer, Times> times) {
        times.values().removeIf(both -> Double.isNaN(both.ratio()));
        double from = Double.POSITIVE_INFINITY;
        double ratio = Double.NaN; // at the next larger context
        int larger = 0;
        for (Map.Entry<Integer, Times> entry : times.descendingMap().entrySet()) {
            double here = entry.getValue().ratio();
            if (here >= 1) {
                return larger == 0 ? from : entry.getKey() * Math.pow((double) larger / entry.getKey(), Math.log(here) / Math.log(here / ratio));
            }
            from = entry.getKey();
            larger = entry.getKey();
            ratio = here;
        }
        return times.size() < 2 ? Double.POSITIVE_INFINITY : from;
    }
}
