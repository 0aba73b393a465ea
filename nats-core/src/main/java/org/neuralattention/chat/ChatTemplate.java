package org.neuralattention.chat;

import java.time.Clock;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.tokenize.Tokenizer;

/**
 * How a model wants a conversation written: a template in Jinja that came with it, as Hugging Face's transformers understands it. A documented
 * subset is understood (docs/chat.md); a template that needs more is refused when it is read, or at the latest when that part is reached: it never
 * yields something else than it would elsewhere. Immutable.
 *
 * <p>A template is part of a file: whatever it holds, it ends soon, takes memory in proportion to the messages, and throws nothing but
 * {@link ModelFormatException} and its kin, with the line.
 */
public final class ChatTemplate {

    /** The longest in use have some 30,000 characters. */
    private static final int MAX_LENGTH = 1 << 20;

    private final Object file;
    private final List<Statement> statements;
    private final Map<String, Value> variables;
    private final Clock clock;

    private ChatTemplate(Object file, List<Statement> statements, Map<String, Value> variables, Clock clock) {
        this.file = file;
        this.statements = statements;
        this.variables = variables;
        this.clock = clock;
    }

    /**
     * Reads a template.
     *
     * @param file where it comes from, for messages
     * @param tokens the tokenizer's special tokens that a template may name: {@code bos_token}, {@code eos_token}, each with what is written for it
     * @throws ModelFormatException if it is malformed or longer than 2^20 characters; {@link UnsupportedModelException} if it uses what is not
     *     supported
     */
    public static ChatTemplate of(Object file, String source, Map<String, String> tokens) {
        Objects.requireNonNull(file, "file");
        if (source.length() > MAX_LENGTH) {
            throw new ModelFormatException(file, "the chat template has " + source.length() + " characters: at most " + MAX_LENGTH + " are taken");
        }
        Map<String, Value> variables = new HashMap<>();
        tokens.forEach((name, token) -> variables.put(name, Text.of(token)));
        try {
            return new ChatTemplate(file, StatementParser.parse(Lexer.tokens(source)), variables, Clock.systemDefaultZone());
        } catch (LineFault e) {
            throw told(file, e);
        }
    }

    /** As above, with the tokens of a tokenizer. */
    public static ChatTemplate of(Object file, String source, Tokenizer tokenizer) {
        return of(file, source, tokens(tokenizer));
    }

    /** What a template can name of a tokenizer: the tokens that begin and end a sequence, where there are such. */
    public static Map<String, String> tokens(Tokenizer tokenizer) {
        Map<String, String> tokens = new HashMap<>();
        tokenizer.bosId().ifPresent(id -> tokens.put("bos_token", tokenizer.decode(id)));
        tokenizer.eosId().ifPresent(id -> tokens.put("eos_token", tokenizer.decode(id)));
        return tokens;
    }

    /** The same with another clock, for templates that write the date; by default it is the system's. */
    public ChatTemplate withClock(Clock clock) {
        return new ChatTemplate(file, statements, variables, Objects.requireNonNull(clock, "clock"));
    }

    /** The same with a variable that it may ask for, such as {@code enable_thinking}; its messages keep their names. */
    public ChatTemplate with(String name, boolean value) {
        Map<String, Value> more = new HashMap<>(variables);
        more.put(Objects.requireNonNull(name, "name"), Value.Bool.of(value));
        return new ChatTemplate(file, statements, more, clock);
    }

    /**
     * The conversation as text.
     *
     * @param addGenerationPrompt whether the text ends with the beginning of an answer
     * @throws RefusedChatException if the template refuses these messages
     * @throws ModelFormatException if the template fails or needs too many steps; {@link UnsupportedModelException} if it comes upon something that
     *     is not supported
     */
    public Prompt render(List<Message> messages, boolean addGenerationPrompt) {
        Scope scope = new Scope(null);
        for (String absent : List.of("tools", "documents")) { // transformers passes these even where there are none
            scope.set(absent, Value.None.NONE);
        }
        variables.forEach(scope::set);
        List<Value> list = new ArrayList<>();
        long length = 0;
        for (Message message : messages) {
            Map<Text, Value> fields = new LinkedHashMap<>();
            fields.put(Text.of("role"), Text.of(message.role()));
            fields.put(Text.of("content"), Text.content(message.content()));
            list.add(new Value.Mapping(fields));
            length += message.content().length();
        }
        scope.set("messages", new Value.Items(list));
        scope.set("add_generation_prompt", Value.Bool.of(addGenerationPrompt));
        Steps steps = new Steps(length);
        try {
            Text text = new Interpreter(new Evaluator(steps, LocalDateTime.now(clock)), steps).run(statements, scope);
            return new Prompt(text.string(), text.contentRanges());
        } catch (LineFault e) {
            throw told(file, e);
        }
    }

    private static ModelFormatException told(Object file, LineFault e) {
        String where = "chat template, line " + e.line() + ": ";
        return switch (e.fault().kind()) {
            case WRONG -> new ModelFormatException(file, where + e.getMessage());
            case UNSUPPORTED -> new UnsupportedModelException(file, where + e.getMessage());
            case REFUSED -> new RefusedChatException(file, e.getMessage());
        };
    }
}
