package org.neuralattention.bench.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.function.Supplier;
import org.neuralattention.cache.KvBudgetExceededException;
import org.neuralattention.chat.Chat;
import org.neuralattention.chat.RefusedChatException;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Generation.Finish;
import org.neuralattention.generate.Request;

/** Questions and commands, line by line, until there are no more. */
final class ChatLoop {

    private static final String HELP = """
            /clear   forget what was said
            /stats   speed and memory of the last answer
            /quit    end, as Ctrl-D does
            //...    a question that begins with a slash""";

    private final Chat chat;
    private final Request request;
    private final Supplier<GenerationTeller> tellers;
    private final CommonOptions common;
    private final JsonLines json;
    private final PrintWriter err;
    private final CtrlC ctrlC;
    private final boolean people;
    private Generation last;

    /**
     * @param tellers one for each answer
     * @param people whether somebody sits at a terminal: questions are asked for, and a failure ends only the answer
     */
    ChatLoop(Chat chat, Request request, Supplier<GenerationTeller> tellers, CommonOptions common, CtrlC ctrlC, boolean people) {
        this.chat = chat;
        this.request = request.withCancel(() -> ctrlC.pressed() || common.outputFailed());
        this.common = common;
        this.tellers = tellers;
        this.json = common.json();
        this.err = common.err();
        this.ctrlC = ctrlC;
        this.people = people;
    }

    /** Returns the exit code. */
    int run(InputStream in) throws IOException {
        if (people) {
            err.println("A line is a question. /help lists the commands, /quit ends.");
        }
        for (String line = read(in); line != null && !line.strip().equals("/quit") && !common.outputFailed(); line = read(in)) {
            ctrlC.reset(true);
            if (line.startsWith("//")) {
                answer(line.substring(1));
            } else if (line.startsWith("/")) {
                command(line.strip());
            } else if (!line.isBlank()) {
                answer(line);
            }
            ctrlC.answered();
        }
        return 0;
    }

    /** The next line, or null behind the last. One that is not text is told as a mistake; those around it are not touched. */
    private String read(InputStream in) throws IOException {
        while (true) {
            if (people) {
                err.print("> ");
                err.flush();
            }
            byte[] line = line(in);
            try {
                return line == null ? null : TextFiles.decode("This line of standard input", line);
            } catch (UserError e) {
                if (!people) {
                    throw e;
                }
                err.println(e.getMessage());
            }
        }
    }

    /** The bytes before the next end of a line; null behind the last. A decoder in between would read ahead, and fail for lines to come. */
    private static byte[] line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        if (next < 0) {
            return null;
        }
        while (next >= 0 && next != '\n') {
            line.write(next);
            next = in.read();
        }
        byte[] bytes = line.toByteArray();
        boolean carriageReturn = bytes.length > 0 && bytes[bytes.length - 1] == '\r';
        return carriageReturn ? Arrays.copyOf(bytes, bytes.length - 1) : bytes;
    }

    private void answer(String question) {
        try {
            GenerationTeller teller = tellers.get();
            last = chat.ask(question, request, teller);
            teller.tellAnswer(last, chat.session().cache().stats());
            if (last.finish() == Finish.FULL) {
                chat.session().logits(); // tells why, as the exception it throws
            }
        } catch (KvBudgetExceededException | RefusedChatException e) {
            if (!people) {
                throw e;
            }
            err.println(e.getMessage() + " /clear begins anew.");
        } catch (IllegalArgumentException e) { // no room behind the model's learned positions
            if (!people) {
                throw new UserError(e.getMessage() + ".", e);
            }
            err.println(e.getMessage() + ". /clear begins anew.");
        }
    }

    private void command(String command) {
        switch (command) {
            case "/clear" -> {
                chat.clear();
                tell("cleared", "Forgotten.");
            }
            case "/stats" -> stats();
            case "/help" -> tell("help", HELP);
            default -> {
                String problem = "There is no command " + command + "; /help lists them, and //... is a question that begins with a slash.";
                if (!people) {
                    throw new UserError(problem);
                }
                err.println(problem);
            }
        }
    }

    private void stats() {
        if (last == null) {
            tell("stats", "There was no answer yet.");
        } else {
            tellers.get().figures(last, chat.session().cache().stats());
        }
    }

    private void tell(String event, String text) {
        if (json != null) {
            json.event(event).end();
        } else {
            err.println(text);
        }
    }
}
