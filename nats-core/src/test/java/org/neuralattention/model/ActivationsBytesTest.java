package org.neuralattention.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.neuralattention.model.Activations.Keep;

class ActivationsBytesTest {

    @ParameterizedTest
    @EnumSource
    void theBytesToldAreThoseOfTheArrays(Keep keep) {
        ModelConfig config = ModelConfig.llama(300, 48, 3, 4, 2, 100, 64).withRoleWindows(4, 16);
        Activations a = new Activations(config, 2, 11, keep);
        long numbers = a.finalNormed.length + a.finalMean.length + a.finalRstd.length + a.losses.length + a.cos.length + a.sin.length;
        for (int i = 0; i < (keep == Keep.ALL ? 3 : 1); i++) {
            numbers += a.layer(i).data.length + a.layer(i).roles.length + a.layer(i).lastRow.length;
        }
        for (int i = 0; i < (keep == Keep.NOTHING ? 2 : 4); i++) {
            numbers += a.stream(i).length;
        }
        assertEquals(numbers * Float.BYTES, Activations.bytes(config, 2, 11, keep));
    }
}
