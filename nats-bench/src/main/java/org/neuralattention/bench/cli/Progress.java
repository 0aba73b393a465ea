package org.neuralattention.bench.cli;

import java.io.PrintWriter;
import java.util.StringJoiner;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;
import org.neuralattention.bench.report.Numbers;

/**
 * Shows how far long work has come, on standard error: a bar on a terminal, elsewhere a line every few seconds,
 * with {@code --json} a line of JSON on standard output for every update.
 */
public abstract sealed class Progress implements AutoCloseable {

    /** Values beside the step; what is not known yet is NaN and not shown. */
    public record Values(double loss, double perplexity, double recall, double tokensPerSecond, double kvShare, double price) {

        public static final Values NONE = new Values(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);

        /** Of work in which the cache has no price. */
        public Values(double loss, double perplexity, double recall, double tokensPerSecond, double kvShare) {
            this(loss, perplexity, recall, tokensPerSecond, kvShare, Double.NaN);
        }

        @Override
        public String toString() {
            StringJoiner text = new StringJoiner(", ");
            if (Double.isFinite(loss)) {
                text.add("loss " + Numbers.fixed(loss, 3));
            }
            if (Double.isFinite(perplexity)) {
                text.add("perplexity " + Numbers.fixed(perplexity, 3));
            }
            if (Double.isFinite(recall)) {
                text.add("recall " + Numbers.percent(recall));
            }
            if (Double.isFinite(kvShare)) {
                text.add("KV " + Numbers.percent(kvShare));
            }
            if (Double.isFinite(price)) {
                text.add("price " + Numbers.compact(price));
            }
            if (Double.isFinite(tokensPerSecond)) {
                text.add(Numbers.compact(tokensPerSecond) + " tokens/s");
            }
            return text.toString();
        }
    }

    final String task;
    final long steps;
    private final long started = System.nanoTime();
    private long firstStep;

    private Progress(String task, long steps) {
        this.task = task;
        this.steps = steps;
    }

    /**
     * Progress of a task of so many steps.
     *
     * @param json where lines of JSON go, or null to tell people
     * @param err where people look
     */
    public static Progress of(String task, long steps, JsonLines json, PrintWriter err) {
        if (json != null) {
            return new Json(task, steps, json);
        }
        // The launcher passes the width of the terminal if standard error is one.
        int columns = Integer.getInteger("nats.columns", 0);
        return columns > 0 ? new Bar(task, steps, err, columns) : new Lines(task, steps, err, LINE_SECONDS);
    }

    private static final double LINE_SECONDS = 5;

    private static final double FIRST_PART = 0.02;
    private static final double SETTLED_SECONDS = 10;

    /** Begins after {@code step} steps that were done before, and took none of this time. */
    public Progress from(long step) {
        firstStep = step;
        return this;
    }

    /** After {@code step} steps. */
    public abstract void update(long step, Values values);

    /** Ends the display; the last state stays visible. */
    @Override
    public abstract void close();

    final double seconds() {
        return (System.nanoTime() - started) * 1e-9;
    }

    /** As long per step as until now; not known before some of the work has been done, for a start is slow. */
    final double secondsLeft(long step) {
        boolean early = step - firstStep < FIRST_PART * (steps - firstStep) && seconds() < SETTLED_SECONDS;
        return early || step == firstStep ? Double.NaN : seconds() / (step - firstStep) * (steps - step);
    }

    /** A bar that is redrawn in place. */
    private static final class Bar extends Progress {
        private final ProgressBar bar;

        Bar(String task, long steps, PrintWriter err, int columns) {
            super(task, steps);
            bar = new ProgressBarBuilder().setTaskName(task).setInitialMax(steps).setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(250).setConsumer(new Terminal(err, columns)).build();
        }

        @Override
        public void update(long step, Values values) {
            bar.setExtraMessage(" " + values);
            bar.stepTo(step);
        }

        @Override
        public void close() {
            bar.close();
        }
    }

    /** Where the bar is drawn; the library's own asks for the terminal's width through native code. */
    private record Terminal(PrintWriter err, int columns) implements ProgressBarConsumer {
        @Override
        public int getMaxRenderedLength() {
            return columns - 1;
        }

        @Override
        public void accept(String line) {
            err.print('\r' + line);
            err.flush();
        }

        @Override
        public void close() {
            err.println();
        }
    }

    /** Lines for a log: the first state, one every few seconds, the last. */
    static final class Lines extends Progress {
        private final PrintWriter err;
        private final double interval;
        private double printed = Double.NEGATIVE_INFINITY;
        private String pending;

        Lines(String task, long steps, PrintWriter err, double interval) {
            super(task, steps);
            this.err = err;
            this.interval = interval;
        }

        @Override
        public void update(long step, Values values) {
            StringJoiner line = new StringJoiner(", ", task + " ", "");
            line.add(step + "/" + steps);
            if (!values.equals(Values.NONE)) {
                line.add(values.toString());
            }
            if (Double.isFinite(secondsLeft(step)) && step < steps) {
                line.add(Numbers.duration(secondsLeft(step)) + " left");
            }
            pending = line.toString();
            if (seconds() - printed >= interval) {
                print();
            }
        }

        private void print() {
            err.println(pending);
            err.flush();
            pending = null;
            printed = seconds();
        }

        @Override
        public void close() {
            if (pending != null) {
                print();
            }
        }
    }

    private static final class Json extends Progress {
        private final JsonLines json;

        Json(String task, long steps, JsonLines json) {
            super(task, steps);
            this.json = json;
        }

        @Override
        public void update(long step, Values values) {
            json.event("progress").put("task", task).put("step", step).put("steps", steps).put("loss", values.loss)
                    .put("perplexity", values.perplexity).put("recall", values.recall).put("kvShare", values.kvShare).put("price", values.price).put("tokensPerSecond", values.tokensPerSecond)
                    .put("secondsLeft", secondsLeft(step)).end();
        }

        @Override
        public void close() {}
    }
}
