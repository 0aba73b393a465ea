package org.neuralattention.bench.text;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.neuralattention.bench.cli.MemoryTeller;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.convert.TokenizerFiles;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.Activations.Keep;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import org.neuralattention.train.TrainConfig;

/**
 * The model that a search begins with; its weights are not read yet.
 *
 * @param path where it is
 * @param config what it is, with the roles of the search
 * @param train the steps of the search
 * @param tokenizer its tokenizer
 * @param tokenizerPath where that is; null for beside the model
 * @param keep ALL, or INPUTS where only that fits the heap: the same bits in more time
 */
record StartModel(Path path, ModelConfig config, TrainConfig train, Tokenizer tokenizer, Path tokenizerPath, Keep keep) {

    /** Text, tokenizer, and what the kernels work in. */
    private static final long OTHER = 32L << 20;

    /** Reads what it is, and refuses what could not be trained. */
    static StartModel open(SearchOptions options, long seed) throws IOException {
        options.check();
        try (ModelFile file = ModelFile.open(options.model)) {
            ModelConfig config = file.config().withRoleSpace(options.among.space(file.config()));
            TrainConfig train = options.config(config.roleSpace(), file.config().hasRoles(), seed);
            if (config.positions() instanceof Positions.Learned && train.seqLen() > config.maxSeqLen()) {
                throw new UserError("--seq-len " + train.seqLen() + ": " + options.model + " has only " + config.maxSeqLen() + " positions.");
            }
            Tokenizer tokenizer = tokenizer(options);
            if (tokenizer.vocabSize() > config.vocabSize()) {
                throw new UserError("The tokenizer has " + tokenizer.vocabSize() + " ids, " + options.model + " only " + config.vocabSize() + ": they do not belong together.");
            }
            return new StartModel(options.model, config, train, tokenizer, options.tokenizer, keep(options, config, train));
        }
    }

    private static Tokenizer tokenizer(SearchOptions options) throws IOException {
        try {
            return Tokenizers.load(options.tokenizer == null ? options.model : options.tokenizer);
        } catch (NoSuchFileException e) {
            if (options.tokenizer != null) {
                throw e;
            }
            throw new UserError(options.model + " has no " + Path.of(e.getFile()).getFileName() + " with it; if that is the tokenizer, name one with --tokenizer.", e);
        }
    }

    private static Keep keep(SearchOptions options, ModelConfig config, TrainConfig train) {
        try {
            long all = bytes(config, train, Keep.ALL);
            if (all <= MemoryTeller.heapRoom(all)) {
                return Keep.ALL;
            }
            long least = bytes(config, train, Keep.INPUTS);
            if (least <= MemoryTeller.heapRoom(least)) {
                return Keep.INPUTS;
            }
            throw new UserError("This search takes some " + Numbers.bytes(least) + " of heap, and this JVM has room for " + Numbers.bytes(MemoryTeller.heapRoom(least))
                    + ": a smaller --batch (with --accumulation), --tune lora or scorers take less, NATS_JAVA_OPTS=-Xmx" + (least + least / 2 >> 20) + "m sets a larger one.");
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new UserError("--batch " + options.batch + " of --seq-len " + options.seqLen + " does not go: " + e.getMessage(), e);
        }
    }

    /** Of the trainer, the two lengths of a look, and what is {@link #OTHER}. */
    private static long bytes(ModelConfig config, TrainConfig train, Keep keep) {
        return SearchHeap.ofTrainer(config, train, keep) + 2 * SearchHeap.ofPass(config, train) + OTHER;
    }

    /** Its weights as float32, with fresh role scorers if it has no roles. */
    Weights weights() throws IOException {
        try (ModelFile file = ModelFile.open(path)) {
            return ModelLoader.load(path, file.as(Dtype.F32)).withRoleSpace(config.roleSpace());
        }
    }

    /** Writes tokenizer and chat template into a folder. */
    void saveTokenizer(Path folder) throws IOException {
        try (ModelFile file = ModelFile.open(path)) {
            TokenizerFiles.save(file, tokenizer, tokenizerPath == null, folder);
        } catch (IllegalArgumentException e) {
            throw new UserError("The tokenizer cannot be saved with the model: " + e.getMessage() + ".", e);
        }
    }

    /** Writes the model that it has become, without losing what its config.json said beside. */
    void save(Weights searched, Path folder) throws IOException {
        try (ModelFile file = ModelFile.open(path)) {
            ModelSource source = ModelSource.of(searched);
            ModelWriter.save(folder, source, TokenizerFiles.config(file, source), ModelWriter.SHARD_BYTES);
        }
    }
}
