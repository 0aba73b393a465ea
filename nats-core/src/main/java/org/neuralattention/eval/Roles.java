package org.neuralattention.eval;

import java.util.List;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;

/**
 * Keys live as long as their token's role says (spec 1.1): learned roles, or such as a baseline draws. They hold what they hold: no budget.
 *
 * @param name for tables
 * @param policy gives the roles, by the sequence's number and the token's place; null for the model's own best ones
 */
public record Roles(String name, RolePolicy policy) implements Policy {

    /** The model's own roles, as in generation. */
    public static Roles learned() {
        return new Roles("NAtS", null);
    }

    /**
     * Random ones, in each layer and KV head as often as given: what the learned histogram alone is worth.
     *
     * @param counts how often each role was taken, layer by layer, KV head by KV head, as {@link KvUse} tells
     */
    public static Roles random(long seed, List<List<Long>> counts, int nKvHeads) {
        double[][][] shares = new double[counts.size() / nKvHeads][nKvHeads][];
        for (int head = 0; head < counts.size(); head++) {
            double sum = counts.get(head).stream().mapToLong(Long::longValue).sum();
            shares[head / nKvHeads][head % nKvHeads] = counts.get(head).stream().mapToDouble(count -> count / sum).toArray();
        }
        return new Roles("random roles", RolePolicy.random(seed, shares));
    }

    @Override
    public String source() {
        return "arXiv 2502.13251";
    }

    @Override
    public RoleChoice roles(Sequence sequence) {
        if (policy == null) {
            return RoleChoice.BEST;
        }
        int index = Math.toIntExact(sequence.index());
        return new RoleChoice.Fixed((layer, kvHead, ignored, position) -> policy.role(layer, kvHead, index, position));
    }

    @Override
    public Rule rule(int layer, Sequence sequence, ModelConfig config) {
        int[] windows = config.roleWindows().stream().mapToInt(Integer::intValue).toArray();
        return (heads, position) -> {
            for (HeldKeys head : heads) {
                after(head, position, windows);
            }
        };
    }

    private static void after(HeldKeys head, int position, int[] windows) {
        boolean closes = head.role(head.size() - 1) == Role.GLOBAL; // the row's own key came last
        for (int key = head.size() - 1; key >= 0; key--) {
            boolean gone = switch (head.role(key)) {
                case Role.GLOBAL -> false;
                case Role.LOCAL -> closes;
                default -> position + 1 > head.position(key) + windows[head.role(key) - Role.FIRST_SLIDING];
            };
            if (gone) {
                head.drop(key);
            }
        }
    }
}
