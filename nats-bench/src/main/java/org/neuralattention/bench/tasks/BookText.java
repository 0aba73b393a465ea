package org.neuralattention.bench.tasks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import org.neuralattention.eval.KvUse;
import org.neuralattention.eval.Policy;
import org.neuralattention.eval.PolicyPerplexity;
import org.neuralattention.model.Transformer;
import org.neuralattention.train.TextTokens;
import org.neuralattention.train.TokenSource;

/**
 * Plain text: how unlikely each token is behind those before it. Held-out texts are cut into consecutive blocks, text by text, which do not see each other.
 *
 * @param name for tables
 * @param vocabSize of the tokenizer
 * @param text ids to train on; not copied
 * @param heldOut ids of the held-out texts; not copied
 * @param length tokens of a block
 */
public record BookText(String name, int vocabSize, int[] text, List<int[]> heldOut, int length) implements Task {

    public BookText {
        heldOut = List.copyOf(heldOut);
        if (length < 1 || heldOut.stream().allMatch(ids -> ids.length <= length)) {
            throw new IllegalArgumentException("length = " + length + ": must be at least 1, and one of the held-out texts longer");
        }
    }

    /** Windows at random places of the text, of any length. */
    @Override
    public TokenSource training(long seed) {
        Task.heldOut(seed); // checks it
        return new TextTokens(text, seed);
    }

    /** A block with nothing asked, for whoever wants to look at one; blocks are counted through all texts, and the seed does not matter. */
    @Override
    public Example example(long seed, long index) {
        long before = 0;
        for (int[] ids : heldOut) {
            int blocks = (ids.length - 1) / length;
            if (index < before + blocks) {
                int from = (int) (index - before) * length;
                return new Example(Arrays.copyOfRange(ids, from, from + length), 0, List.of(), new BitSet());
            }
            before += blocks;
        }
        throw new IndexOutOfBoundsException("block " + index + " of " + before);
    }

    /** Of the first {@code sequences} blocks, or all there are; the seed does not matter. */
    @Override
    public TaskScore evaluate(Transformer model, Policy policy, long seed, int sequences, Consumer<TaskScore> listener) {
        checkVocabulary(model);
        TaskScore score = new TaskScore(TaskScore.Measure.NLL, 0, 0, List.of(), KvUse.none(model.config()));
        for (int[] ids : heldOut) {
            int left = sequences - Math.toIntExact(score.use().sequences());
            if (left > 0 && ids.length > length) {
                TaskScore before = score;
                PolicyPerplexity.Result result = PolicyPerplexity.of(model, policy, ids, length, left, now -> listener.accept(and(before, now)));
                score = and(before, result);
            }
        }
        return score;
    }

    private static TaskScore and(TaskScore before, PolicyPerplexity.Result result) {
        long sequences = before.use().sequences() + result.blocks();
        List<Double> losses = new ArrayList<>();
        double sum = before.points();
        for (int n = 0; n < result.losses().length; n++) {
            double earlier = before.losses().isEmpty() ? 0 : before.losses().get(n) * before.use().sequences();
            losses.add((earlier + result.losses()[n]) / sequences);
            sum += result.losses()[n];
        }
        return new TaskScore(TaskScore.Measure.NLL, sequences * result.losses().length, sum, losses, before.use().and(result.use()));
    }
}
