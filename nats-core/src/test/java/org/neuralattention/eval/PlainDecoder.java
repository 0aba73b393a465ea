package org.neuralattention.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;

/** A model under a rule, plainly: one token at a time, all keys remembered, attention in double over a set of positions. What policies are held against. */
final class PlainDecoder {

    /** What may be seen next, of one layer: set by set, from the attention of the last row. */
    interface Rule {

        /**
         * @param seen positions the next row would see, per KV head; to be narrowed
         * @param attention of the row, [nHeads] maps from position to probability
         */
        void after(int layer, List<TreeSet<Integer>> seen, List<TreeMap<Integer, Double>> attention, int position);
    }

    private record KeyValue(double[] k, double[] v) {}

    private final Transformer transformer;
    private final ModelConfig c;
    private final Rule rule;
    private final Activations one;
    private final List<List<TreeSet<Integer>>> seen = new ArrayList<>();       // [layer][kvHead]
    private final List<List<List<KeyValue>>> keys = new ArrayList<>();         // [layer][kvHead][position]
    private int position;
    private long pairs;
    private long peak;

    PlainDecoder(Transformer transformer, Rule rule) {
        this.transformer = transformer;
        this.c = transformer.config();
        this.rule = rule;
        this.one = new Activations(c, 1, 1, Activations.Keep.NOTHING);
        for (int layer = 0; layer < c.nLayers(); layer++) {
            seen.add(new ArrayList<>());
            keys.add(new ArrayList<>());
            for (int g = 0; g < c.nKvHeads(); g++) {
                seen.get(layer).add(new TreeSet<>());
                keys.get(layer).add(new ArrayList<>());
            }
        }
    }

    float[] decode(int id) {
        long before = pairs;
        transformer.forward(one, new int[] {id}, 0, position, (layer, s, a) -> attention(layer, a));
        peak = Math.max(peak, pairs - before);
        position++;
        float[] logits = new float[c.vocabSize()];
        transformer.logits(logits, 0, one, 0, 1);
        return logits;
    }

    private void attention(int layer, Activations.Layer a) {
        int group = c.nHeads() / c.nKvHeads();
        List<TreeMap<Integer, Double>> attention = new ArrayList<>();
        for (int h = 0; h < c.nHeads(); h++) {
            int g = h / group;
            if (h % group == 0) {
                keys.get(layer).get(g).add(new KeyValue(doubles(a.data, a.k + g * c.headDim()), doubles(a.data, a.v + g * c.headDim())));
                seen.get(layer).get(g).add(position);
                pairs += seen.get(layer).get(g).size();
            }
            attention.add(attend(layer, g, doubles(a.data, a.q + h * c.headDim()), a.data, a.attention + h * c.headDim()));
        }
        rule.after(layer, seen.get(layer), attention, position);
        if (c.attentionWindow() > 0) {
            seen.get(layer).forEach(set -> set.removeIf(p -> position + 1 - p >= c.attentionWindow()));
        }
    }

    private TreeMap<Integer, Double> attend(int layer, int g, double[] q, float[] out, int outOffset) {
        TreeMap<Integer, Double> p = new TreeMap<>();
        double sum = 0;
        for (int n : seen.get(layer).get(g)) {
            double score = 0;
            for (int d = 0; d < c.headDim(); d++) {
                score += q[d] * keys.get(layer).get(g).get(n).k()[d];
            }
            p.put(n, Math.exp(score / Math.sqrt(c.headDim())));
            sum += p.get(n);
        }
        double all = sum;
        p.replaceAll((n, e) -> e / all);
        for (int d = 0; d < c.headDim(); d++) {
            double value = 0;
            for (int n : p.keySet()) {
                value += p.get(n) * keys.get(layer).get(g).get(n).v()[d];
            }
            out[outOffset + d] = (float) value;
        }
        return p;
    }

    private double[] doubles(float[] from, int offset) {
        double[] to = new double[c.headDim()];
        for (int d = 0; d < to.length; d++) {
            to[d] = from[offset + d];
        }
        return to;
    }

    List<Integer> seen(int layer, int kvHead) {
        return List.copyOf(seen.get(layer).get(kvHead));
    }

    long pairs() {
        return pairs;
    }

    long peak() {
        return peak;
    }
}
