package org.neuralattention.bench.results;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.neuralattention.bench.cli.Interrupt;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.tasks.PlantedFacts;
import org.neuralattention.bench.tasks.TaskScore;
import org.neuralattention.convert.TokenizerFiles;
import org.neuralattention.eval.FullCache;
import org.neuralattention.eval.Roles;
import org.neuralattention.io.Json;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import org.neuralattention.train.Checkpoint;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.Trainer;

/**
 * books-llama is taught to recall planted facts, or roles are searched for the model that was ({@link FactLessons}); the folder then holds the model. Goes on where
 * it was interrupted.
 *
 * @param share the KV share to search for; 1 to teach, with full attention
 * @param seed of the search; of the lessons it is always 1
 */
record FactsJob(double share, int seed) implements Job {

    private static final RoleSpace SPACE = RoleSpace.of(16, 64, 256);

    private static final int CHECKPOINT_EVERY = 50;
    private static final long HELD_OUT = 7; // a task shares no draw between what is held out and any training's seed
    private static final int SEQUENCES = 32;

    /** The lessons. */
    static FactsJob teach() {
        return new FactsJob(1, 1);
    }

    private boolean teaches() {
        return share == 1;
    }

    @Override
    public String name() {
        return teaches() ? "facts" : "facts-" + Math.round(100 * share) + "-seed" + seed;
    }

    @Override
    public String command(Place place) {
        return teaches() ? "recall of planted facts, taught to books-llama" : "roles at " + Numbers.percent(share) + " for it, seed " + seed;
    }

    @Override
    public String run(Place place) throws IOException {
        Path folder = place.folder(name());
        Path start = teaches() ? place.model("books-llama") : place.folder(teach().name());
        Tokenizer tokenizer = Tokenizers.load(start);
        int[] book = text(tokenizer, place.book("train"));
        PlantedFacts task = new PlantedFacts(tokenizer, book, text(tokenizer, BookScore.ends(place).stream().map(Path::of).toArray(Path[]::new)), 8, 1024);
        FactLessons all = teaches() ? FactLessons.teach(task, book, seed) : FactLessons.search(task, share, seed);
        FactLessons lessons = place.quick() ? all.shortened(1, 1) : all;
        Stopwatch watch = new Stopwatch(place.out().resolve(name() + ".seconds"));
        TaskScore recall;
        try (ModelFile file = ModelFile.open(start); Team team = Team.of(Runtime.getRuntime().availableProcessors())) {
            Weights weights = ModelLoader.load(start, Dtype.F32);
            Trainer trainer = new Trainer(teaches() ? weights : weights.withRoleSpace(SPACE), lessons.at(0).config(), team);
            boolean ended = train(trainer, lessons, folder.resolve("checkpoints"), place);
            watch.keep();
            if (!ended) {
                return null;
            }
            save(file, tokenizer, trainer.weights(), folder);
            recall = recall(trainer.transformer(), task, place);
        }
        String scores = place.ask(BookScore.command(place, folder));
        return scores == null ? null : lines(place, watch, recall) + scores;
    }

    /** All its files, one after the other. */
    private static int[] text(Tokenizer tokenizer, Path... files) throws IOException {
        IntStream ids = IntStream.empty();
        for (Path path : files) {
            try (Stream<Path> inside = Files.isDirectory(path) ? Files.list(path) : Stream.of(path)) {
                for (Path file : inside.sorted().toList()) {
                    ids = IntStream.concat(ids, Arrays.stream(tokenizer.encodeBeginning(Files.readString(file))));
                }
            }
        }
        return ids.toArray();
    }

    /** Returns whether it came to the end. */
    private boolean train(Trainer trainer, FactLessons lessons, Path checkpoints, Place place) throws IOException {
        if (Files.isDirectory(checkpoints)) {
            Optional<Checkpoint> newest = Checkpoint.newest(checkpoints);
            if (newest.isPresent()) {
                newest.get().restore(trainer);
            }
        }
        try (Interrupt interrupt = new Interrupt(); Progress bar = Progress.of(name(), lessons.steps(), null, place.err()).from(trainer.steps())) {
            while (trainer.steps() < lessons.steps() && !interrupt.requested()) {
                StepReport step = lessons.step(trainer);
                bar.update(trainer.steps(), new Progress.Values(step.loss(), Double.NaN, Double.NaN, step.tokensPerSecond(), step.bestShare(), step.price()));
                if (trainer.steps() % CHECKPOINT_EVERY == 0 || trainer.steps() == lessons.steps() || interrupt.requested()) {
                    Checkpoint.save(checkpoints, trainer);
                }
            }
        }
        return trainer.steps() == lessons.steps();
    }

    private static void save(ModelFile file, Tokenizer tokenizer, Weights weights, Path folder) throws IOException {
        TokenizerFiles.save(file, tokenizer, true, folder);
        ModelSource source = ModelSource.of(weights);
        ModelWriter.save(folder, source, TokenizerFiles.config(file, source), ModelWriter.SHARD_BYTES);
    }

    private TaskScore recall(Transformer model, PlantedFacts task, Place place) {
        return task.evaluate(model, teaches() ? new FullCache() : Roles.learned(), HELD_OUT, place.quick() ? 1 : SEQUENCES, ignored -> {});
    }

    private String lines(Place place, Stopwatch watch, TaskScore recall) {
        Map<String, Object> job = new LinkedHashMap<>();
        job.put("event", "job");
        job.put("command", command(place));
        job.put("seconds", watch.seconds());
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("event", "facts");
        facts.put("questions", recall.asked());
        facts.put("recall", recall.value());
        facts.put("kvShare", recall.use().share());
        facts.put("meanBytes", recall.use().meanBytes());
        return Json.compact(job) + "\n" + Json.compact(facts) + "\n";
    }
}
