package org.neuralattention.bench.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
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
        this.request = request.withCancel(ctrlC::pressed);
        this.tellers = tellers;
        this.json = common.json();
        this.err = common.err();
        this.ctrlC = ctrlC;
        this.people = people;
    }

    /** Returns the exit code. */
    int run(BufferedReader in) throws IOException {
        if (people) {
            err.println("A line is a question. /help lists the commands, /quit ends.");
        }
        for (String line = read(in); line != null && !line.strip().equals("/quit"); line = read(in)) {
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

    private String read(BufferedReader in) throws IOException {
        if (people) {
            err.print("> ");
            err.flush();
        }
        try {
            return in.readLine();
        } catch (CharacterCodingException e) {
            throw new UserError("Standard input is not text in UTF-8.", e);
        }
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
