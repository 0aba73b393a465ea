package org.neuralattention.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;

class SchedulesTest {

    @Test
    void theRateRisesInALineAndFallsToTheFloor() {
        LrSchedule lr = LrSchedule.cosine(1, 0.1, 9, 109);
        assertEquals(0.1, lr.at(0), 1e-12);
        assertEquals(0.9, lr.at(8), 1e-12);
        assertEquals(1, lr.at(9), 1e-12);
        assertEquals(0.55, lr.at(59), 1e-12);
        assertEquals(0.1, lr.at(109), 1e-12);
        assertEquals(0.1, lr.at(1_000_000), 1e-12);
        for (int step = 10; step < 109; step++) {
            assertTrue(lr.at(step) < lr.at(step - 1));
        }
        assertEquals(0.3, LrSchedule.constant(0.3).at(0));
        assertEquals(0.3, LrSchedule.constant(0.3).at(12345));
    }

    @Test
    void thePriceWaitsAndRisesInALine() {
        PriceSchedule price = new PriceSchedule(2, 10, 20);
        assertEquals(0, price.at(0));
        assertEquals(0, price.at(10));
        assertEquals(1, price.at(20));
        assertEquals(2, price.at(30));
        assertEquals(2, price.at(1000));
        assertEquals(2, new PriceSchedule(2, 10, 0).at(10));
        assertEquals(0, PriceSchedule.FREE.at(5));
    }

    @Test
    void theNoiseOfTheDrawsFallsInALine() {
        RoleLearning roles = RoleLearning.FREE.withSettling(10, 13);
        assertEquals(List.of(1.0, 0.75, 0.5, 0.25, 0.0, 0.0), LongStream.of(9, 10, 11, 12, 13, 1000).mapToObj(roles::noise).toList());
        assertEquals(1, RoleLearning.FREE.noise(Long.MAX_VALUE - 1));
        assertThrows(IllegalArgumentException.class, () -> RoleLearning.FREE.withSettling(10, 9));
    }

    @Test
    void aConfigurationSurvivesJson() {
        TrainConfig config = new TrainConfig(3, 128, 2, 1000, LrSchedule.cosine(3e-4, 1e-5, 50, 900), new Optimizer(0.9, 0.98, 1e-9, 0.01, 0.5),
                new RoleLearning(new PriceSchedule(0.3, 100, 200), 4, 10, 5, 40, 500, 800, false), new Tuning.Lora(8, 16, Set.of(Projection.Q, Projection.DOWN)),
                new Loss.KlDistillation(), Long.MIN_VALUE);
        assertEquals(config, TrainConfig.fromJson(parse(config.toJson())));
    }

    @Test
    void scorersOfOlderConfigurationsAreDetached() {
        Map<String, Object> json = new LinkedHashMap<>(RoleLearning.fineTune(0.2, 100).toJson());
        json.remove("detached");
        assertEquals(RoleLearning.fineTune(0.2, 100), RoleLearning.fromJson(parse(json)));
    }

    @Test
    void aMissingFieldIsNamed() {
        for (String key : TrainConfig.of(1, 8, 10, 0.1).toJson().keySet()) {
            Map<String, Object> json = new LinkedHashMap<>(TrainConfig.of(1, 8, 10, 0.1).toJson());
            json.remove(key);
            if (key.equals("role_gradient_one_in")) { // older checkpoints lack it
                assertEquals(TrainConfig.of(1, 8, 10, 0.1), TrainConfig.fromJson(parse(json)));
                continue;
            }
            ModelFormatException e = assertThrows(ModelFormatException.class, () -> TrainConfig.fromJson(parse(json)));
            assertTrue(e.getMessage().contains("\"" + key + "\""), e.getMessage());
        }
    }

    private static JsonObject parse(Map<String, Object> json) {
        return JsonObject.of("test", Json.parse("test", Json.pretty(json).getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void valuesOutOfRangeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> LrSchedule.cosine(0.1, 0.2, 0, 10));
        assertThrows(IllegalArgumentException.class, () -> LrSchedule.constant(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new PriceSchedule(-1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Optimizer(1, 0.9, 1e-8, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Optimizer(0.9, 0.9, 0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Optimizer(0.9, 0.9, 1e-46, 0, 0), "0 as a float");
        assertThrows(IllegalArgumentException.class, () -> TrainConfig.of(0, 8, 10, 0.1));
        assertThrows(IllegalArgumentException.class, () -> RoleLearning.FREE.withGradientOneIn(0));
        assertThrows(IllegalArgumentException.class, () -> TrainConfig.of(1 << 16, 1 << 15, 10, 0.1));
    }
}
