package org.neuralattention.chat;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant} or another that the template knows: a letter, then up to 63 letters, digits, '_' or
 *     '-'. Templates build special tokens from it ({@code '<|' + role + '|>'}), so it can hold no others
 * @param content any text; whatever it holds, it never becomes a special token
 */
public record Message(String role, String content) {

    private static final Pattern ROLE = Pattern.compile("[A-Za-z][A-Za-z0-9_-]{0,63}");

    public Message {
        Objects.requireNonNull(content, "content");
        if (!ROLE.matcher(role).matches()) {
            throw new IllegalArgumentException("role = \"" + role + "\": must be a letter, then up to 63 letters, digits, '_' or '-'");
        }
    }

    public static Message system(String content) {
        return new Message("system", content);
    }

    public static Message user(String content) {
        return new Message("user", content);
    }

    public static Message assistant(String content) {
        return new Message("assistant", content);
    }
}
