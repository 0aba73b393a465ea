package org.neuralattention.bench.results;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.neuralattention.bench.cli.Interrupt;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.tasks.PlantedFacts;
import org.neuralattention.convert.TokenizerFiles;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import org.neuralattention.train.Checkpoint;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.Trainer;

/** Teaches the model of books to recall planted facts, with full attention: {@link FactLessons}. */
record TeachJob(FactQuestion.Size size) implements Job {

    private static final long SEED = 1;
    private static final int CHECKPOINT_EVERY = 50;

    @Override
    public String name() {
        return "facts-taught";
    }

    @Override
    public String command(Place place) {
        return "lessons until books-llama recalls " + size.facts() + " facts in " + size.length() + " tokens, with full attention";
    }

    @Override
    public String run(Place place) throws IOException {
        Path folder = place.folder(name());
        Path start = place.model("books-llama");
        Files.createDirectories(folder);
        Stopwatch watch = new Stopwatch(place.out().resolve(name() + ".seconds"));
        Tokenizer tokenizer = Tokenizers.load(start);
        FactLessons lessons = lessons(place, tokenizer);
        try (Team team = Team.of(Runtime.getRuntime().availableProcessors()); Interrupt interrupt = new Interrupt(); ModelFile file = ModelFile.open(start)) {
            Weights weights = ModelLoader.load(start, file.as(Dtype.F32));
            Trainer trainer = new Trainer(weights, lessons.at(0).config(), team);
            Optional<Checkpoint> checkpoint = Checkpoint.newest(folder.resolve("checkpoints"));
            if (checkpoint.isPresent()) {
                checkpoint.get().restore(trainer);
            }
            train(trainer, lessons, folder.resolve("checkpoints"), place, interrupt);
            watch.keep();
            if (trainer.steps() < lessons.steps()) {
                return null;
            }
            TokenizerFiles.save(file, tokenizer, true, folder);
            ModelWriter.save(folder, weights);
        }
        return place.ask(this, watch.seconds(), BookScore.command(place, folder),
                FactScore.command(place, folder, size, "full,window,sink,h2o,tova,snapkv", "0.2,0.1"));
    }

    private FactLessons lessons(Place place, Tokenizer tokenizer) throws IOException {
        List<String> books = new ArrayList<>();
        try (Stream<Path> files = Files.list(place.book("train"))) {
            for (Path file : files.sorted().toList()) {
                books.add(Files.readString(file));
            }
        }
        int[] ids = books.stream().map(tokenizer::encode).flatMapToInt(Arrays::stream).toArray();
        FactLessons lessons = FactLessons.of(new PlantedFacts(tokenizer, ids, ids, size.facts(), size.length()), ids, SEED);
        return place.quick() ? lessons.shortened(2, 1) : lessons;
    }

    /** To the end, or until it is interrupted; a checkpoint holds where it stands. */
    private void train(Trainer trainer, FactLessons lessons, Path checkpoints, Place place, Interrupt interrupt) throws IOException {
        try (Progress bar = Progress.of(name(), lessons.steps(), null, place.err()).from(trainer.steps())) {
            while (trainer.steps() < lessons.steps() && !interrupt.requested()) {
                StepReport step = lessons.step(trainer);
                bar.update(trainer.steps(), new Progress.Values(step.loss(), Double.NaN, Double.NaN, step.tokensPerSecond(), step.share()));
                if (trainer.steps() % CHECKPOINT_EVERY == 0 || trainer.steps() == lessons.steps() || interrupt.requested()) {
                    Checkpoint.save(checkpoints, trainer);
                }
            }
        }
    }
}
