package org.neuralattention.bench.docs;

import java.nio.file.Path;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Generator;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Request;
import org.neuralattention.generate.Sampling;

public final class Example {
    public static void main(String[] args) throws Exception {
        try (Model model = Model.load(Path.of(args[0]))) {
            Generator generator = model.generator();
            Request request = Request.of(100).with(Sampling.of(0.8f, 42)).withStops("THE END");
            Generation night = generator.generate("It was a dark and stormy night", request, token -> System.out.print(token.text()));
            Generation day = generator.generate(" But the next morning", request, token -> System.out.print(token.text()));
            System.out.printf("%n%d and %d tokens, %.0f per second%n", night.tokens().size(), day.tokens().size(), day.tokensPerSecond());
            System.out.printf("share of a full cache held: %.2f%n", generator.session().cache().stats().kvShare());
        }
    }
}
