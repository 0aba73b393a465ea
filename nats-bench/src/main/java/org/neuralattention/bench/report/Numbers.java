package org.neuralattention.bench.report;

import java.util.Locale;

/** Numbers for people, the same in every locale. What is not finite is a dash. */
public final class Numbers {

    private static final String NONE = "–";
    private static final String[] THOUSANDS = {"", "k", "M", "G", "T"};
    private static final String[] BYTES = {" B", " KiB", " MiB", " GiB", " TiB"};

    private Numbers() {}

    /** Three significant digits, thousands as k, M, G, T: {@code 0.0123}, {@code 9.87}, {@code 12.3k}. */
    public static String compact(double value) {
        double size = Math.abs(value);
        if (!Double.isFinite(value)) {
            return NONE;
        }
        if (size < 1e4) {
            return significant(value);
        }
        return scaled(value, 1000, THOUSANDS);
    }

    /** {@code 512 B}, {@code 1.5 KiB}, {@code 23.4 MiB}. */
    public static String bytes(double value) {
        return Double.isFinite(value) ? scaled(value, 1024, BYTES) : NONE;
    }

    /** Powers of two as people write them: {@code 512}, {@code 8k} for 8192, {@code 2M}. */
    public static String binary(double value) {
        return Double.isFinite(value) ? scaled(value, 1024, THOUSANDS) : NONE;
    }

    /** {@code 0.253} as {@code 25.3 %}. */
    public static String percent(double share) {
        return Double.isFinite(share) ? fixed(share * 100, 1) + " %" : NONE;
    }

    /** {@code 12.3 ns}, {@code 4.56 µs}, {@code 7.89 ms}, {@code 1.23 s}. */
    public static String seconds(double seconds) {
        if (!Double.isFinite(seconds)) {
            return NONE;
        }
        double size = Math.abs(seconds);
        return size < 0.9995e-6 ? significant(seconds * 1e9) + " ns"
                : size < 0.9995e-3 ? significant(seconds * 1e6) + " µs"
                : size < 0.9995 ? significant(seconds * 1e3) + " ms"
                : significant(seconds) + " s";
    }

    /** {@code 45 s}, {@code 2 min 10 s}, {@code 1 h 05 min}. */
    public static String duration(double seconds) {
        if (!Double.isFinite(seconds) || seconds < 0) {
            return NONE;
        }
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + " s";
        }
        return whole < 3600
                ? String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole / 60 % 60);
    }

    /** With so many decimals. */
    public static String fixed(double value, int decimals) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + decimals + "f", value + 0.0) : NONE;
    }

    private static String scaled(double value, double base, String[] units) {
        int unit = 0;
        while (Math.abs(value) >= base * 0.9995 && unit < units.length - 1) {
            value /= base;
            unit++;
        }
        return significant(value) + units[unit];
    }

    /** Three digits, all of those before the point, no zeros at the end of a fraction. */
    private static String significant(double value) {
        double size = Math.abs(value);
        if (size == 0) {
            return "0";
        }
        if (size < 1e-4) {
            return String.format(Locale.ROOT, "%.1e", value);
        }
        int decimals = Math.max(0, 2 - (int) Math.floor(Math.log10(size)));
        String text = fixed(value, decimals);
        return decimals == 0 ? text : text.replaceAll("\\.?0+$", "");
    }
}
