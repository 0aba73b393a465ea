package org.neuralattention.bench.growth;

import java.util.List;
import org.neuralattention.bench.jmh.Data;
import org.neuralattention.bench.jmh.Models;
import org.neuralattention.bench.jmh.SmolLm;
import org.neuralattention.bench.result.Picture;
import org.neuralattention.bench.result.Unit;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Session;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;

/** Decoding and prefill of a model of SmolLM-135M's shape: time and cache bytes against the context, and speed against the threads. */
final class DecodeGrowth {

    private static final ModelConfig CONFIG = SmolLm.WITH_ROLES;
    private static final List<String> KEYS = List.of("full", "roles");

    private final Weights weights;
    private final double budget;
    private final Runnable step;

    DecodeGrowth(Team team, double budget, Runnable step) {
        weights = SmolLm.random(CONFIG, team);
        this.budget = budget;
        this.step = step;
    }

    /** Time of a token and bytes of the cache for contexts up to {@code most}, and time of a prompt up to {@code mostPrompt}. */
    List<Picture> againstContext(Team team, int least, int most, int mostPrompt) {
        Transformer model = new Transformer(weights, team);
        Points[] time = {new Points("every key"), new Points("roles")};
        Points[] bytes = {new Points("every key"), new Points("roles")};
        Points[] prefill = {new Points("every key"), new Points("roles")};
        for (int i = 0; i < 2; i++) {
            Session session = session(model, KEYS.get(i));
            prefillSeconds(session, least);
            Repeats.warm(Repeats.compiled(budget), () -> session.decode(1));
            for (int context = least; context <= most; context *= 2) {
                session.cache().clear();
                Models.fill(session.cache(), CONFIG, KEYS.get(i), context);
                time[i].add(context, Repeats.seconds(budget, () -> session.decode(1)).median());
                bytes[i].add(context, session.cache().bytesHeld());
                step.run();
            }
            for (int tokens = least; tokens <= mostPrompt; tokens *= 2) {
                prefill[i].add(tokens, prefillSeconds(session, tokens));
                step.run();
            }
        }
        String note = ", SmolLM-135M's shape, " + team.size() + (team.size() == 1 ? " thread" : " threads");
        return List.of(new Picture("A decoded token" + note, "context", "time", Unit.SECONDS, List.of(time[0].curve(), time[1].curve())),
                new Picture("KV cache" + note, "context", "memory", Unit.BYTES, List.of(bytes[0].curve(), bytes[1].curve())),
                new Picture("Prefill" + note, "tokens", "time", Unit.SECONDS, List.of(prefill[0].curve(), prefill[1].curve())));
    }

    /** Tokens per second of a prompt of {@code tokens} and of decoding behind it. */
    void againstThreads(Team team, int tokens, Points prefill, Points decode) {
        Session session = session(new Transformer(weights, team), "full");
        prefill.add(team.size(), tokens / prefillSeconds(session, tokens));
        decode.add(team.size(), 1 / Repeats.seconds(budget, () -> session.decode(1)).median());
        step.run();
    }

    private double prefillSeconds(Session session, int tokens) {
        int[] ids = Data.ids(tokens, CONFIG.vocabSize());
        return Repeats.seconds(budget, () -> {
            session.cache().clear();
            session.prefill(ids, 0, tokens);
        }).median();
    }

    private static Session session(Transformer model, String keys) {
        return new Session(model, KvCache.of(CONFIG), Models.choice(CONFIG, keys), Session.PIECE);
    }
}
