package org.neuralattention.bench;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** One direction only: bench to core to kernels to nothing. The incubating API stays behind one package. */
@AnalyzeClasses(packages = "org.neuralattention", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    private static final String KERNELS = "org.neuralattention.kernels..";
    private static final String VECTOR = "org.neuralattention.kernels.vector..";
    private static final String BENCH = "org.neuralattention.bench..";
    private static final String INCUBATOR = "jdk.incubator.vector..";

    private static final DescribedPredicate<JavaClass> CORE = resideInAPackage("org.neuralattention..")
            .and(not(resideInAnyPackage(KERNELS, BENCH))).as("reside in nats-core");

    @ArchTest
    static final ArchRule kernelsNeedNothingButTheJdk = classes().that().resideInAPackage(KERNELS)
            .should().onlyDependOnClassesThat().resideInAnyPackage(KERNELS, INCUBATOR, "java..");

    @ArchTest
    static final ArchRule coreNeedsTheKernelsAndAJsonParser = classes().that(CORE)
            .should().onlyDependOnClassesThat(CORE.or(
                    resideInAnyPackage("org.neuralattention.kernels", "com.fasterxml.jackson.core..", "java..")));

    @ArchTest
    static final ArchRule onlyTheVectorPackageAndTheProbeTouchTheIncubator = noClasses()
            .that().resideOutsideOfPackage(VECTOR).and().doNotHaveFullyQualifiedName("org.neuralattention.bench.probe.ProbeLoops")
            .should().dependOnClassesThat().resideInAPackage(INCUBATOR);

    @ArchTest
    static final ArchRule onlyKernelsUseTheVectorPackage = noClasses().that().resideOutsideOfPackage(KERNELS)
            .should().dependOnClassesThat().resideInAPackage(VECTOR);
}
