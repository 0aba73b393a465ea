package org.neuralattention.bench.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;
import org.openjdk.jmh.annotations.Benchmark;

/** Every kernel can be measured: a suite of its name calls it and says what it must move. */
class SuitesTest {

    private static final String KERNELS = "org.neuralattention.kernels";
    private static final JavaClasses CLASSES =
            new ClassFileImporter().withImportOption(new DoNotIncludeTests()).importPackages(KERNELS, "org.neuralattention.bench.jmh");

    private static List<JavaClass> kernels() {
        return CLASSES.stream().filter(c -> c.getPackageName().equals(KERNELS) && c.isTopLevelClass() && c.getModifiers().contains(JavaModifier.PUBLIC)
                && c.getMethods().stream().anyMatch(m -> m.getModifiers().contains(JavaModifier.PUBLIC)
                        && m.getRawParameterTypes().stream().anyMatch(type -> type.isEquivalentTo(Team.class)))).toList();
    }

    @Test
    void everyKernelHasItsSuite() {
        List<JavaClass> kernels = kernels();
        assertTrue(kernels.size() >= 14, kernels.toString());
        List<String> missing = new ArrayList<>();
        for (JavaClass kernel : kernels) {
            String name = "org.neuralattention.bench.jmh." + kernel.getSimpleName() + "Bench";
            if (!CLASSES.contain(name) || CLASSES.get(name).getDirectDependenciesFromSelf().stream().noneMatch(d -> d.getTargetClass().equals(kernel))) {
                missing.add(kernel.getSimpleName());
            }
        }
        assertEquals(List.of(), missing, "kernels without a suite that calls them");
    }

    @Test
    void everySuiteSaysWhatItMustMove() {
        List<String> silent = CLASSES.stream().filter(c -> c.getMethods().stream().anyMatch(m -> m.isAnnotatedWith(Benchmark.class)))
                .filter(c -> !c.isAssignableTo(Counted.class) && !c.getSimpleName().contains("_")).map(JavaClass::getSimpleName).toList();
        assertEquals(List.of(), silent, "suites that are not Counted");
    }
}
