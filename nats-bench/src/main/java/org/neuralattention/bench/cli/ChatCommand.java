package org.neuralattention.bench.cli;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.neuralattention.chat.Chat;
import org.neuralattention.chat.ChatTemplate;
import org.neuralattention.chat.Message;
import org.neuralattention.chat.RefusedChatException;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Request;
import org.neuralattention.io.ModelFile;
import org.neuralattention.tokenize.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A conversation on standard input and output. */
@Command(
        name = "chat",
        mixinStandardHelpOptions = true,
        header = "Talks with a model: a line is a question, the answer comes as it is made.",
        description = {"What was said before stays in mind, and in the cache. Ctrl-C stops an answer; a second one ends the program.",
            "A line that begins with a slash is a command: /help lists them."},
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats chat --model DIR", "  nats chat --model DIR --system 'You answer in verse.' --temperature 0",
            "  nats chat --model DIR --json < questions.txt"})
public final class ChatCommand implements Callable<Integer> {

    @Mixin
    private CommonOptions common;

    @Mixin
    private ModelOptions models;

    @Mixin
    private SamplingOptions sampling;

    @Mixin
    private KvBudgetOptions kv;

    @Option(names = "--system", paramLabel = "TEXT", description = "what the model is told before the first question")
    private String system;

    @Option(names = "--template", paramLabel = "FILE", description = "a chat template in Jinja, instead of the model's own")
    private Path template;

    @Option(names = "--no-thinking", description = "tell the template not to let the model think first (enable_thinking=false; Qwen 3)")
    private boolean noThinking;

    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "1024", description = "most tokens of an answer (${DEFAULT-VALUE})")
    private int tokens;

    @Option(names = "--stop", paramLabel = "TEXT", description = "end an answer before this text; may be given several times")
    private List<String> stops = List.of();

    @Override
    public Integer call() throws IOException {
        Request request = request();
        String source = source();
        try {
            template(source, Map.of()).render(beginning("?"), true); // what is wrong with it is told before the weights are read
            return chat(source, request);
        } catch (RefusedChatException e) {
            throw new UserError(e.getMessage() + (system == null ? "" : ": it may have no place for --system"), e);
        }
    }

    private int chat(String source, Request request) throws IOException {
        try (Model model = models.load(common.threads()); CtrlC ctrlC = new CtrlC(common.err())) {
            Tokenizer tokenizer = model.tokenizer();
            Chat chat = new Chat(kv.session(model), tokenizer, template(source, ChatTemplate.tokens(tokenizer)), beginning(null));
            boolean people = System.console() != null && System.console().isTerminal() && common.json() == null;
            int exitCode = new ChatLoop(chat, request, () -> new GenerationTeller(common, tokenizer, -1, false), common, ctrlC, people).run(new BufferedInputStream(System.in));
            MemoryTeller.tell(common, kv.need(model, Math.max(1, chat.session().position()), common.threads()), kv.letsGo(model));
            return exitCode;
        }
    }

    private Request request() {
        if (tokens < 1) {
            throw new UserError("--max-tokens " + tokens + ": must be at least 1.");
        }
        if (stops.contains("")) {
            throw new UserError("--stop must not be empty.");
        }
        return Request.of(tokens).with(sampling.sampling()).withStops(stops);
    }

    private String source() throws IOException {
        if (template != null) {
            return TextFiles.read(template);
        }
        try (ModelFile file = ModelFile.open(models.path())) {
            return file.chatTemplate().orElseThrow(() -> new UserError(models.path() + " has no chat template: it may not be a model for chats."
                    + " Name one with --template FILE, or continue texts with 'nats generate'."));
        }
    }

    /** With one time for the whole conversation: a date that changed would change all that was said before. */
    private ChatTemplate template(String source, Map<String, String> tokens) {
        ChatTemplate read = ChatTemplate.of(template == null ? models.path() : template, source, tokens)
                .withClock(Clock.fixed(Instant.now(), ZoneId.systemDefault()));
        return noThinking ? read.with("enable_thinking", false) : read;
    }

    private List<Message> beginning(String question) {
        List<Message> all = new ArrayList<>();
        if (system != null) {
            all.add(Message.system(system));
        }
        if (question != null) {
            all.add(Message.user(question));
        }
        return all;
    }
}
