package org.neuralattention.bench.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Perplexity;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.tokenize.Tokenizer;

/** The perplexity of some texts under one form of a model. */
final class TextEvaluation {

    private final Model model;
    private final String name;
    private final String form;
    private final int context;
    private final int maxBlocks;

    /** @param dtype null where the model has the form in its file */
    TextEvaluation(Model model, String name, Dtype dtype, int context, int maxBlocks) {
        this.model = model;
        this.name = name;
        this.form = dtype == null ? stored(model) : ModelOptions.name(dtype);
        this.context = context;
        this.maxBlocks = maxBlocks;
    }

    /** The forms of the matrices, the one that takes most memory first. */
    private static String stored(Model model) {
        Map<Dtype, Long> bytes = model.weights().tensors().stream().filter(t -> t.rank() == 2)
                .collect(Collectors.groupingBy(Tensor::dtype, Collectors.summingLong(t -> t.matrix().bytes())));
        return bytes.entrySet().stream().sorted(Map.Entry.<Dtype, Long>comparingByValue().reversed())
                .map(entry -> ModelOptions.name(entry.getKey())).collect(Collectors.joining("+"));
    }

    /** A row for each text and, if there are several, one for all. */
    List<Evaluated> run(Map<String, String> texts, KvOptions kv, CommonOptions common) {
        List<int[]> ids = new ArrayList<>();
        texts.forEach((text, content) -> ids.add(ids(text, content)));
        long steps = ids.stream().mapToLong(text -> (long) Perplexity.blocks(text.length, length(text), maxBlocks) * length(text)).sum();
        List<Evaluated> rows = new ArrayList<>();
        List<Double> speeds = new ArrayList<>();
        Perplexity.Result all = Perplexity.Result.NONE;
        long bytes = 0;
        try (Progress progress = common.progress(name + " " + form, steps)) {
            progress.update(0, Progress.Values.NONE);
            for (String text : texts.keySet()) {
                int[] tokens = ids.get(rows.size());
                Perplexity.Result before = all;
                Clock clock = new Clock();
                Perplexity.Result result = Perplexity.of(kv.session(model), tokens, length(tokens), maxBlocks, now -> {
                    clock.block(now.tokens());
                    Perplexity.Result until = before.and(now);
                    progress.update(until.tokens(), new Progress.Values(Double.NaN, until.perplexity(), Double.NaN, median(clock.speeds), until.kvShare()));
                });
                long textBytes = bytes(tokens, (int) result.tokens());
                rows.add(row(text, length(tokens), result, textBytes, clock.speeds));
                all = all.and(result);
                bytes += textBytes;
                speeds.addAll(clock.speeds);
            }
        }
        if (rows.size() > 1) {
            rows.add(row(Evaluated.ALL, context, all, bytes, speeds));
        }
        return rows;
    }

    private Evaluated row(String text, int context, Perplexity.Result result, long textBytes, List<Double> speeds) {
        long weightBytes = model.weights().tensors().stream().mapToLong(t -> t.matrix().bytes()).sum();
        return new Evaluated(name, form, weightBytes, text, context, result, textBytes, median(speeds));
    }

    private int[] ids(String text, String content) {
        int[] ids = model.tokenizer().encodeBeginning(content);
        if (ids.length < 2) {
            throw new UserError(text + " is too short: there is no token to predict.");
        }
        ModelConfig config = model.config();
        if (config.positions() instanceof ModelConfig.Positions.Learned && length(ids) > config.maxSeqLen()) {
            throw new UserError("--context " + context + ": the model has only " + config.maxSeqLen() + " positions.");
        }
        return ids;
    }

    /** Tokens in a block of this text. */
    private int length(int[] ids) {
        return Math.min(context, ids.length - 1);
    }

    /** What the tokens behind the first stand for. */
    private long bytes(int[] ids, int predicted) {
        Tokenizer tokenizer = model.tokenizer();
        long bytes = 0;
        for (int i = 1; i <= predicted; i++) {
            bytes += tokenizer.bytes(ids[i]).length;
        }
        return bytes;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    /** Speeds of blocks, from one to the next. */
    private static final class Clock {
        private final List<Double> speeds = new ArrayList<>();
        private long last = System.nanoTime();
        private long tokens;

        void block(long tokensNow) {
            long now = System.nanoTime();
            speeds.add((tokensNow - tokens) / ((now - last) * 1e-9));
            last = now;
            tokens = tokensNow;
        }
    }
}
