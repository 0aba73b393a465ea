package org.neuralattention.cache;

import java.util.List;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.roles.RoleSpace;

/**
 * What a cache must have in common with its model.
 *
 * @param windows the sliding windows, ascending; none for a model without roles
 * @param attentionWindow rows that see any key, its own included; 0 for all
 */
record CacheShape(int nLayers, int nKvHeads, int headDim, List<Integer> windows, int attentionWindow) {

    CacheShape {
        if (nLayers < 1 || nKvHeads < 1 || headDim < 1) {
            throw new IllegalArgumentException("nLayers = " + nLayers + ", nKvHeads = " + nKvHeads + ", headDim = " + headDim
                    + ": all must be at least 1");
        }
        if (attentionWindow < 0) {
            throw new IllegalArgumentException("attentionWindow = " + attentionWindow + ": must be 0 (none) or positive");
        }
        windows = List.copyOf(windows);
    }

    static CacheShape of(ModelConfig config) {
        return new CacheShape(config.nLayers(), config.nKvHeads(), config.headDim(), config.roleWindows(), config.attentionWindow());
    }

    int[] windowArray() {
        return windows.stream().mapToInt(Integer::intValue).toArray();
    }

    int nRoles() {
        return RoleSpace.of(windowArray()).count();
    }

    int heads() {
        return nLayers * nKvHeads;
    }

    @Override
    public String toString() {
        return "nLayers = " + nLayers + ", nKvHeads = " + nKvHeads + ", headDim = " + headDim + ", windows = " + windows
                + ", attentionWindow = " + attentionWindow;
    }
}
