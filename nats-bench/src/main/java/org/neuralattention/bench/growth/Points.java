package org.neuralattention.bench.growth;

import java.util.ArrayList;
import java.util.List;
import org.neuralattention.bench.result.Picture;

/** A curve in the making. */
final class Points {

    private final String name;
    private final List<Double> x = new ArrayList<>();
    private final List<Double> y = new ArrayList<>();

    Points(String name) {
        this.name = name;
    }

    void add(double size, double value) {
        x.add(size);
        y.add(value);
    }

    Picture.Curve curve() {
        return new Picture.Curve(name, x.stream().mapToDouble(Double::doubleValue).toArray(), y.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
