package org.neuralattention.bench.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.neuralattention.bench.jmh.SmolLm;
import org.neuralattention.bench.peers.Contest.Comparison;
import org.neuralattention.bench.result.Goal;
import org.neuralattention.bench.result.Work;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Session;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;

/** A whole model in float32, SmolLM-135M's shape with random weights: prefill of a prompt, and decoding behind it. All engines read the same file. */
final class ModelContests {

    private static final int PROMPT = 512;
    private static final int CONTEXT = 128;

    /** Tokens of one call. */
    private static final int DECODED = 4;

    /** Errors of thirty layers add up as those of about so many terms. */
    private static final double TERMS = 1e6;

    private static final double GOAL = 2;

    private ModelContests() {}

    /** @param folder where the model is, or will be written */
    static List<Contest> of(List<ModelPeer> peers, Path folder, int threads) {
        List<Contest> contests = new ArrayList<>();
        if (!peers.isEmpty()) {
            contests.add(contest(peers, folder, SmolLm.CONFIG, "prefill", PROMPT, threads));
            contests.add(contest(peers, folder, SmolLm.CONFIG, "decode", CONTEXT, threads));
        }
        return contests;
    }

    static Contest contest(List<ModelPeer> peers, Path folder, ModelConfig config, String name, int tokens, int threads) {
        boolean decode = name.equals("decode");
        String parameters = decode ? "behind " + tokens + " tokens" : tokens + " tokens";
        double weights = (double) config.dim() * config.vocabSize()
                + (double) config.nLayers() * config.dim() * (2 * config.qDim() + 2 * config.kvDim() + 3 * config.hiddenDim());
        // The head is computed for the last token only.
        double head = (double) config.dim() * config.vocabSize();
        double flops = decode ? 2 * weights : 2 * (weights - head) + 2 * head / tokens;
        Work work = Work.floats(flops, decode ? weights : weights / tokens);
        int counted = decode ? DECODED : tokens;
        List<Comparison> comparisons = new ArrayList<>();
        for (int i = 0; i < peers.size(); i++) {
            comparisons.add(new Comparison(0, 1 + i, peers.get(i).name(), name, parameters, work, TERMS, counted, ratio -> Goal.atLeast(GOAL, ratio, "x")));
        }
        return new Contest("Model " + name + " " + parameters, "Model", threads, flops * counted * (1 + 5 * peers.size()), () -> {
            List<Entrant> sides = new ArrayList<>();
            write(folder, config);
            sides.add(side(ours(folder, threads), config, decode, tokens));
            peers.forEach(peer -> sides.add(side(open(peer, folder, threads), config, decode, tokens)));
            return sides;
        }, comparisons);
    }

    /** Writes it if it is not there yet. */
    static void write(Path folder, ModelConfig config) {
        if (!Files.exists(folder)) {
            try (Team team = Team.of(Runtime.getRuntime().availableProcessors())) {
                SmolLm.save(folder, SmolLm.random(config, team));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static ModelPeer.Engine open(ModelPeer peer, Path folder, int threads) {
        try {
            return peer.open(folder, threads);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ModelPeer.Engine ours(Path folder, int threads) {
        Team team = Team.of(threads);
        try {
            Transformer model = new Transformer(ModelLoader.load(folder), team);
            return new OurEngine(model, team);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every key is kept. */
    private static final class OurEngine implements ModelPeer.Engine {
        private final Transformer model;
        private final Team team;
        private Session session;

        OurEngine(Transformer model, Team team) {
            this.model = model;
            this.team = team;
        }

        @Override
        public void prefill(int[] ids) {
            session = new Session(model, KvCache.of(model.config()), RoleChoice.FULL, Session.PIECE);
            session.prefill(ids, 0, ids.length);
        }

        @Override
        public void decode(int id) {
            session.decode(id);
        }

        @Override
        public void logits(float[] logits) {
            System.arraycopy(session.logits(), 0, logits, 0, logits.length);
        }

        @Override
        public void close() {
            team.close();
        }
    }

    /** An engine as a side: its result are the logits behind the last token. */
    private static Entrant side(ModelPeer.Engine engine, ModelConfig config, boolean decode, int tokens) {
        // The tokenizer of bytes knows the first 256 ids.
        int[] ids = new SplittableRandom(1).ints(tokens, 0, 256).toArray();
        if (decode) {
            engine.prefill(ids);
        }
        float[] logits = new float[config.vocabSize()];
        return new Entrant() {
            @Override
            public void run() {
                if (decode) {
                    for (int i = 0; i < DECODED; i++) {
                        engine.decode(i);
                    }
                } else {
                    engine.prefill(ids);
                }
            }

            @Override
            public int size() {
                return logits.length;
            }

            @Override
            public void read(int from, float[] into, int length) {
                engine.logits(logits);
                System.arraycopy(logits, from, into, 0, length);
            }

            @Override
            public void close() {
                engine.close();
            }
        };
    }
}
