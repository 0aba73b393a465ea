package org.neuralattention.bench.evaluate;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.eval.Budget;
import org.neuralattention.eval.FullCache;
import org.neuralattention.eval.HeavyHitters;
import org.neuralattention.eval.KvUse;
import org.neuralattention.eval.Oracle;
import org.neuralattention.eval.Policy;
import org.neuralattention.eval.Roles;
import org.neuralattention.eval.Sequence;
import org.neuralattention.eval.SinkWindow;
import org.neuralattention.eval.SnapKv;
import org.neuralattention.eval.Tova;
import org.neuralattention.model.ModelConfig;

/** A policy as the command line names it; the order is that of the table's rows. */
enum PolicyChoice {
    FULL, LEARNED, RANDOM, WINDOW, SINK, H2O, TOVA, SNAPKV, ORACLE;

    private static final int SINKS = 4;

    /** @throws UserError if there is no such policy */
    static Set<PolicyChoice> of(List<String> options) {
        Set<PolicyChoice> choices = EnumSet.noneOf(PolicyChoice.class);
        for (String option : options) {
            if (option.equals("all")) {
                return EnumSet.allOf(PolicyChoice.class);
            }
            choices.add(Arrays.stream(values()).filter(choice -> choice.option().equals(option)).findFirst().orElseThrow(() ->
                    new UserError("--policies " + option + ": must be one of " + names() + ", or all.")));
        }
        return choices;
    }

    static String names() {
        return Arrays.stream(values()).map(PolicyChoice::option).collect(Collectors.joining(", "));
    }

    String option() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it holds as much as it is told. */
    boolean hasBudget() {
        return this != FULL && !needsRoles();
    }

    boolean needsRoles() {
        return this == LEARNED || this == RANDOM;
    }

    /** Whether it has something to go by only where a question is asked behind a prompt. */
    boolean needsQuestions() {
        return this == SNAPKV || this == ORACLE;
    }

    /**
     * The policy.
     *
     * @param share of a full cache, for one with a budget; NaN for as many bytes as the roles hold
     * @param learned what the roles hold on the same sequences; null where nobody asks
     */
    Policy policy(double share, KvUse learned, long seed, ModelConfig config) {
        return switch (this) {
            case FULL -> new FullCache();
            case LEARNED -> Roles.learned();
            case RANDOM -> Roles.random(seed, learned.roleCounts(), config.nKvHeads());
            case WINDOW -> new SinkWindow(0, budget(share, learned));
            case SINK -> new SinkWindow(SINKS, budget(share, learned));
            case H2O -> new HeavyHitters(budget(share, learned));
            case TOVA -> new Tova(budget(share, learned));
            case SNAPKV -> SnapKv.of(behindPrompt(share, learned));
            case ORACLE -> new RestOfBudget(budget(share, learned));
        };
    }

    private static Budget budget(double share, KvUse learned) {
        return Double.isNaN(share) ? new Budget.MeanBytes(learned.meanBytes()) : new Budget.Share(share);
    }

    private static Budget behindPrompt(double share, KvUse learned) {
        return Double.isNaN(share) ? new Budget.MeanBytes(learned.meanBytesBehindPrompt()) : new Budget.Share(share);
    }

    /** The oracle with one sink and the window that the budget leaves beside what is needed, at least one key. */
    private record RestOfBudget(Budget budget) implements Policy {
        private static final int SINKS = 1;

        @Override
        public String name() {
            return "oracle";
        }

        @Override
        public String source() {
            return new Oracle(SINKS, 1).source();
        }

        @Override
        public Rule rule(int layer, Sequence sequence, ModelConfig config) {
            int rest = budget.keys(sequence, config) - SINKS - sequence.needed().cardinality();
            return new Oracle(SINKS, Math.max(1, rest)).rule(layer, sequence, config);
        }
    }
}
