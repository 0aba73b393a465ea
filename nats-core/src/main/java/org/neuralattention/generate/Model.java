package org.neuralattention.generate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.neuralattention.cache.KvCache;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;

/**
 * A model ready for use: weights, tokenizer, and the threads it works with.
 * <pre>{@code
 * try (Model model = Model.load(Path.of("my-model"))) {
 *     Generation story = model.generator().generate("Once upon a time", Request.of(100));
 *     System.out.println(story.text());
 * }
 * }</pre>
 * Any number of sessions may be open at once, each used by one thread at a time; those of different threads take turns, a token or a piece of
 * a prompt each.
 */
public final class Model implements AutoCloseable {

    /**
     * How to load.
     *
     * @param dtype the form of the weights in memory; null keeps them as the file has them
     * @param threads to work with; results do not depend on it
     * @param tokenizer where the tokenizer is; null for beside the model
     */
    public record Options(Dtype dtype, int threads, Path tokenizer) {

        /** As stored, with a thread for each core. */
        public static final Options DEFAULT = new Options(null, Runtime.getRuntime().availableProcessors(), null);

        public Options with(Dtype dtype) {
            return new Options(dtype, threads, tokenizer);
        }

        public Options withThreads(int threads) {
            return new Options(dtype, threads, tokenizer);
        }

        public Options withTokenizer(Path tokenizer) {
            return new Options(dtype, threads, tokenizer);
        }
    }

    private final Transformer transformer;
    private final Tokenizer tokenizer;
    private final String chatTemplate; // or null

    /**
     * Of what is in memory already; closing the model closes the team.
     *
     * @throws IllegalArgumentException if the tokenizer has more ids than the model
     */
    public Model(Weights weights, Tokenizer tokenizer, Team team) {
        this(weights, tokenizer, null, team);
    }

    private Model(Weights weights, Tokenizer tokenizer, String chatTemplate, Team team) {
        if (tokenizer.vocabSize() > weights.config().vocabSize()) {
            throw new IllegalArgumentException(misfit(tokenizer, weights.config()));
        }
        this.tokenizer = tokenizer;
        this.chatTemplate = chatTemplate;
        this.transformer = new Transformer(weights, Objects.requireNonNull(team, "team"));
    }

    private static String misfit(Tokenizer tokenizer, ModelConfig config) {
        return "the tokenizer has " + tokenizer.vocabSize() + " ids, the model only " + config.vocabSize() + ": they do not belong together";
    }

    /** As stored, with a thread for each core. */
    public static Model load(Path path) throws IOException {
        return load(path, Options.DEFAULT);
    }

    /**
     * Reads a model and its tokenizer. What is wrong with the tokenizer is found before the weights are read.
     *
     * @param path what {@link ModelFile#open} takes, of any format
     * @throws ModelFormatException if a file is malformed, or asks for something that is not supported
     * @throws java.nio.file.NoSuchFileException if there is no tokenizer
     * @throws IOException if a file cannot be read
     */
    public static Model load(Path path, Options options) throws IOException {
        Path beside = options.tokenizer() == null ? path : options.tokenizer();
        try (ModelFile file = ModelFile.open(path)) {
            Tokenizer tokenizer = Tokenizers.load(beside);
            if (tokenizer.vocabSize() > file.config().vocabSize()) {
                throw new ModelFormatException(beside, misfit(tokenizer, file.config()));
            }
            Team team = Team.of(options.threads());
            Weights weights = ModelLoader.load(path, options.dtype() == null ? file : file.as(options.dtype()));
            return new Model(weights, tokenizer, file.chatTemplate().orElse(null), team);
        }
    }

    public ModelConfig config() {
        return transformer.config();
    }

    public Weights weights() {
        return transformer.weights();
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The template of a conversation's text, in Jinja, if one comes with the model. */
    public Optional<String> chatTemplate() {
        return Optional.ofNullable(chatTemplate);
    }

    public Transformer transformer() {
        return transformer;
    }

    /** A new sequence with the model's own roles, if it has any, and a cache without limit. */
    public Session session() {
        return new Session(transformer);
    }

    /**
     * A new sequence.
     *
     * @param kvDtype the form in which keys and values are kept
     * @param kvBudget most bytes the cache may take; {@link Long#MAX_VALUE} for no limit
     */
    public Session session(KvDtype kvDtype, long kvBudget) {
        RoleChoice choice = config().hasRoles() ? RoleChoice.BEST : RoleChoice.FULL;
        int piece = kvBudget == Long.MAX_VALUE ? Session.PIECE : Session.BUDGET_PIECE;
        return new Session(transformer, KvCache.of(config(), kvDtype, kvBudget), choice, piece);
    }

    /** Of a new {@link #session()}. */
    public Generator generator() {
        return generator(session());
    }

    /** Of a session of this model. */
    public Generator generator(Session session) {
        return new Generator(session, tokenizer);
    }

    /** Ends the threads; sessions cannot be used any more. */
    @Override
    public void close() {
        transformer.team().close();
    }
}
