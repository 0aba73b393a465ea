package org.neuralattention.bench.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.neuralattention.generate.MemoryNeed;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Session;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@link KvOptions} and a limit of the cache's memory; a {@code @Mixin}. */
public final class KvBudgetOptions extends KvOptions {

    @Option(names = "--kv-budget", paramLabel = "BYTES", converter = ByteCount.class,
            description = "most memory the cache may take: 500000, 64k, 64M, 2G; the text ends where it would take more")
    private Long budget;

    @Override
    public Session session(Model model) {
        return session(model, budget == null ? Long.MAX_VALUE : budget);
    }

    @Override
    public MemoryNeed need(Model model, long context, int threads) {
        MemoryNeed need = super.need(model, context, threads);
        return budget == null ? need : need.withKvBudget(budget);
    }

    /** A number of bytes, with k, M or G for powers of 1024. */
    static final class ByteCount implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            Matcher number = Pattern.compile("([0-9]{1,12})([kKmMgG]?)").matcher(text);
            if (!number.matches() || Long.parseLong(number.group(1)) == 0) {
                throw new TypeConversionException("must be a positive number of bytes, like 500000, 64k, 64M or 2G");
            }
            int power = "kmg".indexOf(number.group(2).toLowerCase(Locale.ROOT)) + 1;
            try {
                return Math.multiplyExact(Long.parseLong(number.group(1)), 1L << 10 * (number.group(2).isEmpty() ? 0 : power));
            } catch (ArithmeticException e) {
                throw new TypeConversionException("is more than 2^63 bytes");
            }
        }
    }
}
