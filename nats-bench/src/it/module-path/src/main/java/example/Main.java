package example;

import java.util.Arrays;
import org.neuralattention.generate.Generator;
import org.neuralattention.generate.Sampler;
import org.neuralattention.generate.Sampling;
import org.neuralattention.generate.Session;
import org.neuralattention.kernels.Kernels;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.train.Init;

/** Lets a tiny random model write; fails unless all of it runs in named modules and on vector kernels. */
public final class Main {

    public static void main(String[] args) {
        try (Team team = Team.of(2)) {
            Weights weights = new Weights(ModelConfig.llama(256, 32, 2, 4, 2, 64, 512).withRoleWindows(4));
            Init.LIVELY.apply(weights, 1, team);
            Session session = new Session(new Transformer(weights, team));
            int[] tokens = Generator.generate(session, new Sampler(Sampling.GREEDY), new int[] {73, 116, 32}, 20, null);

            System.out.println("kernels: " + Kernels.describe() + "; tokens: " + Arrays.toString(tokens));
            check(tokens.length == 20, "20 tokens were asked for");
        }
        for (Class<?> type : new Class<?>[] {Main.class, Session.class, Kernels.class}) {
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
