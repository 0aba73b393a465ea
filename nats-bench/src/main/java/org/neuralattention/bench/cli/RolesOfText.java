package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.TextTable;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.Lifetimes;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;

/**
 * Which roles the tokens of a text take in each layer and KV head, and the KV share they lead to. The text is read in consecutive
 * pieces that do not see each other.
 */
final class RolesOfText {

    // Enough for the shares to settle; a longer text is not read to its end.
    private static final int MOST_TOKENS = 1 << 15;

    private final ModelConfig config;
    private final int seqLen;
    private final long[][][] roles;     // [nLayers][nKvHeads][nRoles] how often
    private final long[][] visible;     // [nLayers][nKvHeads] visible pairs
    private int pieces;
    private double nll;                 // sum over the pieces of their mean loss

    private RolesOfText(ModelConfig config, int seqLen) {
        this.config = config;
        this.seqLen = seqLen;
        this.roles = new long[config.nLayers()][config.nKvHeads()][Math.max(1, config.nRoles())];
        this.visible = new long[config.nLayers()][config.nKvHeads()];
    }

    static RolesOfText measure(CommonOptions common, Path model, Path tokenizerPath, String text, int context) throws IOException {
        ModelConfig config = ModelLoader.config(model);
        Tokenizer tokenizer = Tokenizers.load(tokenizerPath);
        if (tokenizer.vocabSize() > config.vocabSize()) {
            throw new UserError("The tokenizer of " + model + " has " + tokenizer.vocabSize() + " ids, the model only " + config.vocabSize() + ".");
        }
        int[] ids = tokenizer.encodeBeginning(text);
        if (ids.length < 2) {
            throw new UserError("The text is too short: there is no token to predict.");
        }
        int seqLen = Math.min(context, ids.length - 1);
        if (config.positions() instanceof ModelConfig.Positions.Learned && seqLen > config.maxSeqLen()) {
            throw new UserError("--context " + context + ": the model has only " + config.maxSeqLen() + " positions.");
        }
        RolesOfText measured = new RolesOfText(config, seqLen);
        try (Team team = common.team()) {
            measured.read(new Transformer(ModelLoader.load(model), team), ids);
        }
        return measured;
    }

    private void read(Transformer transformer, int[] ids) {
        Activations s = new Activations(config, 1, seqLen, Activations.Keep.ALL);
        RoleChoice choice = config.hasRoles() ? RoleChoice.BEST : RoleChoice.FULL;
        int most = Math.max(1, Math.min(MOST_TOKENS, ids.length - 1) / seqLen);
        for (pieces = 0; pieces < most; pieces++) {
            int from = pieces * seqLen;
            nll += transformer.forward(s, ids, from, Arrays.copyOfRange(ids, from + 1, from + 1 + seqLen), 0, choice);
            for (int l = 0; l < config.nLayers(); l++) {
                for (int h = 0; h < config.nKvHeads(); h++) {
                    Lifetimes.histogram(roles[l][h], s.layer(l).roles, h * seqLen, seqLen);
                    visible[l][h] += Lifetimes.visiblePairs(s.layer(l).lastRow, h * seqLen, 1, seqLen);
                }
            }
        }
    }

    private double share(int layer, int kvHead) {
        return visible[layer][kvHead] / (double) Lifetimes.causalPairs(pieces, seqLen);
    }

    private double share() {
        long sum = Arrays.stream(visible).flatMapToLong(Arrays::stream).sum();
        return sum / (double) Lifetimes.causalPairs(pieces * config.nLayers() * config.nKvHeads(), seqLen);
    }

    private double part(int layer, int kvHead, int role) {
        return roles[layer][kvHead][role] / ((double) pieces * seqLen);
    }

    void tell(CommonOptions common) {
        List<String> names = config.hasRoles() ? IntStream.range(0, config.nRoles()).mapToObj(config.roleSpace()::name).toList() : List.of("global");
        if (common.json() != null) {
            tell(common.json(), names);
            return;
        }
        List<String> header = new ArrayList<>(List.of("layer, KV head"));
        header.addAll(names);
        header.add("KV share");
        List<List<String>> rows = new ArrayList<>();
        for (int l = 0; l < config.nLayers(); l++) {
            for (int h = 0; h < config.nKvHeads(); h++) {
                List<String> row = new ArrayList<>(List.of(l + ", " + h));
                for (int role = 0; role < names.size(); role++) {
                    row.add(Numbers.percent(part(l, h, role)));
                }
                row.add(Numbers.percent(share(l, h)));
                rows.add(row);
            }
        }
        common.out().println();
        common.out().println(TextTable.of(header, rows));
        common.out().println("KV share " + Numbers.percent(share()) + ", loss " + Numbers.fixed(nll / pieces, 4) + " nats per token over "
                + (long) pieces * seqLen + " tokens of the text in pieces of " + seqLen);
    }

    private void tell(JsonLines json, List<String> names) {
        for (int l = 0; l < config.nLayers(); l++) {
            for (int h = 0; h < config.nKvHeads(); h++) {
                JsonLines.Line line = json.event("head").put("layer", l).put("kvHead", h);
                for (int role = 0; role < names.size(); role++) {
                    line.put(names.get(role), part(l, h, role));
                }
                line.put("kvShare", share(l, h)).end();
            }
        }
        json.event("text").put("tokens", (long) pieces * seqLen).put("context", seqLen).put("nll", nll / pieces).put("kvShare", share()).end();
    }
}
