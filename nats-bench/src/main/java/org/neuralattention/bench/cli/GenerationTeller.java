package org.neuralattention.bench.cli;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.StringJoiner;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.cache.KvStats;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Listener;
import org.neuralattention.generate.Token;
import org.neuralattention.tokenize.Tokenizer;

/** Shows a generation as it goes: how far a long prompt is, the text or a line for each token, and the figures at the end. */
final class GenerationTeller implements Listener, AutoCloseable {

    /** A prompt below this is read before anyone looks for its progress. */
    private static final int LONG_PROMPT = 1024;

    private final CommonOptions common;
    private final JsonLines json;
    private final Tokenizer tokenizer;
    private final boolean logprobs;
    private int before; // id of the token before the next one
    private Progress progress;
    private int progressFrom;
    private long progressStarted;

    /**
     * @param lastId of the prompt; -1 where no token has a line of its own
     * @param logprobs whether each token has a line of its own
     */
    GenerationTeller(CommonOptions common, Tokenizer tokenizer, int lastId, boolean logprobs) {
        this.common = common;
        this.json = common.json();
        this.tokenizer = tokenizer;
        this.before = known(lastId) ? lastId : -1;
        this.logprobs = logprobs;
    }

    @Override
    public void prompt(int done, int tokens) {
        if (tokens < LONG_PROMPT) {
            return;
        }
        if (progress == null) {
            progress = common.progress("Reading the prompt", tokens).from(done);
            progressFrom = done;
            progressStarted = System.nanoTime();
        }
        double speed = done == progressFrom ? Double.NaN : (done - progressFrom) / ((System.nanoTime() - progressStarted) * 1e-9);
        progress.update(done, new Progress.Values(Double.NaN, Double.NaN, Double.NaN, speed, Double.NaN));
        if (done == tokens) {
            close();
        }
    }

    /** Ends the display of a prompt that was not read to its end. */
    @Override
    public void close() {
        if (progress != null) {
            progress.close();
            progress = null;
        }
    }

    @Override
    public void token(Token token) {
        if (json != null) {
            tellMachines(token);
        } else if (logprobs) {
            StringJoiner best = new StringJoiner("  ");
            token.best().forEach(candidate -> best.add(quoted(candidate.id()) + " " + Numbers.fixed(candidate.logprob(), 3)));
            common.out().println(Numbers.fixed(token.logprob(), 3) + "  " + quoted(token.id()) + (token.best().isEmpty() ? "" : "    " + best));
        } else {
            common.out().print(token.text());
            common.out().flush();
        }
        before = known(token.id()) ? token.id() : -1;
    }

    /** Beside logprobs no text is shown. */
    @Override
    public void rest(String text) {
        if (json != null) {
            json.event("rest").put("text", text).end();
        } else if (!logprobs) {
            common.out().print(text);
            common.out().flush();
        }
    }

    private void tellMachines(Token token) {
        JsonLines.Line line = json.event("token").put("id", token.id()).put("text", token.text());
        if (logprobs) {
            line.put("logprob", token.logprob()).array("best", token.best(),
                    (object, candidate) -> object.put("id", candidate.id()).put("text", text(candidate.id())).put("logprob", candidate.logprob()));
        }
        line.end();
    }

    /** A vocabulary may be padded beyond its tokenizer's ids: those stand for no text. */
    private boolean known(int id) {
        return id < tokenizer.vocabSize();
    }

    /** Of a token at the place of the next one. */
    private String text(int id) {
        return known(id) ? new String(tokenizer.bytes(before, id), StandardCharsets.UTF_8) : "";
    }

    private String quoted(int id) {
        return '"' + text(id).replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t").replace("\"", "\\\"") + '"';
    }

    void tell(Generation made, KvStats kv) {
        if (json != null) {
            figures(json.event("done"), made, kv);
            return;
        }
        if (!logprobs) {
            common.out().println();
        }
        common.err().println();
        figures(made, kv);
    }

    /** One answer of a conversation: for machines with its text, for people only its end. */
    void tellAnswer(Generation made, KvStats kv) {
        if (json != null) {
            figures(json.event("answer").put("text", made.text()), made, kv);
        } else {
            common.out().println(made.finish() == Generation.Finish.CANCELLED ? " [stopped]" : "");
        }
    }

    private static void figures(JsonLines.Line line, Generation made, KvStats kv) {
        line.put("finish", made.finish().name().toLowerCase(Locale.ROOT))
                .put("promptTokens", made.promptTokens()).put("tokens", made.tokens().size())
                .put("promptTokensPerSecond", made.promptTokensPerSecond()).put("tokensPerSecond", made.tokensPerSecond())
                .put("kvShare", kv.kvShare()).put("kvBytes", kv.bytesHeld()).put("kvPeakBytes", kv.peakBytes()).put("fullBytes", kv.fullBytes()).end();
    }

    /** Speed and memory, for people. */
    void figures(Generation made, KvStats kv) {
        common.err().printf("prompt %d tokens, %s tokens/s; %d new, %s tokens/s; KV share %s, %s held (a full cache: %s)%n",
                made.promptTokens(), Numbers.compact(made.promptTokensPerSecond()), made.tokens().size(), Numbers.compact(made.tokensPerSecond()),
                Numbers.percent(kv.kvShare()), Numbers.bytes(kv.bytesHeld()), Numbers.bytes(kv.fullBytes()));
    }
}
