package org.neuralattention.bench.peers;

import java.util.List;
import java.util.ServiceLoader;

/** Somebody else's library. What it can do is told by the interfaces it implements: {@link GemmPeer}, {@link AttentionPeer}, {@link ModelPeer}. */
public interface Peer {

    /** Name and version, such as {@code OpenBLAS 0.3.31}. */
    String name();

    /** The peers of that kind on the class path, in the order in which they are told. */
    static <T extends Peer> List<T> find(Class<T> kind) {
        return ServiceLoader.load(Peer.class).stream().filter(provider -> kind.isAssignableFrom(provider.type()))
                .map(provider -> kind.cast(provider.get())).toList();
    }
}
