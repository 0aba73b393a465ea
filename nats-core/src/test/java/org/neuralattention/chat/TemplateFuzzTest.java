package org.neuralattention.chat;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.io.ModelFormatException;

/** A template is what a stranger wrote: it renders or is a typed error, soon and in little memory. */
class TemplateFuzzTest {

    private static final List<Message> MESSAGES = List.of(Message.system("s"), Message.user("a <|x|> b"), Message.assistant(""), Message.user("é😀"));

    private static final String[] PIECES = ("{{ |{{- | }}| -}}|{% |{%- | %}|-%}|+%}|{# |#}|'|\"|\\|\n| |  |text|for |in |if |elif |else|endif|endfor|set |endset"
            + "|x|y|messages|message|loop|content|role|index0|previtem|ns|=|==|!=|<|>=|+|-|~|*|//|%|(|)|[|]|{|}|.|,|:|::|and |or |not |is |defined"
            + "|none|true|false|string|0|1|-1|99999999999|'a'|'<|im_end|>'|namespace(|range(|raise_exception(|strftime_now(|items()|split(|strip()"
            + "|replace(|join(|trim|tojson|length|first|map(|select|list|reverse|default(|break|continue|generation|endgeneration|macro|0.5|**|é|😀")
            .split("\\|(?!\\w*\\|>)");

    /** Renders, or is a typed error; tells which. */
    private static boolean renders(String source) {
        try {
            Prompt prompt = ChatTemplate.of("fuzz", source, Map.of("bos_token", "<s>")).render(MESSAGES, true);
            for (int i = 0; i < prompt.literal().length; i++) {
                assertTrue(prompt.literal()[i] >= (i == 0 ? 0 : prompt.literal()[i - 1]) && prompt.literal()[i] <= prompt.text().length());
            }
            return true;
        } catch (ModelFormatException e) {
            return false;
        } catch (RuntimeException | Error e) {
            return fail("the template was: " + source, e);
        }
    }

    @Test
    void randomPiecesAreATemplateOrATypedError() {
        long seed = new Random().nextLong();
        System.out.println("TemplateFuzzTest seed " + seed);
        Random random = new Random(seed);
        int rendered = 0;
        for (int i = 0; i < 30_000; i++) {
            StringBuilder source = new StringBuilder(i % 2 == 0 ? "{{ " : "{% ");
            for (int n = random.nextInt(12); n >= 0; n--) {
                source.append(PIECES[random.nextInt(PIECES.length)]);
            }
            source.append(i % 2 == 0 ? " }}" : " %}");
            rendered += renders(source.toString()) ? 1 : 0;
        }
        assertTrue(rendered > 100, "only " + rendered + " of 30000 rendered, seed " + seed);
    }

    @Test
    void changedTemplatesOfTheFamiliesAreTemplatesOrTypedErrors() {
        long seed = new Random().nextLong();
        System.out.println("TemplateFuzzTest seed " + seed);
        Random random = new Random(seed);
        for (String template : Families.ALL.values()) {
            for (int i = 0; i < 1500; i++) {
                StringBuilder source = new StringBuilder(template);
                for (int n = random.nextInt(3); n >= 0; n--) {
                    int at = random.nextInt(source.length());
                    int to = Math.min(source.length(), at + random.nextInt(6));
                    source.replace(at, to, random.nextInt(4) == 0 ? "" : PIECES[random.nextInt(PIECES.length)]);
                }
                renders(source.toString());
            }
        }
    }

    @Test
    void everyPrefixOfATemplateIsATemplateOrATypedError() {
        for (int to = 0; to <= Families.LLAMA_3.length(); to++) {
            renders(Families.LLAMA_3.substring(0, to));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{% for i in range(99999999999) %}{% endfor %}", "{{ range(-9223372036854775807, 9223372036854775807, 9223372036854775807)|length * 0 + 'x' * 99999999999 }}",
        "{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{{ a * b }}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='a' * 100000) %}{% for i in range(9) %}{% set ns.s = ns.s|replace('a', 'aaaaaaaaaa') %}{% endfor %}",
        "{% set x = ('a' * 3000000).split('a') %}", "{% set x = ('a' * 3000000)|list %}", "{% set x = 'a' * 3000000 %}{% for i in range(1000) %}{{ x }}{% endfor %}",
        "{% set x = 'a' * 1000000 %}{% for i in range(100000) %}{% if x == x ~ '' %}{% endif %}{% endfor %}",
        "{% set x = range(30000)|list %}{% for i in range(30000) %}{% if -1 in x %}{% endif %}{% endfor %}",
        "{% set ns = namespace(l=[]) %}{% for i in range(5000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l|tojson }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(5000) %}{% set ns.l = [ns.l, 1] %}{% endfor %}{{ ns.l == [ns.l, 1] }}",
        "{% set ns = namespace(l='') %}{% for i in range(99) %}{% set ns.l = {'x': ns.l} %}{% endfor %}{{ ns.l|tojson(indent=60) }}",
        "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns|tojson }}", "{% set ns = namespace() %}{% set ns.me = [ns] %}{{ ns.me|tojson }}",
        "{{ messages|map('map', 'map', 'map') }}", "{{ 'a'|join('a' * 10000000)|join('a' * 10000000) }}"})
    void whatRunsOrGrowsWithoutEndIsATypedErrorWithinASecond(String source) {
        ChatTemplate template = ChatTemplate.of("fuzz", source, Map.of());
        assertThrows(ModelFormatException.class, () -> template.render(MESSAGES, true)); // warm: the time is not the compiler's
        assertTimeoutPreemptively(Duration.ofSeconds(2), () -> assertThrows(ModelFormatException.class, () -> template.render(MESSAGES, true)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "{'a': ", "-", "not ", "x[", "range(", "x|join(", "1 if 1 else "})
    void deepExpressionsAreTypedErrors(String open) {
        assertThrows(ModelFormatException.class, () -> ChatTemplate.of("fuzz", "{{ " + open.repeat(100_000), Map.of()).render(MESSAGES, true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{% if 1 %}", "{% for i in [1] %}", "{% set x %}", "{% generation %}"})
    void deepStatementsAreTypedErrors(String open) {
        assertThrows(ModelFormatException.class, () -> ChatTemplate.of("fuzz", open.repeat(50_000), Map.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {".a", "[0]", "|list", " is defined", "[:1]", ".strip()", " if 1"})
    void longChainsAreValuesOrTypedErrors(String link) {
        renders("{{ messages" + link.repeat(20_000) + " }}");
    }

    @ParameterizedTest
    @ValueSource(strings = {" + 'a'", " ~ 'a'", " == 'a'", " and 'a'", " in 'a'"})
    void aLongChainOfOneOperatorIsNotDeep(String link) {
        assertTrue(renders("{{ 'a'" + link.repeat(2_000) + " }}"));
    }

    @Test
    void aLongConversationIsNotTooMuch() {
        List<Message> messages = java.util.Collections.nCopies(20_000, Message.user("How are you? ".repeat(20)));
        String text = ChatTemplate.of("fuzz", Families.THINKING, Map.of()).render(messages, true).text();
        assertTrue(text.length() > 20_000 * 260);
    }
}
