package org.neuralattention.bench.evaluate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.tasks.BookText;
import org.neuralattention.bench.tasks.PlantedFacts;
import org.neuralattention.bench.tasks.Task;
import org.neuralattention.generate.Perplexity;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;

/**
 * What one model is asked. Whatever does not fit is found here, before any weights are read.
 *
 * @param path of the model
 * @param name for tables
 * @param trials in the order of the user's tasks, for each context
 * @param sample beginning of what the first trial asks
 */
record Plan(Path path, String name, ModelConfig config, List<Trial> trials, Sample sample) {

    /** Tokens whose roles are shown. */
    private static final int SAMPLE = 512;

    /**
     * What the user wants, of every model.
     *
     * @param budgets as the user named them, and the shares they stand for; NaN for as many bytes as the roles hold
     * @param texts by name
     */
    record Wish(List<TaskChoice> tasks, List<PolicyChoice> policies, Map<String, Double> budgets, Map<String, String> texts, Path tokenizer,
            List<Integer> contexts, int sequences, int seeds) {}

    /**
     * Tokens to look at.
     *
     * @param words what they stand for
     */
    record Sample(String source, int[] ids, List<String> words) {}

    /** @throws UserError if the model can't be asked what the user wants */
    static Plan of(Path path, String name, Wish wish) throws IOException {
        ModelConfig config = ModelLoader.config(path);
        Tokenizer tokenizer = null;
        if (!wish.texts().isEmpty()) {
            tokenizer = Tokenizers.load(wish.tokenizer() == null ? path : wish.tokenizer());
            if (tokenizer.vocabSize() > config.vocabSize()) {
                throw new UserError("The tokenizer of " + path + " has " + tokenizer.vocabSize() + " ids, the model only " + config.vocabSize() + ".");
            }
        }
        Builder builder = new Builder(path, config, tokenizer, wish);
        List<Trial> trials = builder.trials();
        return new Plan(path, name, config, trials, builder.sample(trials.getFirst()));
    }

    private record Builder(Path path, ModelConfig config, Tokenizer tokenizer, Wish wish) {

        List<Trial> trials() {
            List<Trial> trials = new ArrayList<>();
            for (TaskChoice choice : wish.tasks()) {
                for (int context : wish.contexts()) {
                    if (config.positions() instanceof ModelConfig.Positions.Learned && context > config.maxSeqLen()) {
                        throw new UserError("--context " + context + ": " + path + " has only " + config.maxSeqLen() + " positions.");
                    }
                    trials.addAll(trials(choice, context));
                }
            }
            trials.removeIf(trial -> trial.cells().isEmpty());
            if (trials.isEmpty()) {
                throw new UserError("Nothing is left to run on " + path + ": learned, random and the budget 'roles' need a model with roles, snapkv and oracle a task with questions.");
            }
            return trials;
        }

        private List<Trial> trials(TaskChoice choice, int context) {
            return switch (choice.kind()) {
                case TEXT -> wish.texts().entrySet().stream().map(text -> text(choice, text.getKey(), text.getValue(), context)).toList();
                case FACTS -> List.of(facts(choice, context));
                default -> {
                    Task task = built(choice, context, () -> choice.task(context));
                    if (task.vocabSize() > config.vocabSize()) {
                        throw new UserError("--tasks " + choice + " uses " + task.vocabSize() + " ids, but " + path + " knows only " + config.vocabSize() + ".");
                    }
                    yield List.of(trial(choice, task.name(), task, context, wish.sequences()));
                }
            };
        }

        private Trial text(TaskChoice choice, String name, String text, int context) {
            int[] ids = tokenizer.encodeBeginning(text);
            int blocks = Perplexity.blocks(ids.length, context, wish.sequences());
            if (blocks == 0) {
                throw new UserError(name + " has only " + ids.length + " tokens: too few for --context " + context + " and the token behind.");
            }
            Task task = new BookText(name + " in " + context, tokenizer.vocabSize(), new int[0], List.of(ids), context);
            return trial(choice, task.name(), task, context, blocks);
        }

        private Trial facts(TaskChoice choice, int context) {
            int[] ids = wish.texts().values().stream().map(tokenizer::encode).flatMapToInt(Arrays::stream).toArray();
            PlantedFacts task = built(choice, context, () -> {
                PlantedFacts facts = new PlantedFacts(tokenizer, ids, ids, choice.size(), context);
                for (int i = 0; i < wish.seeds() * wish.sequences(); i++) {
                    facts.example(i / wish.sequences(), i % wish.sequences()); // names of many tokens need more room
                }
                return facts;
            });
            return trial(choice, task.name(), task, context, wish.sequences());
        }

        private static <T> T built(TaskChoice choice, int context, Supplier<T> task) {
            try {
                return task.get();
            } catch (IllegalArgumentException e) {
                throw new UserError("--tasks " + choice + " with --context " + context + ": " + e.getMessage() + ".", e);
            }
        }

        private Trial trial(TaskChoice choice, String name, Task task, int context, int sequences) {
            boolean asks = choice.kind() != TaskChoice.Kind.TEXT;
            boolean roles = config.hasRoles();
            int draws = asks ? wish.seeds() : 1;
            boolean looksAtRoles = wish.policies().contains(PolicyChoice.LEARNED) || wish.policies().contains(PolicyChoice.RANDOM)
                    || wish.budgets().containsValue(Double.NaN) && wish.policies().stream().anyMatch(PolicyChoice::hasBudget);
            List<Trial.Cell> cells = new ArrayList<>();
            for (PolicyChoice policy : List.of(PolicyChoice.FULL, PolicyChoice.LEARNED, PolicyChoice.RANDOM)) {
                boolean wanted = policy == PolicyChoice.LEARNED ? looksAtRoles : wish.policies().contains(policy);
                if (wanted && (roles || !policy.needsRoles())) {
                    cells.add(new Trial.Cell(policy, "", Double.NaN, policy == PolicyChoice.RANDOM ? wish.seeds() : draws));
                }
            }
            wish.budgets().forEach((budget, share) -> {
                for (PolicyChoice policy : wish.policies()) {
                    if (policy.hasBudget() && (asks || !policy.needsQuestions()) && (roles || !Double.isNaN(share))) {
                        cells.add(new Trial.Cell(policy, budget, share, draws));
                    }
                }
            });
            return new Trial(choice, name, task, context, sequences, List.copyOf(cells));
        }

        Sample sample(Trial trial) {
            int[] ids = trial.task().example(0, 0).ids();
            int[] first = Arrays.copyOf(ids, Math.min(SAMPLE, ids.length));
            boolean text = trial.choice().kind().ofText();
            List<String> words = Arrays.stream(first).mapToObj(id -> text ? tokenizer.decode(id) : id + " ").toList();
            return new Sample(trial.name(), first, words);
        }
    }
}
