package org.neuralattention.bench.survey;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.neuralattention.bench.jmh.Counted;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.result.Sample;
import org.neuralattention.bench.result.Unit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Kernels;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;

/** JMH's results as rows: an iteration is one measurement, a parameter {@code threads} the row's own, a method {@code xScalar} runs plain loops. */
public final class JmhRows {

    private static final String THREADS = "threads";
    private static final String SCALAR = "Scalar";

    /** Counters of bytes that suites report beside the time, and what they are. */
    private static final Map<String, String> BYTES = new TreeMap<>(Map.of("kvBytes", "KV cache", "liveKvBytes", "live keys and values", "heapBytes", "heap behind it",
            "foretoldHeapBytes", "heap foretold", "residentBytes", "resident peak"));

    private JmhRows() {}

    public static List<Row> of(Collection<RunResult> results) {
        List<Row> rows = new ArrayList<>();
        for (RunResult result : results) {
            Row row = row(result);
            rows.add(row);
            BYTES.forEach((counter, name) -> {
                double[] bytes = iterations(result).map(IterationResult::getSecondaryResults).filter(counted -> counted.containsKey(counter))
                        .mapToDouble(counted -> counted.get(counter).getScore()).toArray();
                if (bytes.length > 0) {
                    rows.add(Row.of(row.group(), row.name() + ", " + name, row.parameters(), row.threads(), row.bits(), Sample.of(Unit.BYTES, bytes)));
                }
            });
        }
        return rows;
    }

    private static Row row(RunResult result) {
        BenchmarkParams params = result.getParams();
        String[] words = params.getBenchmark().split("\\.");
        String method = words[words.length - 1];
        boolean plain = method.endsWith(SCALAR);
        String name = plain ? method.substring(0, method.length() - SCALAR.length()) : method;
        StringJoiner parameters = new StringJoiner(" ");
        for (String key : params.getParamsKeys()) {
            if (!key.equals(THREADS)) {
                parameters.add(key.equals("shape") ? params.getParam(key) : key + "=" + params.getParam(key));
            }
        }
        int threads = params.getParamsKeys().contains(THREADS) ? Integer.parseInt(params.getParam(THREADS)) : 1;
        return Row.of(words[words.length - 2].replaceFirst("Bench$", ""), name, parameters.toString(), threads,
                plain ? 0 : Kernels.vectorBits(), sample(result)).withWork(work(params, name));
    }

    /** What the suite says of the method: an instance with the parameters set, as JMH does it, but without setup. */
    private static Work work(BenchmarkParams params, String method) {
        try {
            Class<?> suite = Class.forName(params.getBenchmark().substring(0, params.getBenchmark().lastIndexOf('.')));
            if (!Counted.class.isAssignableFrom(suite)) {
                return Work.NONE;
            }
            Counted counted = (Counted) suite.getDeclaredConstructor().newInstance();
            for (String key : params.getParamsKeys()) {
                set(suite.getField(key), counted, params.getParam(key));
            }
            return counted.work(method);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(params.getBenchmark() + " cannot be made for what it counts", e);
        }
    }

    private static void set(Field field, Object suite, String value) throws IllegalAccessException {
        Class<?> type = field.getType();
        Object parsed = type == int.class ? (Object) Integer.parseInt(value)
                : type == boolean.class ? (Object) Boolean.parseBoolean(value)
                : type.isEnum() ? constant(type, value)
                : value;
        field.set(suite, parsed);
    }

    private static Object constant(Class<?> type, String name) {
        return Arrays.stream(type.getEnumConstants()).filter(constant -> ((Enum<?>) constant).name().equals(name)).findFirst().orElseThrow();
    }

    /** Throughput counts tokens (the suites of whole stages use it); the other modes give the time of a call. */
    private static Sample sample(RunResult result) {
        BenchmarkParams params = result.getParams();
        double unit = params.getTimeUnit().toNanos(1) * 1e-9;
        boolean throughput = params.getMode() == Mode.Throughput;
        double[] values = iterations(result).mapToDouble(iteration -> iteration.getPrimaryResult().getScore()).map(score -> throughput ? score / unit : score * unit).toArray();
        return Sample.of(throughput ? Unit.TOKENS_PER_SECOND : Unit.SECONDS, values);
    }

    private static Stream<IterationResult> iterations(RunResult result) {
        return result.getBenchmarkResults().stream().map(BenchmarkResult::getIterationResults).flatMap(Collection::stream);
    }
}
