package org.neuralattention.bench.cli;

import java.util.Locale;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.MemoryNeed;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Session;
import org.neuralattention.io.ModelSource;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.roles.RoleChoice;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What a session keeps, and in which form; a {@code @Mixin}. */
public class KvOptions {

    @Option(names = "--kv-dtype", paramLabel = "TYPE", defaultValue = "f32", converter = KvForm.class,
            description = "how keys and values are stored: f32, bf16 (half the bytes) or q8 (a good quarter) (${DEFAULT-VALUE})")
    private KvDtype dtype;

    @Option(names = "--full-cache", description = "keep every token, whatever its role: what a cache without roles does")
    private boolean full;

    /** A new session of this model. */
    public Session session(Model model) {
        return session(model, Long.MAX_VALUE);
    }

    /** What a sequence of {@code context} tokens takes with these options. */
    public MemoryNeed need(Model model, long context, int threads) {
        return MemoryNeed.of(ModelSource.of(model.weights()), model.tokenizer().vocabSize(), context, dtype, threads);
    }

    /** Whether {@link #need} counts keys that roles may let go. */
    final boolean letsGo(Model model) {
        return model.config().hasRoles() && !full;
    }

    final Session session(Model model, long budget) {
        if (!full) {
            return model.session(dtype, budget);
        }
        return new Session(model.transformer(), KvCache.of(model.config(), dtype, budget), RoleChoice.FULL,
                budget == Long.MAX_VALUE ? Session.PIECE : Session.BUDGET_PIECE);
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
}
