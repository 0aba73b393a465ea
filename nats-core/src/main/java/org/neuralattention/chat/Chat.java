package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Generation.Finish;
import org.neuralattention.generate.Generator;
import org.neuralattention.generate.Listener;
import org.neuralattention.generate.Request;
import org.neuralattention.generate.Session;
import org.neuralattention.tokenize.Tokenizer;

/**
 * A conversation with a model: questions, and answers generated up to the model's end of turn.
 * <pre>{@code
 * ChatTemplate template = ChatTemplate.of(path, model.chatTemplate().orElseThrow(), model.tokenizer());
 * Chat chat = new Chat(model.session(), model.tokenizer(), template, List.of(Message.system("Be brief.")));
 * System.out.println(chat.ask("Who are you?", Request.of(200)).text());
 * }</pre>
 *
 * <p>What the session holds is kept from turn to turn: a question costs its own tokens as long as the template writes the conversation so far as it
 * wrote it before. Where it does not (it drops the thoughts of earlier answers, or trims them), all is read again from an empty cache. For one thread.
 */
public final class Chat {

    private final Session session;
    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final List<Message> beginning;
    private final List<Message> messages;
    private Generator generator;
    private int[] held = {};  // what the session's sequence is
    private String heldText;  // the same as text, without the end of the last answer; null if that is not certain
    private boolean ended;    // whether held ends with an end token

    /**
     * @param session empty; from now on it belongs to this conversation
     * @param beginning what comes before the first question: a system message, earlier turns, or nothing
     * @throws IllegalArgumentException if the session has taken in something already
     * @throws RefusedChatException if the template refuses a question behind that beginning
     */
    public Chat(Session session, Tokenizer tokenizer, ChatTemplate template, List<Message> beginning) {
        if (!session.cache().isEmpty()) {
            throw new IllegalArgumentException("the session has taken in " + session.cache().tokens() + " tokens: a conversation begins with an empty one");
        }
        this.session = session;
        this.tokenizer = Objects.requireNonNull(tokenizer, "tokenizer");
        this.template = Objects.requireNonNull(template, "template");
        this.beginning = List.copyOf(beginning);
        this.messages = new ArrayList<>(beginning);
        this.generator = new Generator(session, tokenizer);
        prompt("");
    }

    private Prompt prompt(String question) {
        List<Message> asked = new ArrayList<>(messages);
        asked.add(Message.user(question));
        return template.render(asked, true);
    }

    /** As below, without a listener. */
    public Generation ask(String question, Request request) {
        return ask(question, request, token -> {});
    }

    /**
     * Puts a question and generates the answer, which ends where the model ends its turn, or by the request's own rules. An answer that was
     * cancelled stays in the conversation as far as it came; if it had not begun, or something failed, the question is withdrawn too.
     *
     * @throws RefusedChatException if the template refuses the question
     * @throws RuntimeException as {@link Generator#generate}
     */
    public Generation ask(String question, Request request, Listener listener) {
        Prompt prompt = prompt(question);
        int[] more = continuation(prompt);
        if (more == null) {
            restart();
            more = prompt.encode(tokenizer);
        }
        int[] before = held;
        held = null; // what fails below leaves the session somewhere
        Generation answer = generator.generate(more, request, listener);
        int[] ids = answer.ids();
        held = joined(before, Arrays.copyOf(more, answer.promptTokens()), ids);
        ended = answer.finish() == Finish.END;
        heldText = ended || answer.finish() == Finish.LENGTH ? prompt.text() + answer.text() : null;
        if (ids.length > 0 || answer.finish() != Finish.CANCELLED) {
            messages.add(Message.user(question));
            messages.add(Message.assistant(answer.text()));
        }
        return answer;
    }

    private static int[] joined(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(IntStream::of).toArray();
    }

    /** The ids that lead from what is held to the prompt; null if nothing does. */
    private int[] continuation(Prompt prompt) {
        if (held == null) {
            return null;
        }
        int[] all = prompt.encode(tokenizer);
        if (all.length > held.length && Arrays.mismatch(all, held) == held.length) {
            return Arrays.copyOfRange(all, held.length, all.length);
        }
        return heldText != null && prompt.text().startsWith(heldText) ? behindAnswer(prompt.from(heldText.length()).encode(tokenizer)) : null;
    }

    /**
     * An answer's own ids need not be those that encoding its text gives. They count as that text if an end token follows in the prompt, where no
     * word goes across: the one that ends what is held, or, behind an answer that was cut off, any.
     *
     * @param rest the ids of the prompt's text behind the answer
     */
    private int[] behindAnswer(int[] rest) {
        if (ended) {
            return rest.length > 1 && rest[0] == held[held.length - 1] ? Arrays.copyOfRange(rest, 1, rest.length) : null;
        }
        return rest.length > 0 && tokenizer.eosIds().contains(rest[0]) ? rest : null;
    }

    private void restart() {
        session.cache().clear();
        generator = new Generator(session, tokenizer);
        held = new int[0];
    }

    /** Back to the beginning: the questions and answers since are forgotten. */
    public void clear() {
        messages.clear();
        messages.addAll(beginning);
    }

    /** The conversation so far. */
    public List<Message> messages() {
        return List.copyOf(messages);
    }

    public Session session() {
        return session;
    }
}
