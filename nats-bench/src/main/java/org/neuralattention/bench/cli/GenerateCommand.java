package org.neuralattention.bench.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.cache.KvCache;
import org.neuralattention.cache.KvStats;
import org.neuralattention.generate.Generator;
import org.neuralattention.generate.Sampler;
import org.neuralattention.generate.Sampling;
import org.neuralattention.generate.Session;
import org.neuralattention.io.ModelLoader;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Continues a text and tells how fast, and how much of a full cache it held. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        header = "Continues a text with a model, token by token.",
        description = "The text goes to standard output as it comes, speed and KV share to standard error.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats generate --model DIR --prompt 'Once upon a time'", "  nats generate --model DIR --prompt-file chapter.txt --temperature 0"})
public final class GenerateCommand implements Callable<Integer> {

    /** One of the two. */
    private static final class Prompt {
        @Option(names = "--prompt", paramLabel = "TEXT", required = true, description = "the text to continue")
        private String text;

        @Option(names = "--prompt-file", paramLabel = "FILE", required = true, description = "a file with the text to continue, in UTF-8")
        private Path file;

        String read() throws IOException {
            return text != null ? text : Files.readString(file, StandardCharsets.UTF_8);
        }
    }

    @Mixin
    private CommonOptions common;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "folder with config.json, safetensors and tokenizer.json")
    private Path model;

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
        Weights weights = ModelLoader.load(model);
        try (Team team = common.team()) {
            RoleChoice choice = config.hasRoles() && !fullCache ? RoleChoice.BEST : RoleChoice.FULL;
            Session session = new Session(new Transformer(weights, team), KvCache.of(config), choice, Session.PIECE);
            generate(session, sampler, tokenizer, ids);
        }
        return 0;
    }

    private Sampling sampling() {
        if (tokens < 1) {
            throw new UserError("--max-tokens " + tokens + ": must be at least 1.");
        }
        try {
            return new Sampling(repetitionPenalty, temperature, topK, topP, minP, common.seed());
        } catch (IllegalArgumentException e) {
            throw new UserError(e.getMessage(), e);
        }
    }

    /** The ids of the prompt, after the id that begins a sequence if the model has one. */
    private static int[] ids(Tokenizer tokenizer, String text) {
        IntStream bos = tokenizer.bosId().isPresent() ? IntStream.of(tokenizer.bosId().getAsInt()) : IntStream.empty();
        int[] ids = IntStream.concat(bos, IntStream.of(tokenizer.encode(text))).toArray();
        if (ids.length == 0) {
            throw new UserError("The prompt is empty and the model has no token that begins a text.");
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
        PrintWriter out = common.out();
        StreamDecoder decoder = tokenizer.streamDecoder();
        OptionalInt eos = tokenizer.eosId();
        long started = System.nanoTime();
        long[] first = new long[1];
        int[] generated = Generator.generate(session, sampler, ids, tokens, id -> {
            if (first[0] == 0) {
                first[0] = System.nanoTime();
            }
            if (eos.isPresent() && id == eos.getAsInt()) {
                return false;
            }
            String text = decoder.next(id);
            if (json != null) {
                json.event("token").put("id", id).put("text", text).end();
            } else {
                out.print(text);
                out.flush();
            }
            return true;
        });
        double promptSeconds = (first[0] - started) * 1e-9;
        double decodeSeconds = (System.nanoTime() - first[0]) * 1e-9;
        String rest = decoder.end();
        KvStats kv = session.cache().stats();
        double promptSpeed = ids.length / promptSeconds;
        double decodeSpeed = generated.length < 2 ? Double.NaN : (generated.length - 1) / decodeSeconds;
        if (json != null) {
            json.event("done").put("rest", rest).put("promptTokens", ids.length).put("tokens", generated.length)
                    .put("promptTokensPerSecond", promptSpeed).put("tokensPerSecond", decodeSpeed).put("kvShare", kv.kvShare())
                    .put("kvBytes", kv.bytesHeld()).put("kvPeakBytes", kv.peakBytes()).put("fullBytes", kv.fullBytes()).end();
            return;
        }
        out.println(rest);
        common.err().printf("%nprompt %d tokens, %s tokens/s; %d new, %s tokens/s; KV share %s, %s held (a full cache: %s)%n",
                ids.length, Numbers.compact(promptSpeed), generated.length, Numbers.compact(decodeSpeed),
                Numbers.percent(kv.kvShare()), Numbers.bytes(kv.bytesHeld()), Numbers.bytes(kv.fullBytes()));
    }
}
