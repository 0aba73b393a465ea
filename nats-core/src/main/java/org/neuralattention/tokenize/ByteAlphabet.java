package org.neuralattention.tokenize;

import java.util.Arrays;

/**
 * The printable character that stands for each byte in a byte-level vocabulary: Latin-1's printable ones for themselves, the others
 * for 256, 257, ... in order. Source: github.com/openai/gpt-2, encoder.py, bytes_to_unicode.
 */
final class ByteAlphabet {

    private static final char[] CHAR_OF = new char[256];
    private static final short[] BYTE_OF = new short[256 + 68]; // -1: no byte

    static {
        Arrays.fill(BYTE_OF, (short) -1);
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b > ' ' && b < 0x7F || b > 0xA0 && b != 0xAD;
            CHAR_OF[b] = (char) (printable ? b : next++);
            BYTE_OF[CHAR_OF[b]] = (short) b;
        }
    }

    private ByteAlphabet() {}

    static String toString(byte b) {
        return String.valueOf(CHAR_OF[b & 0xFF]);
    }

    /** The vocabulary entry of some bytes. */
    static String toString(byte[] bytes) {
        char[] entry = new char[bytes.length];
        for (int i = 0; i < entry.length; i++) {
            entry[i] = CHAR_OF[bytes[i] & 0xFF];
        }
        return new String(entry);
    }

    /** The bytes of a vocabulary entry, or null if one of its characters stands for none. */
    static byte[] bytes(String entry) {
        byte[] bytes = new byte[entry.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = entry.charAt(i);
            if (c >= BYTE_OF.length || BYTE_OF[c] < 0) {
                return null;
            }
            bytes[i] = (byte) BYTE_OF[c];
        }
        return bytes;
    }
}
