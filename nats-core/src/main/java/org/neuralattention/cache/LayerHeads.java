package org.neuralattention.cache;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.neuralattention.roles.Role;

/** The heads of all layers, and how much they hold together. */
final class LayerHeads {

    private final HeadCache[] heads; // [nLayers, nKvHeads]
    private final int nLayers;
    private final int nKvHeads;
    private final int nRoles;

    LayerHeads(CacheShape shape, BlockPool pool) {
        nLayers = shape.nLayers();
        nKvHeads = shape.nKvHeads();
        nRoles = shape.nRoles();
        int[] life = HeadCache.life(shape.windowArray(), shape.attentionWindow());
        heads = new HeadCache[shape.heads()];
        Arrays.setAll(heads, i -> new HeadCache(pool, shape.headDim(), life));
    }

    HeadCache of(int layer, int kvHead) {
        return heads[layer * nKvHeads + kvHead];
    }

    /** Number of heads. */
    int count() {
        return heads.length;
    }

    /** Keys of a layer. */
    int keys(int layer) {
        int keys = 0;
        for (int g = 0; g < nKvHeads; g++) {
            keys = Math.addExact(keys, of(layer, g).size());
        }
        return keys;
    }

    /** Keys of the layer that has most. */
    int mostKeys() {
        int most = 0;
        for (int layer = 0; layer < nLayers; layer++) {
            most = Math.max(most, keys(layer));
        }
        return most;
    }

    /** Keys of the head that has most. */
    int longest() {
        int longest = 0;
        for (HeadCache head : heads) {
            longest = Math.max(longest, head.size());
        }
        return longest;
    }

    /** Blocks of a KV head in the layer where it has most. */
    int mostBlocks(int kvHead) {
        int most = 0;
        for (int layer = 0; layer < nLayers; layer++) {
            most = Math.max(most, of(layer, kvHead).blocks());
        }
        return most;
    }

    /** What each head holds, layer by layer, KV head by KV head. */
    List<KvStats.Head> stats() {
        List<KvStats.Head> stats = new ArrayList<>();
        for (int i = 0; i < heads.length; i++) {
            List<Integer> sliding = new ArrayList<>();
            for (int role = Role.FIRST_SLIDING; role < nRoles; role++) {
                sliding.add(heads[i].size(role));
            }
            stats.add(new KvStats.Head(i / nKvHeads, i % nKvHeads, heads[i].size(Role.GLOBAL), heads[i].size(Role.LOCAL), sliding));
        }
        return stats;
    }

    void clear() {
        for (HeadCache head : heads) {
            head.clear();
        }
    }
}
