package org.neuralattention.bench.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Request;
import org.neuralattention.generate.Session;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.tokenize.Tokenizer;
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
        footer = {"", "Examples:", "  nats generate --model DIR --prompt 'Once upon a time'",
            "  nats generate --model DIR --prompt-file chapter.txt --temperature 0", "  nats generate --model DIR --prompt-file - --kv-budget 64M < chapter.txt"})
public final class GenerateCommand implements Callable<Integer> {

    @Mixin
    private CommonOptions common;

    @Mixin
    private ModelOptions models;

    @Mixin
    private SamplingOptions sampling;

    @Mixin
    private KvBudgetOptions kv;

    @ArgGroup(multiplicity = "1")
    private PromptOptions prompt;

    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "128", description = "most tokens to generate (${DEFAULT-VALUE})")
    private int tokens;

    @Option(names = "--stop", paramLabel = "TEXT", description = "end before this text; may be given several times")
    private List<String> stops = List.of();

    @Option(names = "--no-bos", description = "do not put the tokenizer's first token before the prompt")
    private boolean noBos;

    @Option(names = "--logprobs", paramLabel = "N",
            description = "tell each token's logprob and those of the N likeliest at its place, instead of the running text")
    private Integer logprobs;

    @Override
    public Integer call() throws IOException {
        Request request = request();
        String text = prompt.read();
        try (Model model = models.load(common.threads())) {
            int[] ids = ids(model.tokenizer(), text);
            checkLength(model.config(), ids.length);
            Session session = kv.session(model);
            try (GenerationTeller teller = new GenerationTeller(common, model.tokenizer(), ids[ids.length - 1], logprobs != null)) {
                Generation made = model.generator(session).generate(ids, request, teller);
                teller.tell(made, session.cache().stats());
                tellLength(model.config(), session.position());
                MemoryTeller.tell(common, kv.need(model, (long) ids.length + tokens, common.threads()), kv.letsGo(model));
                if (made.finish() == Generation.Finish.FULL) {
                    session.logits(); // tells why, as the exception it throws
                }
            }
        }
        return 0;
    }

    private Request request() {
        if (tokens < 1) {
            throw new UserError("--max-tokens " + tokens + ": must be at least 1.");
        }
        if (stops.contains("")) {
            throw new UserError("--stop must not be empty.");
        }
        if (logprobs != null && logprobs < 0) {
            throw new UserError("--logprobs " + logprobs + ": must be 0 (only that of the token) or more.");
        }
        Request request = Request.of(tokens).with(sampling.sampling()).withStops(stops).withCancel(common::outputFailed);
        return logprobs == null ? request : request.withLogprobs(logprobs);
    }

    /** The ids of the prompt, after the id that begins a sequence if the model has one. */
    private int[] ids(Tokenizer tokenizer, String text) {
        int[] ids = noBos ? tokenizer.encode(text) : tokenizer.encodeBeginning(text);
        if (ids.length == 0) {
            throw new UserError("The prompt is empty, and no token begins the text.");
        }
        return ids;
    }

    private void tellLength(ModelConfig config, long length) {
        if (length > config.maxSeqLen() && common.json() == null) {
            common.err().println("The text has " + length + " tokens; behind " + config.maxSeqLen() + ", which the model was made for, it may be worse.");
        }
    }

    private void checkLength(ModelConfig config, int promptLength) {
        if (config.positions() instanceof ModelConfig.Positions.Learned && (long) promptLength + tokens > config.maxSeqLen()) {
            throw new UserError("The prompt's " + promptLength + " tokens and " + tokens + " more do not fit the " + config.maxSeqLen() + " positions of the model.");
        }
    }
}
