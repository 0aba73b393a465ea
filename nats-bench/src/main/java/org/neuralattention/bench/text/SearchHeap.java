package org.neuralattention.bench.text;

import org.neuralattention.model.Activations;
import org.neuralattention.model.Activations.Keep;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Tuning;

/** The heap that training takes, known before anything is made. */
public final class SearchHeap {

    private SearchHeap() {}

    /**
     * What a trainer holds: weights; gradients and two moments of what learns; a teacher; activations, and the gradients of a layer. A teacher's pass has
     * activations of one layer more.
     *
     * @throws IllegalArgumentException if the activations do not fit an array
     */
    public static long ofTrainer(ModelConfig config, TrainConfig train, Keep keep) {
        Weights description = Weights.describe(config);
        long all = config.parameters();
        long scorers = description.tensors().stream().filter(description::isScorer).mapToLong(Tensor::size).sum();
        long numbers = all + switch (train.tuning()) {
            case Tuning.All _ -> 3 * all + (train.loss().hasTeacher() ? all : 0);
            case Tuning.ScorersOnly _ -> 3 * scorers;
            case Tuning.Lora lora -> 3 * scorers + 2 * lora.projections().stream() // what a matrix began with, and its gradient
                    .mapToLong(projection -> description.layers.stream().map(projection::weight).filter(t -> t != null).mapToLong(Tensor::size).sum()).sum();
        };
        return numbers * Float.BYTES + Activations.bytes(config, train.batch(), train.seqLen(), keep) + (train.loss().hasTeacher() ? 2 : 1) * ofPass(config, train);
    }

    /** Activations of a pass that is not learned from, with as many sequences. */
    static long ofPass(ModelConfig config, TrainConfig train) {
        return Activations.bytes(config, train.batch(), train.seqLen(), Keep.NOTHING);
    }
}
