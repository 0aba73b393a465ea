package example;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Request;
import org.neuralattention.generate.Sampling;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Kernels;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.train.Init;

/** Writes a tiny model, loads it and lets it write; fails where other kernels run than the second argument says, or with other than the one warning. */
public final class Main {

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        boolean vector = args[1].equals("vector");
        List<String> warnings = listen();
        write(folder);

        try (Model model = Model.load(folder)) {
            Generation story = model.generator().generate("It was", Request.of(20).with(Sampling.GREEDY));
            System.out.println("kernels: " + Kernels.describe() + "; tokens: " + Arrays.toString(story.ids()) + "; warnings: " + warnings);
            check(story.tokens().size() == 20, "20 tokens were asked for");
        }
        check(Kernels.vector() == vector, "the kernels were to be " + args[1]);
        check(warnings.size() == (vector ? 0 : 1), "one warning is due where plain loops run, and none where vector kernels do");
        check(vector || warnings.getFirst().contains("--add-modules jdk.incubator.vector"), "the warning says which flag is missing");
    }

    /** A model of random weights whose tokens are bytes, with a role window of 4. */
    private static void write(Path folder) throws IOException {
        Weights weights = new Weights(ModelConfig.llama(256, 32, 2, 4, 2, 64, 512).withRoleWindows(4));
        Init.LIVELY.apply(weights, 1, Team.serial());
        ModelWriter.save(folder, weights);
        new ByteTokenizer().save(folder);
    }

    /** What is logged from now on. */
    private static List<String> listen() {
        List<String> messages = new ArrayList<>();
        Logger.getLogger("").addHandler(new Handler() {
            @Override
            public void publish(LogRecord log) {
                messages.add(log.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        return messages;
    }

    private static void check(boolean holds, String promise) {
        if (!holds) {
            throw new AssertionError(promise);
        }
    }
}
