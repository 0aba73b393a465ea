package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.cache.KvBudgetExceededException;
import org.neuralattention.cache.KvCache;
import org.neuralattention.cache.KvStats;
import org.neuralattention.generate.Generator;
import org.neuralattention.generate.Sampler;
import org.neuralattention.generate.Sampling;
import org.neuralattention.generate.Session;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.tokenize.StreamDecoder;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Continues a text and tells how fast, and how much of a full cache it held. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        header = "Continues a text with a model, token by token.",
        description = "The text goes to standard output as it comes, speed and KV share to standard error.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats generate --model DIR --prompt 'Once upon a time'",
            "  nats generate --model DIR --prompt-file chapter.txt --temperature 0", "  nats generate --model DIR --prompt-file - --kv-budget 64M < chapter.txt"})
public final class GenerateCommand implements Callable<Integer> {

    /** Tokens of a prefill piece under a budget, which must have room for all of them, whatever roles they will take. */
    private static final int BUDGET_PIECE = 16;

    /** One of the two. */
    private static final class Prompt {
        @Option(names = "--prompt", paramLabel = "TEXT", required = true, description = "the text to continue")
        private String text;

        @Option(names = "--prompt-file", paramLabel = "FILE", required = true,
                description = "a file with the text to continue, in UTF-8; - for standard input")
        private Path file;

        String read() throws IOException {
            if (text != null) {
                return text;
            }
            return file.toString().equals("-") ? TextFiles.decode("Standard input", System.in.readAllBytes()) : TextFiles.read(file);
        }
    }

    @Mixin
    private CommonOptions common;

