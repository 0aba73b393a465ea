package org.neuralattention.bench.text;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.Interrupt;
import org.neuralattention.bench.cli.SeedOption;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.kernels.Team;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * A command that trains in a folder of its own. It begins in a new one, once nothing is left that could be refused, or goes on in one that it began
 * before, with the options of then.
 */
abstract class RunCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private SeedOption seed;

    @Mixin
    private CommonOptions common;

    @Option(names = "--out", paramLabel = "DIR", description = "the folder for the model: new or empty, unless --resume is given")
    private Path out;

    @Option(names = "--resume", description = "go on with the run in --out; all other options are as it began")
    private boolean resume;

    /** What is asked. */
    abstract RunOptions options();

    /** A command of the same kind, with nothing asked yet. */
    abstract RunCommand fresh();

    /** Reads and checks all that is asked for; nothing is written. */
    abstract Work prepare(CommonOptions common, long seed) throws IOException;

    /** A run that is ready to begin or to go on. */
    interface Work {

        /** What it trains on. */
        Corpus corpus();

        /** Writes what goes with the model into the new folder. */
        void begin(Path out) throws IOException;

        /** Trains until the end, or until it is interrupted; returns the steps done. Tells what it reached. */
        long run(Path out, Team team, Interrupt interrupt) throws IOException;
    }

    @Override
    public final Integer call() throws IOException {
        if (out == null) {
            throw new UserError("--out is missing: the folder for the model.");
        }
        return resume ? resume() : begin();
    }

    private int begin() throws IOException {
        if (options().text.isEmpty()) {
            throw new UserError("--text is missing: files or folders to train on.");
        }
        checkEmpty();
        Work work = prepare(common, seed.value());
        Files.createDirectories(out);
        work.begin(out);
        RunFile.of(spec, work.corpus().checksum()).write(out);
        return run(work, options().steps);
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
        run.checkAgrees(spec, out);
        RunCommand began = CommandLine.populateCommand(fresh(), run.arguments());
        Work work = began.prepare(common, began.seed.value());
        if (!work.corpus().checksum().equals(run.text())) {
            throw new UserError("The text has changed since the run in " + out + " began; with another text it would not be the same run.");
        }
        return run(work, began.options().steps);
    }

    private int run(Work work, long steps) throws IOException {
        try (FileChannel lock = RunFile.lock(out); Team team = common.team(); Interrupt interrupt = new Interrupt()) {
            long done = work.run(out, team, interrupt);
            if (done == steps) {
                return 0;
            }
            if (common.json() != null) {
                common.json().event("interrupted").put("step", done).put("steps", steps).end();
            }
            common.err().println("Stopped after step " + done + " of " + steps + "; 'nats " + spec.name() + " --resume --out " + quoted(out) + "' goes on from there.");
            return Interrupt.EXIT_CODE;
        }
    }

    /** A path as a shell takes it. */
    static String quoted(Path path) {
        String name = path.toString();
        return name.matches("[\\w./+,@%=-]+") ? name : "\"" + name.replaceAll("[\\\\\"$`]", "\\\\$0") + "\"";
    }
}
