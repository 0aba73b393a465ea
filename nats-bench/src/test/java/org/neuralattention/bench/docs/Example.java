package org.neuralattention.bench.docs;

import java.nio.file.Path;
import org.neuralattention.generate.Generator;
import org.neuralattention.generate.Sampler;
import org.neuralattention.generate.Sampling;
import org.neuralattention.generate.Session;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Transformer;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;

public final class Example {
    public static void main(String[] args) throws Exception {
        Path model = Path.of(args[0]); // config.json, model.safetensors, tokenizer.json
        Tokenizer tokenizer = Tokenizers.load(model);
        try (Team team = Team.of(Runtime.getRuntime().availableProcessors())) {
            Session session = new Session(new Transformer(ModelLoader.load(model), team));
            Sampler sampler = new Sampler(Sampling.of(0.8f, 42));
            int[] prompt = tokenizer.encode("It was a dark and stormy night");
            int[] tokens = Generator.generate(session, sampler, prompt, 100, null);
            System.out.println(tokenizer.decode(tokens));
            System.out.printf("share of a full cache held: %.2f%n", session.cache().stats().kvShare());
        }
    }
}
