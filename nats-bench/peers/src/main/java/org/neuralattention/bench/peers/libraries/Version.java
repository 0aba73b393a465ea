package org.neuralattention.bench.peers.libraries;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Versions as the names of jars tell them. */
final class Version {

    private static final Pattern JAR = Pattern.compile("-(\\d[\\w.]*)(-[\\w.-]*)?\\.jar");

    private Version() {}

    /** The version of the jar that holds the class, such as {@code 0.3.31}. */
    static String of(Class<?> type) {
        String jar = type.getProtectionDomain().getCodeSource().getLocation().getPath();
        Matcher version = JAR.matcher(jar.substring(jar.lastIndexOf('/') + 1));
        return version.find() ? version.group(1) : "";
    }
}
