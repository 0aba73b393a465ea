package org.neuralattention.train;

/**
 * What one training step says of itself.
 *
 * @param step its number, counted from 0
 * @param loss mean over the targets asked, in nats, before the update
 * @param gradNorm length of the whole gradient before clipping
 * @param lr the rate it was made with
 * @param price the price it was made with; a {@link KvTarget}'s may be below 0
 * @param share KV share of its roles: visible pairs / causal pairs over all layers, KV heads and sequences; 1 without roles and windows
 * @param bestShare KV share that the most likely roles of the same scores would have had: about what an evaluation reports
 * @param tokens tokens it read
 * @param nanos time it took
 */
public record StepReport(long step, double loss, double gradNorm, double lr, double price, double share, double bestShare,
        int tokens, long nanos) {

    public double tokensPerSecond() {
        return tokens * 1e9 / nanos;
    }
}
