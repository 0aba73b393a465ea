package org.neuralattention.bench.text;

import java.nio.file.Path;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.JsonLines;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.train.Evaluation;

/** What {@code nats train} prints beside its progress. */
final class TrainReport {

    private TrainReport() {}

    static void begin(CommonOptions common, ModelConfig model, Corpus corpus, long steps) {
        JsonLines json = common.json();
        long heldOut = corpus.heldOut().stream().mapToLong(ids -> ids.length).sum();
        if (json != null) {
            json.event("begin").put("parameters", model.parameters()).put("trainingTokens", corpus.training().length)
                    .put("heldOutTokens", heldOut).put("steps", steps).end();
            return;
        }
        common.out().println("A model of " + Numbers.compact(model.parameters()) + " parameters, roles: "
                + (model.hasRoles() ? model.roleSpace() : "none") + "; "
                + corpus.training().length + " tokens to train on, " + heldOut + " held out."
                + (steps == 0 ? "" : " Goes on after step " + steps + "."));
        common.out().flush();
    }

    static void look(CommonOptions common, long steps, Evaluation.Result result) {
        JsonLines json = common.json();
        if (json != null) {
            json.event("evaluation").put("step", steps).put("nll", result.nll()).put("tokens", result.tokens()).put("kvShare", result.share()).end();
            return;
        }
        common.out().printf("step %d: held-out loss %s, KV %s%n", steps, Numbers.fixed(result.nll(), 4), Numbers.percent(result.share()));
        common.out().flush();
    }

    /** @param bigram of the bytes that {@code heldOut} is of */
    static void end(CommonOptions common, Path directory, Evaluation.Result heldOut, BigramEntropy bigram) {
        double nllPerByte = heldOut.nll() * heldOut.tokens() / bigram.bytes();
        JsonLines json = common.json();
        if (json != null) {
            json.event("done").put("model", directory.toString()).put("nll", heldOut.nll()).put("tokens", heldOut.tokens())
                    .put("nllPerByte", nllPerByte).put("bytes", bigram.bytes()).put("bigramSmoothed", bigram.smoothed())
                    .put("bigramPlugIn", bigram.plugIn()).put("belowBigram", nllPerByte < bigram.strictest())
                    .put("kvShare", heldOut.share()).end();
            return;
        }
        common.out().printf("""

                held-out loss        %s nats per token, %s per byte (%d bytes)
                bigram entropy       %s nats per byte, of the same bytes: the smaller of
                  %s  a bigram model of the training text, each pair counted once more than seen
                  %s  the conditional entropy of the held-out bytes under their own counts
                KV share             %s
                model                %s
                """, Numbers.fixed(heldOut.nll(), 4), Numbers.fixed(nllPerByte, 4), bigram.bytes(),
                Numbers.fixed(bigram.strictest(), 4), Numbers.fixed(bigram.smoothed(), 4), Numbers.fixed(bigram.plugIn(), 4),
                Numbers.percent(heldOut.share()), directory);
        common.out().println(nllPerByte < bigram.strictest()
                ? "The model is below the bigram entropy: it has learned more than pairs of bytes."
                : "The model is not below the bigram entropy: it needs more steps, or a larger size.");
    }
}