    @Mixin
    private SeedOption seed;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "folder with config.json, safetensors and tokenizer.json")
    private Path model;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "f32",
            description = "weights in memory: f32, bf16, q8_0, q4_0, or stored for bf16 where the file has it (${DEFAULT-VALUE})")
    private String dtype;

    @ArgGroup(multiplicity = "1")
    private Prompt prompt;

    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "128", description = "most tokens to generate (${DEFAULT-VALUE})")
    private int tokens;

    @Option(names = "--temperature", paramLabel = "T", defaultValue = "0.8", description = "0 takes the likeliest token (${DEFAULT-VALUE})")
    private float temperature;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "0", description = "only the K likeliest tokens; 0 for all (${DEFAULT-VALUE})")
    private int topK;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1", description = "only the likeliest tokens that together reach P (${DEFAULT-VALUE})")
    private float topP;

    @Option(names = "--min-p", paramLabel = "P", defaultValue = "0", description = "only tokens at least P times as likely as the likeliest (${DEFAULT-VALUE})")
    private float minP;

    @Option(names = "--repetition-penalty", paramLabel = "X", defaultValue = "1", description = "above 1 discourages what occurred before (${DEFAULT-VALUE})")
    private float repetitionPenalty;

    @Option(names = "--stop", paramLabel = "TEXT", description = "end before this text; may be given several times")
    private List<String> stops = List.of();

    @Option(names = "--no-bos", description = "do not put the tokenizer's first token before the prompt")
    private boolean noBos;

    @Option(names = "--kv-budget", paramLabel = "BYTES", converter = ByteCount.class,
            description = "most memory the cache may take: 500000, 64k, 64M, 2G; the text ends where it would take more")
    private Long kvBudget;

    @Option(names = "--kv-dtype", paramLabel = "TYPE", defaultValue = "f32", converter = KvForm.class,
            description = "how keys and values are stored: f32, bf16 (half the bytes) or q8 (a good quarter) (${DEFAULT-VALUE})")
    private KvDtype kvDtype;

    @Option(names = "--full-cache", description = "keep every token, whatever its role: what a cache without roles does")
    private boolean fullCache;

    @Override
    public Integer call() throws IOException {
        Sampler sampler = new Sampler(sampling());
        ModelConfig config = ModelLoader.config(model);
        Tokenizer tokenizer = Tokenizers.load(model);
        if (tokenizer.vocabSize() > config.vocabSize()) {
            throw new UserError("The tokenizer of " + model + " has " + tokenizer.vocabSize() + " ids, the model only " + config.vocabSize() + ".");
        }
        int[] ids = ids(tokenizer, prompt.read());
        checkLength(config, ids.length);
        Weights weights = dtype.equals("stored") ? ModelLoader.loadStored(model) : ModelLoader.load(model, dtype());
        try (Team team = common.team()) {
            RoleChoice choice = config.hasRoles() && !fullCache ? RoleChoice.BEST : RoleChoice.FULL;
            KvCache cache = KvCache.of(config, kvDtype, kvBudget == null ? Long.MAX_VALUE : kvBudget);
            Session session = new Session(new Transformer(weights, team), cache, choice, kvBudget == null ? Session.PIECE : BUDGET_PIECE);
            generate(session, sampler, tokenizer, ids);
        }
        return 0;
    }

    private Dtype dtype() {
        return switch (dtype) {
            case "f32" -> Dtype.F32;
            case "bf16" -> Dtype.BF16;
            case "q8_0" -> Dtype.Q8_0;
            case "q4_0" -> Dtype.Q4_0;
            default -> throw new UserError("--dtype " + dtype + ": must be f32, bf16, q8_0, q4_0 or stored.");
        };
    }

    private Sampling sampling() {
        if (tokens < 1) {
            throw new UserError("--max-tokens " + tokens + ": must be at least 1.");
        }
        if (stops.contains("")) {
            throw new UserError("--stop must not be empty.");
        }
        check(repetitionPenalty > 0 && repetitionPenalty < Float.POSITIVE_INFINITY, "--repetition-penalty", repetitionPenalty, "positive and finite");
        check(temperature >= 0 && temperature < Float.POSITIVE_INFINITY, "--temperature", temperature, "0 or positive, and finite");
        check(topK >= 0, "--top-k", topK, "0 (all) or positive");
        check(topP > 0 && topP <= 1, "--top-p", topP, "in (0, 1]");
        check(minP >= 0 && minP <= 1, "--min-p", minP, "in [0, 1]");
        return new Sampling(repetitionPenalty, temperature, topK, topP, minP, seed.value());
    }

    private static void check(boolean right, String option, Number value, String expected) {
        if (!right) {
            String text = value.toString().replaceFirst("\\.0$", "");
            throw new UserError(option + " " + text + ": must be " + expected + ".");
        }
    }

    /** The ids of the prompt, after the id that begins a sequence if the model has one. */
    private int[] ids(Tokenizer tokenizer, String text) {
        IntStream bos = tokenizer.bosId().isPresent() && !noBos ? IntStream.of(tokenizer.bosId().getAsInt()) : IntStream.empty();
        int[] ids = IntStream.concat(bos, IntStream.of(tokenizer.encode(text))).toArray();
        if (ids.length == 0) {
            throw new UserError("The prompt is empty, and no token begins the text.");
        }
        return ids;
    }

    private void checkLength(ModelConfig config, int promptLength) {
        if (config.positions() instanceof ModelConfig.Positions.Learned && (long) promptLength + tokens > config.maxSeqLen()) {
            throw new UserError("The prompt's " + promptLength + " tokens and " + tokens + " more do not fit the " + config.maxSeqLen() + " positions of the model.");
        }
    }

    private void generate(Session session, Sampler sampler, Tokenizer tokenizer, int[] ids) {
        JsonLines json = common.json();
        StreamDecoder decoder = tokenizer.streamDecoder();
        StopText stop = new StopText(stops);
        OptionalInt eos = tokenizer.eosId();
        long started = System.nanoTime();
        long[] first = new long[1];
        int[] generated = new int[1];
        KvBudgetExceededException exceeded = null;
        try {
            Generator.generate(session, sampler, ids, tokens, id -> {
                if (generated[0]++ == 0) {
                    first[0] = System.nanoTime();
                }
                if (eos.isPresent() && id == eos.getAsInt()) {
                    return false;
                }
                // A vocabulary may be padded beyond its tokenizer's ids: those stand for no text.
                show(json, id, stop.next(id < tokenizer.vocabSize() ? decoder.next(id) : ""));
                return !stop.stopped();
            });
        } catch (KvBudgetExceededException e) {
            exceeded = e; // what there is until here is told all the same
        }
        double promptSeconds = generated[0] == 0 ? Double.NaN : (first[0] - started) * 1e-9;
        double decodeSeconds = generated[0] < 2 ? Double.NaN : (System.nanoTime() - first[0]) * 1e-9;
        String rest = stop.stopped() ? "" : stop.next(decoder.end()) + stop.end();
        tell(json, rest, ids.length, ids.length / promptSeconds, generated[0], (generated[0] - 1) / decodeSeconds, session.cache().stats());
        if (exceeded != null) {
            throw exceeded;
        }
    }

    private void show(JsonLines json, int id, String text) {
        if (json != null) {
            json.event("token").put("id", id).put("text", text).end();
        } else {
            common.out().print(text);
            common.out().flush();
        }
    }

    private void tell(JsonLines json, String rest, int promptTokens, double promptSpeed, int generated, double decodeSpeed, KvStats kv) {
        if (json != null) {
            json.event("done").put("rest", rest).put("promptTokens", promptTokens).put("tokens", generated)
                    .put("promptTokensPerSecond", promptSpeed).put("tokensPerSecond", decodeSpeed).put("kvShare", kv.kvShare())
                    .put("kvBytes", kv.bytesHeld()).put("kvPeakBytes", kv.peakBytes()).put("fullBytes", kv.fullBytes()).end();
            return;
        }
        common.out().println(rest);
        common.err().printf("%nprompt %d tokens, %s tokens/s; %d new, %s tokens/s; KV share %s, %s held (a full cache: %s)%n",
                promptTokens, Numbers.compact(promptSpeed), generated, Numbers.compact(decodeSpeed),
                Numbers.percent(kv.kvShare()), Numbers.bytes(kv.bytesHeld()), Numbers.bytes(kv.fullBytes()));
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
