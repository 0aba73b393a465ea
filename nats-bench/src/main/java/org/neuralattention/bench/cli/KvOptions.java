package org.neuralattention.bench.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Session;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.roles.RoleChoice;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What a session keeps, and in which form; a {@code @Mixin}. */
public final class KvOptions {

    @Option(names = "--kv-budget", paramLabel = "BYTES", converter = ByteCount.class,
            description = "most memory the cache may take: 500000, 64k, 64M, 2G; the text ends where it would take more")
    private Long budget;

    @Option(names = "--kv-dtype", paramLabel = "TYPE", defaultValue = "f32", converter = KvForm.class,
            description = "how keys and values are stored: f32, bf16 (half the bytes) or q8 (a good quarter) (${DEFAULT-VALUE})")
    private KvDtype dtype;

    @Option(names = "--full-cache", description = "keep every token, whatever its role: what a cache without roles does")
    private boolean full;

    /** A new session of this model. */
    public Session session(Model model) {
        long bytes = budget == null ? Long.MAX_VALUE : budget;
        if (!full) {
            return model.session(dtype, bytes);
        }
        return new Session(model.transformer(), KvCache.of(model.config(), dtype, bytes), RoleChoice.FULL,
                budget == null ? Session.PIECE : Session.BUDGET_PIECE);
    }

    /** The name of a stored form. */
    static final class KvForm implements ITypeConverter<KvDtype> {
        @Override
        public KvDtype convert(String text) {
            for (KvDtype dtype : KvDtype.values()) {
                if (dtype.name().toLowerCase(Locale.ROOT).equals(text)) {
                    return dtype;
                }
            }
            throw new TypeConversionException("must be f32, bf16 or q8");
        }
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
            return Long.parseLong(number.group(1)) << 10 * (number.group(2).isEmpty() ? 0 : power);
        }
    }
}
