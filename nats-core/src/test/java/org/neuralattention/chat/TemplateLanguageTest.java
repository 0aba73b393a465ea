package org.neuralattention.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;

/** The language piece by piece. The expected texts are those of Jinja 3.1.6 set up as transformers does. */
class TemplateLanguageTest {

    private static final List<Message> MESSAGES = List.of(Message.user("a, b"), Message.assistant(" é漢😀 "));

    private static String render(String source) {
        return ChatTemplate.of("test", source, Map.of("bos_token", "<s>"))
                .withClock(Clock.fixed(Instant.parse("2026-03-05T15:20:30Z"), ZoneOffset.UTC)).render(MESSAGES, false).text();
    }

    private static String value(String expression) {
        return render("{{ " + expression + " }}");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '§', quoteCharacter = '`', value = {
        // operators, from loose to tight
        "1 if 0 else 2 § 2", "'a' if none § ``", "1 if 0 else 2 if 0 else 3 § 3", "'x' or 1 § x", "0 or none § None", "1 and '' ~ 'y' § y",
        "not 1 == 2 § True", "not x is defined § True", "1 < 2 < 3 § True", "1 < 3 < 2 § False", "2 not in [1, 3] § True", "'b' in 'abc' § True",
        "'role' in messages[0] § True", "'x' in x § False", "1 + 2 * 3 - 4 § 3", "7 // 2 ~ 7 % 3 § 31", "-7 // 2 § -4", "-7 % 3 § 2", "'ab' * 2 ~ 1 § abab1",
        "1 + 2 ~ 3 + 4 § error", "'a' + ' b '|trim + 'c' § abc", "(1, 2)|length § 2", "-messages|length § error", "true + 1 § 2", "1 == true § True",
        "'1' == 1 § False", "none == false § False", "[1, [2]] == [1, [2]] § True", "{'a': 1} == {'a': 1} § True", "'ä' > 'z' § True",
        // literals
        "'it''s' § its", "'a' \"b\" § ab", "'\\x41\\u00e9\\101\\d\\'' § AéA\\d'", "1_000 § 1000", "True ~ none ~ false § TrueNoneFalse", "[1, 2,][-1] § 2",
        "{'a': {'b': 3}}.a['b'] § 3", "{'a': {'b': {}}}|tojson § {\"a\": {\"b\": {}}}",
        // items, attributes, slices
        "messages[0].content § `a, b`", "messages[-1]['role'] § assistant", "messages[5] § ``", "messages[5].role § error", "messages.0.role § user",
        "messages[0].x is defined § False", "messages[0].content.content is defined § False", "messages[1].content[2] § 漢", "messages[1].content[-2] § 😀",
        "'abcdef'[1:3] § bc", "'abcdef'[::-1] § fedcba", "'abcdef'[-2:] § ef", "'abcdef'[4:1:-2] § ec", "'abc'[:-1] § ab", "messages[1:]|length § 1",
        "messages[::-1][0].role § assistant", "'abc'['x'] is undefined § True",
        // methods and filters
        "' a '.strip() ~ '|' § a|", "'xaxx'.strip('x') § a", "' a '.lstrip() ~ '|' § `a |`", "'a\\n'.rstrip('\\n') § a", "'a,b,c'.split(',')[1] § b",
        "'a  b'.split()|length § 2", "'a,b,c'.split(',', 1)[-1] § `b,c`", "',a'.split(',')|length § 2", "'abc'.startswith('ab') § True",
        "'abc'.endswith(('x', 'c')) § True", "'they''re'.title() § Theyre", "'hello WORLD'.capitalize() § Hello world", "'aXbX'.replace('X', '-', 1) § a-bX",
        "', '.join(['a', 'b']) § `a, b`", "{'a': 1}.items()|length § 1", "{'a': 1}.get('b', 2) § 2", "{'a': 1}.keys()|join § a",
        "'ß'|upper § SS", "x|default('d') § d", "''|default('d') § ``", "''|default('d', true) § d", "x|length § 0", "'😀'|length § 1", "' a '|trim § a",
        "[1, 2]|join('-') § 1-2", "messages|map(attribute='role')|join(' ') § user assistant", "messages|selectattr('role', 'equalto', 'user')|list|length § 1",
        "[1, 2, 3]|reject('odd')|first § 2", "[1, 2, 3]|reject('odd')|list|first § 2", "[0, 1]|select|join § 1", "['a', 'b']|map('upper')|join § AB",
        "'12'|int + 1 § 13", "[1, 2]|reverse|list|first § 2", "'abc'|reverse § cba", "'abc'|last § c", "[]|first § ``", "none|string § None",
        "[1, 'é\"\\n', true, none]|tojson § `[1, \"é\\\"\\n\", true, null]`", "'a'|replace('a', '<b>') § <b>", "'a<b'|tojson § \"a<b\"",
        // tests and functions
        "1 is defined § True", "x is not defined § True", "none is none § True", "'' is string § True", "{} is mapping § True", "'' is iterable § True",
        "1 is iterable § False", "3 is odd § True", "4 is divisibleby 2 § True", "'a' is in ['a'] § True", "1 is eq 1 § True", "false is false § True",
        "0 is false § False", "true is number § True", "none is sameas none § True", "range(3)|join § 012", "range(5, 1, -2)|join § 53",
        "namespace(a=1).a § 1", "strftime_now('%d %b %Y %H:%M %p') § 05 Mar 2026 15:20 PM", "strftime_now is defined § True", "tools is none § True"})
    void anExpressionIsWhatJinjaMakesOfIt(String expression, String expected) {
        if (expected.equals("error")) {
            assertThrows(ModelFormatException.class, () -> value(expression), expression);
        } else {
            assertEquals(expected, value(expression), expression);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '§', quoteCharacter = '`', value = {
        "{% for i in [1, 2, 3] if i != 2 %}{{ loop.index0 }}{{ loop.last }}{{ i }},{% endfor %} § `0False1,1True3,`",
        "{% for i in [] %}x{% else %}none{% endfor %} § none", "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k ~ v }}{% endfor %} § a1b2",
        "{% for c in 'é😀' %}[{{ c }}]{% endfor %} § [é][😀]", "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = 5 %}{{ x }}{% endfor %}{{ x }} § 15151",
        "{% if 1 %}{% set x = 2 %}{% endif %}{{ x }} § 2", "{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }} § 3",
        "{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %} § b", "{% set a, b = [1, 2] %}{{ b ~ a }} § 21", "{% set x %} <{{ 1 }}> {% endset %}{{ x|trim }} § <1>",
        "{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %} § 13",
        "{% for i in [1, 2, 3] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %} § 1",
        "{% for i in [1, 2] %}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.revindex }},{% endfor %} § `22,11,`",
        "{% generation %}a{% endgeneration %}b § ab", "{# {{ x }} #}a § a", "a{#- x -#} b § ab", "{{ '%}' }}{{ '}}' }} § %}}}", "{ {a} %} § { {a} %}"})
    void aStatementDoesWhatJinjaDoes(String source, String expected) {
        assertEquals(expected, render(source));
    }

    @Test
    void whiteSpaceGoesWhereTransformersLetsItGo() {
        assertEquals("a\nb\n", render("a\n  {% if 1 %}\nb\n  {% endif %}\n"), "a block alone on its line leaves nothing");
        assertEquals("a  1\nb", render("a  {{ 1 }}\nb"), "a value keeps all");
        assertEquals("a1b", render("a \n {{- 1 -}} \n b"));
        assertEquals("a  \nb", render("a  {%+ if 1 +%}\nb{% endif %}"), "+ keeps what would go");
        assertEquals("a x", render("a {% if 1 %}x{% endif %}"), "blanks behind text stay");
        assertEquals("\n", render("\n\n"), "one line break at the end does not count");
        assertEquals("a\nb\nc", render("a\r\nb\rc\r\n"), "line breaks are all alike");
        assertEquals("ab", render("{# 1 #}\na{% set x = 1 %}\nb"));
        assertEquals("a\u00a0b", render("a\u00a0{{ 'b' }}"));
        assertEquals("ab", render("a\u00a0{{- 'b' }}"), "Python's white space");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '§', quoteCharacter = '`', value = {
        "{% macro f(x) %}{% endmacro %} § the statement 'macro'", "{% include 'x' %} § the statement 'include'", "{% raw %}{% endraw %} § the statement 'raw'",
        "{{ x|sort }} § the filter sort", "{{ x is callable }} § the test callable", "{{ x.format(1) }} § the method format()", "{{ cycler(1) }} § the call cycler()",
        "{{ 1 / 2 }} § the operator /", "{{ 2 ** 3 }} § the operator **", "{{ 1.5 }} § the number 1.", "{{ 0x10 }} § the number 0x10", "{{ [1] }} § printing a list",
        "{{ {} }} § printing a mapping", "{{ 'a' % 1 }} § formatting with %", "{{ f(*x) }} § the call f()", "{{ range(*x) }} § unpacking arguments",
        "{% for x in y recursive %}{% endfor %} § a recursive loop", "{{ 'a'.strip }} § the method strip without a call",
        "{{ strftime_now('%c') }} § '%c' in a date", "{{ x|tojson(sort_keys=true) }} § the argument sort_keys", "{{ {1: 2} }} § a mapping's key that is no string",
        "{% if messages|select %}{% endif %} § the truth of what a filter yields", "{% for x in [1] %}{{ loop is iterable }}{% endfor %} § asking whether a namespace has elements", "{{ 99999999999999999999 }} § the integer 99999999999999999999"})
    void whatIsNotSupportedIsNamed(String source, String construct) {
        String message = assertThrows(UnsupportedModelException.class, () -> render("\n" + source)).getMessage();
        assertTrue(message.startsWith("test: chat template, line 2: ") && message.contains(construct), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{% macro f(x) %}{% endmacro %}", "{{ x|sort }}", "{{ x is callable }}", "{{ x.format(1) }}", "{{ cycler(1) }}", "{{ 1 / 2 }}"})
    void whatParsingShowsIsRefusedBeforeAnythingIsRendered(String construct) {
        assertThrows(UnsupportedModelException.class, () -> ChatTemplate.of("test", "{% if false %}" + construct + "{% endif %}", Map.of()));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '§', quoteCharacter = '`', value = {
        "{{ x § '}}' is missing", "{% if x %} § expected '{% endif %}', found the end of the template", "{% endif %} § 'endif' ends nothing that was begun",
        "{{ 'abc }} § this string has no end", "{# abc § this comment has no end", "{{ (1] }} § `unexpected ']', expected ')'`", "{% nonsense %} § there is no statement 'nonsense'",
        "{{ 1 2 }} § `expected '}}', found '2'`", "{{ x.y }} § `'x' is undefined, and so has no attribute 'y'`", "{{ 'a' + 1 }} § a string + an integer is not defined",
        "{{ 1 // 0 }} § division by zero", "{{ 9223372036854775807 + 1 }} § does not fit 64 bits", "{% set loop = 1 %} § 'loop' cannot be assigned to",
        "{% set x.y = 1 %} § only a namespace's attributes can be set", "{% break %} § 'break' outside of a loop", "{{ '\\xZZ' }} § a broken escape",
        "{% for a, b in [[1]] %}{% endfor %} § `1 values for the 2 names a, b`", "{{ none|length }} § none has no length", "{{ ''.split('') }} § split('') is not defined"})
    void aTemplateThatIsWrongIsToldWithItsLine(String source, String problem) {
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> render("\n\n" + source));
        assertTrue(e.getMessage().startsWith("test: chat template, line 3: ") && e.getMessage().contains(problem), e.getMessage());
    }
}
