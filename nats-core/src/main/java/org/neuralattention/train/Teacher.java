package org.neuralattention.train;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;
import org.neuralattention.kernels.KlDivergence;
import org.neuralattention.kernels.SquaredDistance;
import org.neuralattention.kernels.Team;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.OutputLoss;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;

/**
 * The model before its first step, with full attention: what distillation compares with. Tensors that do not learn are shared with the model,
 * of adapted ones it has the matrix they began with; only where every weight learns is it a copy.
 */
final class Teacher {

    private final Transformer transformer;
    private final Team team;
    private Activations activations;

    private Teacher(Weights weights, Team team) {
        this.transformer = new Transformer(weights, team);
        this.team = team;
    }

    /** @param copied whether the model's own tensors change */
    static Teacher of(Weights weights, List<Tensor> start, boolean copied, Team team) {
        Weights teacher = weights.shared();
        for (int i = 0; i < start.size(); i++) {
            Tensor tensor = start.get(i);
            float[] data = copied ? tensor.data().clone() : tensor.data();
            teacher.tensors().get(i).take(new WeightMatrix.F32(data, 0, tensor.rows(), tensor.cols()));
        }
        return new Teacher(teacher, team);
    }

    /** Sets the shape of the passes to come. */
    void shape(int batch, int seqLen) {
        ModelConfig c = transformer.config();
        if (activations == null || activations.batch() != batch || activations.seqLen() != seqLen) {
            activations = null; // so that the old ones and the new ones are never there at the same time
            activations = new Activations(c, batch, seqLen, Activations.Keep.NOTHING);
        }
    }

    /**
     * Runs over the tokens of a pass, and returns the loss of the model's own pass over them.
     *
     * @param loss one that has a teacher
     * @param student the model
     * @param targets [batch, seqLen], negative where nothing is asked
     */
    OutputLoss loss(Loss loss, Transformer student, int[] ids, int idsOffset, int[] targets, int targetsOffset, float scale) {
        transformer.forward(activations, ids, idsOffset, RoleChoice.FULL);
        ModelConfig c = student.config();
        float[] normed = activations.finalNormed();
        return switch (loss) {
            case Loss.HiddenDistillation _ -> (losses, lossesOffset, dNormed, dNormedOffset, _, s) -> SquaredDistance.forwardBackward(
                    losses, lossesOffset, dNormed, dNormedOffset, s.finalNormed(), 0, normed, 0, targets, targetsOffset,
                    scale, s.rows(), c.dim(), team);
            case Loss.KlDistillation _ -> (losses, lossesOffset, dNormed, dNormedOffset, gradients, s) -> KlDivergence.forwardBackward(
                    losses, lossesOffset, dNormed, dNormedOffset, gradients.head.data(), 0, s.finalNormed(), 0, normed, 0,
                    student.weights().head.data(), 0, transformer.weights().head.matrix(), targets, targetsOffset,
                    scale, s.rows(), c.dim(), c.vocabSize(), team);
            case Loss.LanguageModel _ -> throw new IllegalArgumentException(loss + " has no teacher");
        };
    }

    /** A checksum of its weights, the role scorers left out: it does not use them. */
    String checksum() {
        CRC32C crc = new CRC32C();
        for (Tensor tensor : transformer.weights().tensors()) {
            if (!transformer.weights().isScorer(tensor)) {
                crc.update(Checkpoint.crc32c(tensor.data()).getBytes(StandardCharsets.US_ASCII));
            }
        }
        return Long.toHexString(crc.getValue());
    }
}
