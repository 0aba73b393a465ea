package org.neuralattention.bench.text;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.Interrupt;
import org.neuralattention.bench.cli.SeedOption;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import org.neuralattention.train.TrainConfig;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a model on texts, from scratch; what is interrupted can be resumed, to the same bits. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        header = "Trains a model whose tokens learn their roles, on your own text.",
        description = "The folder then holds config.json, model.safetensors and tokenizer.json, for 'nats generate' and 'nats inspect'."
                + " Ctrl-C saves a checkpoint; --resume goes on from the newest one, and the result is the same to the bit.",
        optionListHeading = "%nOptions (defaults in brackets):%n",
        footer = {"", "Examples:", "  nats train --text books/ --out my-model", "  nats train --resume --out my-model",
            "  nats train --text a.txt --valid b.txt --out my-model --windows 16,64 --price 1"})
public final class TrainCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private TrainOptions options;

    @Mixin
    private SeedOption seed;

    @Mixin
    private CommonOptions common;

    @Option(names = "--out", paramLabel = "DIR", description = "the folder for the model: new or empty, unless --resume is given")
    private Path out;

    @Option(names = "--resume", description = "go on with the run in --out; all other options are as it began")
    private boolean resume;

    @Override
    public Integer call() throws IOException {
        if (out == null) {
            throw new UserError("--out is missing: the folder for the model.");
        }
        return resume ? resume() : begin();
    }

    private int begin() throws IOException {
        if (options.text.isEmpty()) {
            throw new UserError("--text is missing: files or folders to train on.");
        }
        checkEmpty();
        TrainConfig config = options.config(seed.value());
        Corpus corpus = corpus(options);
        ModelConfig model = options.model(corpus.tokenizer().vocabSize());
        Files.createDirectories(out);
        try {
            corpus.tokenizer().save(out);
        } catch (IllegalArgumentException e) {
            throw new UserError("The tokenizer cannot be saved with the model: " + e.getMessage() + ".");
        }
        RunFile.of(spec, corpus.checksum()).write(out);
        return run(options, corpus, model, config);
    }

    private void checkEmpty() throws IOException {
        if (!Files.exists(out)) {
            return;
        }
        if (!Files.isDirectory(out)) {
            throw new UserError("--out " + out + " is a file, not a folder.");
        }
        try (Stream<Path> inside = Files.list(out)) {
            if (inside.findAny().isPresent()) {
                throw new UserError("The folder " + out + " is not empty: choose another one"
                        + (Files.exists(out.resolve(RunFile.NAME)) ? ", or go on with the run in it with --resume." : "."));
            }
        }
    }

    private int resume() throws IOException {
        RunFile run = RunFile.read(out);
        run.checkAgrees(spec);
        TrainCommand began = CommandLine.populateCommand(new TrainCommand(), run.arguments());
        TrainConfig config = began.options.config(began.seed.value());
        Corpus corpus = corpus(began.options);
        if (!corpus.checksum().equals(run.text())) {
            throw new UserError("The text has changed since the run in " + out + " began; with another text it would not be the same run.");
        }
        return run(began.options, corpus, began.options.model(corpus.tokenizer().vocabSize()), config);
    }

    private static Corpus corpus(TrainOptions options) throws IOException {
        Tokenizer tokenizer = options.tokenizer == null ? new ByteTokenizer() : Tokenizers.load(options.tokenizer);
        Corpus corpus = Corpus.read(options.text, options.valid, tokenizer);
        int heldOut = corpus.heldOut().stream().mapToInt(ids -> ids.length).sum();
        checkLength("The text to train on", corpus.training().length, options.seqLen);
        checkLength("The held-out text", heldOut, options.seqLen);
        return corpus;
    }

    private static void checkLength(String what, int tokens, int seqLen) {
        if (tokens <= seqLen) {
            throw new UserError(what + " has " + tokens + " tokens: too short for --seq-len " + seqLen + " and the token after.");
        }
    }

    private int run(TrainOptions options, Corpus corpus, ModelConfig model, TrainConfig config) throws IOException {
        try (FileChannel lock = RunFile.lock(out); Team team = common.team(); Interrupt interrupt = new Interrupt()) {
            TrainingRun run = new TrainingRun(out, corpus, options, model, config, team);
            TrainReport.begin(common, model, corpus, run.steps());
            Optional<TrainingRun.Outcome> outcome = run.run(common, interrupt::requested);
            if (outcome.isEmpty()) {
                TrainReport.interrupted(common, out, run.steps(), options.steps);
                return Interrupt.EXIT_CODE;
            }
            TrainReport.end(common, out, outcome.get());
            return 0;
        }
    }
}
