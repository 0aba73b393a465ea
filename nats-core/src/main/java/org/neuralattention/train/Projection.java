package org.neuralattention.train;

import java.util.Arrays;
import java.util.Locale;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** One of a layer's projections. */
public enum Projection {
    Q, K, V, O,
    /** Only with {@link org.neuralattention.model.ModelConfig.Activation#SWIGLU}. */
    GATE,
    UP, DOWN;

    /** Its name in files and on the command line, lower case. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The one of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Projection of(String key) {
        return Arrays.stream(values()).filter(p -> p.key().equals(key)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "projection \"" + key + "\": known are " + String.join(", ", Arrays.stream(values()).map(Projection::key).toList())));
    }

    /** Its weight [out, in] in a layer; null if the model has none. */
    public Tensor weight(Weights.Layer layer) {
        return switch (this) {
            case Q -> layer.wq;
            case K -> layer.wk;
            case V -> layer.wv;
            case O -> layer.wo;
            case GATE -> layer.wGate;
            case UP -> layer.wUp;
            case DOWN -> layer.wDown;
        };
    }
}
