package org.neuralattention.train;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** A small run that tests of this package share. */
final class Tiny {

    static final ModelConfig MODEL = ModelConfig.llama(40, 24, 2, 3, 1, 40, 64).withRoleWindows(2, 5);

    static final TrainConfig CONFIG = TrainConfig.of(2, 17, 20, 1e-2).withShape(2, 17, 2).withRoles(RoleLearning.of(new PriceSchedule(0.5, 3, 10))).withSeed(11);

    private Tiny() {}

    static Trainer trainer(TrainConfig config, Team team) {
        Weights weights = new Weights(MODEL);
        Init.LIVELY.apply(weights, 5, team);
        return new Trainer(weights, config, team);
    }

    /** The same trunk without roles. */
    static Weights plain() {
        Weights weights = new Weights(MODEL.withRoleWindows());
        Init.LIVELY.apply(weights, 5, Team.serial());
        return weights;
    }

    /** A text in which a token mostly follows from the one before. */
    static TextTokens text() {
        Random random = new Random(8);
        int[] tokens = new int[3000];
        for (int i = 1; i < tokens.length; i++) {
            tokens[i] = random.nextInt(5) == 0 ? random.nextInt(MODEL.vocabSize()) : (tokens[i - 1] * 7 + 3) % MODEL.vocabSize();
        }
        return new TextTokens(tokens, 1);
    }

    static String sha256(Weights weights) {
        return sha256(weights.tensors());
    }

    static String sha256(List<Tensor> tensors) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (Tensor tensor : tensors) {
                ByteBuffer bytes = ByteBuffer.allocate(tensor.size() * Float.BYTES);
                bytes.asFloatBuffer().put(tensor.data());
                sha.update(bytes);
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
