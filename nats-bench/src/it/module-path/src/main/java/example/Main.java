package example;

import java.util.Arrays;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Request;
import org.neuralattention.generate.Sampling;
import org.neuralattention.kernels.Kernels;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.train.Init;

/** Lets a tiny random model write; fails unless all of it runs in named modules and on vector kernels. */
public final class Main {

    public static void main(String[] args) {
        Weights weights = new Weights(ModelConfig.llama(256, 32, 2, 4, 2, 64, 512).withRoleWindows(4));
        Init.LIVELY.apply(weights, 1, Team.serial());
        try (Model model = new Model(weights, new ByteTokenizer(), Team.of(2))) {
            Generation story = model.generator().generate("It was", Request.of(20).with(Sampling.GREEDY));
            System.out.println("kernels: " + Kernels.describe() + "; tokens: " + Arrays.toString(story.ids()));
            check(story.tokens().size() == 20, "20 tokens were asked for");
        }
        for (Class<?> type : new Class<?>[] {Main.class, Model.class, Kernels.class}) {
            check(type.getModule().isNamed(), type + " is in no named module");
        }
        check(Kernels.vector(), "the vector kernels were to run");
    }

    private static void check(boolean holds, String promise) {
        if (!holds) {
            throw new AssertionError(promise);
        }
    }
}
