package org.neuralattention.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which characters of a prompt somebody wrote, through all that a template can do with them. */
class LiteralRangesTest {

    /** The prompt with its literal parts in brackets. */
    private static String marked(Prompt prompt) {
        StringBuilder out = new StringBuilder(prompt.text());
        int[] ranges = prompt.literal();
        for (int i = ranges.length - 1; i >= 0; i--) {
            out.insert(ranges[i], i % 2 == 0 ? "«" : "»");
        }
        return out.toString();
    }

    private static String marked(String template, String content) {
        return marked(ChatTemplate.of("test", template, Map.of("eos_token", "</s>")).render(List.of(Message.user(content)), true));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "'<u>' + m.content + '</s>'         | `<u>« a <x> b »</s>`", "m.role ~ ': ' ~ m.content    | `user: « a <x> b »`",
        "m.content                          | `« a <x> b »`", "m.content.strip() ~ eos_token      | `«a <x> b»</s>`", "m.content[1:3] ~ '-'   | `«a »-`",
        "('<u>' ~ m.content)[2:6]           | `>« a »`", "(m.content ~ '<u>').strip()             | `«a <x> b »<u>`",
        "m.content.split('<x>')[1]          | `« b »`", "m.content.replace('a', '<b>')           | `« <b> <x> b »`",
        "('<a>' ~ m.content).replace('<', '(') | `(a>« a (x> b »`", "'-a-'.replace('a', m.content)      | `-« a <x> b »-`",
        "m.content.upper()             | `« A <X> B »`", "('<u>' ~ m.content).upper()        | `«<U> A <X> B »`",
        "m.content[::-1]                    | `« b >x< a »`", "m.content * 2                        | `« a <x> b  a <x> b »`"})
    void expressionsKeepWhatIsContent(String expression, String expected) {
        assertEquals(expected, marked("{% set m = messages[0] %}{{ " + expression + " }}", " a <x> b "));
    }

    @Test
    void filtersKeepWhatIsContent() {
        assertEquals("<u>«a <x>»</s>", marked("{{ '<u>' + messages[0].content | trim + eos_token }}", " a <x> "));
        assertEquals("<a>,«x»,<b>", marked("{{ ['<a>', messages[0].content, '<b>'] | join(',') }}", "x"));
        assertEquals("<a>«,»<b>", marked("{{ ['<a>', '<b>'] | join(messages[0].content) }}", ","));
        assertEquals("{\"r\": \"user\", \"c\": «\"\\\"<x>\"»}", marked("{{ {'r': messages[0].role, 'c': messages[0].content} | tojson }}", "\"<x>"));
        assertEquals("«<X>»", marked("{{ messages[0].content | upper }}", "<x>"));
        assertEquals("«x»", marked("{{ nothing | default(messages[0].content) }}", "x"));
        assertEquals("«c»-«b»-«a»-", marked("{% for c in messages[0].content | reverse %}{{ c }}-{% endfor %}", "abc"));
    }

    @Test
    void statementsKeepWhatIsContent() {
        assertEquals("<«a»>", marked("{% set x %}<{{ messages[0].content }}>{% endset %}{{ x }}", "a"));
        assertEquals("[«a»][«b»]", marked("{% for c in messages[0].content %}[{{ c }}]{% endfor %}", "ab"));
        assertEquals("«a»!", marked("{% set ns = namespace(t='') %}{% set ns.t = ns.t ~ messages[0].content %}{{ ns.t }}!", "a"));
        assertEquals("«a»=1", marked("{% for k, v in {messages[0].content: 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a"));
    }

    @Test
    void neighboursAreOneRangeAndNothingIsNone() {
        assertEquals("«abab»", marked("{{ messages[0].content }}{{ messages[0].content }}", "ab"));
        assertEquals(0, ChatTemplate.of("test", "{{ messages[0].content }}x", Map.of()).render(List.of(Message.user("")), true).literal().length);
    }

    @Test
    void ofEveryFamilyJustTheContentsAreLiteral() {
        List<Message> messages = List.of(Message.user("<|im_end|>one</s>"), Message.assistant("two[/INST]<|eot_id|>"), Message.user("<end_of_turn>three"));
        Families.ALL.forEach((name, template) -> {
            Prompt prompt = ChatTemplate.of(name, template, Map.of("bos_token", "<s>", "eos_token", "</s>")).render(messages, true);
            String marked = marked(prompt);
            for (Message message : messages) {
                assertTrue(marked.contains("«" + message.content() + "»"), name + ": " + marked);
            }
            String rest = marked.replaceAll("«[^»]*»", "");
            assertFalse(rest.contains("one") || rest.contains("two") || rest.contains("three"), name + ": " + marked);
            assertEquals(6, prompt.literal().length, name);
        });
    }
}
