package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.neuralattention.chat.ChatTemplate;
import org.neuralattention.chat.Message;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.AddedToken;
import org.neuralattention.tokenize.Boundaries;
import org.neuralattention.tokenize.BpeModel;
import org.neuralattention.tokenize.BpeTokenizer;
import org.neuralattention.train.Init;
import org.neuralattention.train.TokenSource;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Trainer;

/** A chat model of bytes that knows two questions, trained in a few seconds. */
final class ChatModel {

    static final Map<String, String> ANSWERS = Map.of("hi", "Hello!", "bye", "See you.");

    static final String TEMPLATE = """
            {%- for message in messages %}
                {%- if message.role not in ['user', 'assistant'] %}
                    {{- raise_exception('I know only users and assistants') }}
                {%- endif %}
                {{- '<|im_start|>' + message.role[:1] + ' ' + message.content + '<|im_end|>' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|im_start|>a ' }}
            {%- endif %}
            """;

    private static final int START = 256;
    private static final int END = 257;

    private ChatModel() {}

    static void save(Path folder) throws IOException {
        BpeTokenizer tokenizer = tokenizer();
        ModelWriter.save(folder, trained(tokenizer));
        tokenizer.save(folder);
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
    }

    private static BpeTokenizer tokenizer() {
        Map<String, Integer> vocab = new HashMap<>();
        int others = 0;
        for (int b = 0; b < 256; b++) { // GPT-2's alphabet
            boolean shown = b >= '!' && b <= '~' || b >= 0xa1 && b != 0xad;
            vocab.put(String.valueOf((char) (shown ? b : 256 + others++)), b);
        }
        List<AddedToken> added = List.of(new AddedToken(START, "<|im_start|>", true), new AddedToken(END, "<|im_end|>", true));
        return new BpeTokenizer(new BpeModel(vocab, List.of(), added), new Boundaries(OptionalInt.empty(), false, List.of(END)));
    }

    private static Weights trained(BpeTokenizer tokenizer) {
        Weights weights = new Weights(ModelConfig.llama(258, 32, 2, 2, 1, 64, 2048));
        Team team = Team.serial();
        Init.LIVELY.apply(weights, 1, team);
        int steps = 180;
        Trainer trainer = new Trainer(weights, TrainConfig.of(4, 48, steps, 1e-2), team);
        for (int step = 0; step < steps; step++) {
            trainer.step(source(tokenizer));
        }
        return weights;
    }

    /** Conversations of random questions; only answers and their ends are asked. */
    private static TokenSource source(BpeTokenizer tokenizer) {
        ChatTemplate template = ChatTemplate.of("test", TEMPLATE, tokenizer);
        return (ids, targets, offset, step, row, seqLen) -> {
            Random random = new Random(step * 1000 + row);
            List<Message> messages = new ArrayList<>();
            int[] conversation = {};
            Arrays.fill(targets, offset, offset + seqLen, TokenSource.NOT_ASKED);
            while (conversation.length <= seqLen) {
                String question = random.nextBoolean() ? "hi" : "bye";
                messages.add(Message.user(question));
                int answerFrom = template.render(messages, true).encode(tokenizer).length;
                messages.add(Message.assistant(ANSWERS.get(question)));
                conversation = template.render(messages, false).encode(tokenizer);
                for (int i = answerFrom; i < Math.min(conversation.length, seqLen + 1); i++) {
                    targets[offset + i - 1] = conversation[i];
                }
            }
            System.arraycopy(conversation, 0, ids, offset, seqLen);
        };
    }
}
