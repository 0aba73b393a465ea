package org.neuralattention.bench.survey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.neuralattention.bench.jmh.Counted;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The survey leaves no kernel out and asks only for what there is. */
class SurveyTest {

    /** Suites of whole stages of which the survey runs another model's or that take minutes, and one whose data is not in the repository, and one that writes files of 600 MB. */
    private static final Set<String> LEFT_OUT = Set.of("ContextBench", "DecodeBench", "Gpt2StepBench", "LoadBench", "PrefillBench", "SearchStepBench", "TokenizerBench");

    @Test
    void everySuiteHasALine() {
        OutputFormat silent = OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT);
        Set<String> suites = BenchmarkList.defaultList().getAll(silent, List.of()).stream().map(BenchmarkListEntry::getUserClassQName)
                .map(name -> name.substring(name.lastIndexOf('.') + 1)).collect(Collectors.toCollection(TreeSet::new));
        Survey.CASES.forEach(each -> suites.remove(each.suite().getSimpleName()));
        assertEquals(LEFT_OUT, suites);
    }

    @Test
    void everyCaseNamesABenchmarkAndItsParameters() throws Exception {
        List<String> wrong = new ArrayList<>();
        for (Survey.Case each : Survey.CASES) {
            if (Arrays.stream(each.suite().getMethods()).noneMatch(m -> m.getName().equals(each.method()) && m.isAnnotationPresent(Benchmark.class))) {
                wrong.add(each.benchmark());
            }
            Set<String> params = Arrays.stream(each.suite().getFields()).filter(field -> field.isAnnotationPresent(Param.class))
                    .map(java.lang.reflect.Field::getName).filter(name -> !name.equals("threads")).collect(Collectors.toCollection(TreeSet::new));
            if (!params.containsAll(each.params().keySet())) {
                wrong.add(each.benchmark() + " has " + params + ", given are " + each.params().keySet());
            }
            assertTrue(Counted.class.isAssignableFrom(each.suite()), each.benchmark());
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void aQuickSurveyHasALineForEveryKernelToo() {
        Set<Class<?>> all = Survey.CASES.stream().map(Survey.Case::suite).collect(Collectors.toSet());
        Set<Class<?>> quick = Survey.CASES.stream().filter(Survey.Case::quick).map(Survey.Case::suite).collect(Collectors.toSet());
        all.removeAll(quick);
        assertEquals(Set.of("TrainingStepBench"), all.stream().map(Class::getSimpleName).collect(Collectors.toSet()));
        assertTrue(new Survey(true, 2).steps() < new Survey(false, 2).steps());
        assertTrue(new Survey(true, 2).seconds() < new Survey(false, 2).seconds() / 3);
    }
}
