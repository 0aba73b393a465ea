package org.neuralattention.chat;

import java.util.Map;

/** Templates in the form of each family of chat models, written for these tests; their tokens are the families'. */
public final class Families {

    /** Qwen 2, SmolLM 2: a system message of its own where there is none. */
    public static final String CHATML = """
            {% for message in messages %}{% if loop.first and message['role'] != 'system' %}{{ '<|im_start|>system\\nBe brief.<|im_end|>\\n' }}\
            {% endif %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}\
            {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""";

    /** Qwen 3: thoughts of earlier answers are dropped. */
    public static final String THINKING = """
            {%- set state = namespace(searching=true, last_question=messages|length - 1) %}
            {%- for message in messages[::-1] %}
                {%- set at = messages|length - 1 - loop.index0 %}
                {%- if state.searching and message.role == "user" and not (message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
                    {%- set state.searching = false %}
                    {%- set state.last_question = at %}
                {%- endif %}
            {%- endfor %}
            {%- for message in messages %}
                {%- set content = message.content %}
                {%- set thought = '' %}
                {%- if message.role == 'assistant' and '</think>' in content %}
                    {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                    {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
                {%- endif %}
                {{- '<|im_start|>' + message.role + '\\n' }}
                {%- if message.role == 'assistant' and loop.index0 > state.last_question and (loop.last or thought) %}
                    {{- '<think>\\n' ~ thought.strip('\\n') ~ '\\n</think>\\n\\n' }}
                {%- endif %}
                {{- content ~ '<|im_end|>\\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|im_start|>assistant\\n' }}
                {%- if enable_thinking is defined and enable_thinking is false %}
                    {{- '<think>\\n\\n</think>\\n\\n' }}
                {%- endif %}
            {%- endif %}
            """;

    /** Llama 2: the system message inside the first question, roles that must take turns. */
    public static final String LLAMA_2 = """
            {% if messages[0]['role'] == 'system' %}{% set turns = messages[1:] %}{% set system = messages[0]['content'] %}\
            {% else %}{% set turns = messages %}{% set system = false %}{% endif %}\
            {% for message in turns %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
            {{ raise_exception('Roles must take turns: user, assistant, user, ...') }}{% endif %}\
            {% if loop.first and system != false %}{% set text = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}\
            {% else %}{% set text = message['content'] %}{% endif %}\
            {% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + text.strip() + ' [/INST]' }}\
            {% elif message['role'] == 'assistant' %}{{ ' ' + text.strip() + ' ' + eos_token }}{% endif %}{% endfor %}""";

    /** Llama 3.1 and later, with its date and the branches for tools that are not taken. */
    public static final String LLAMA_3 = """
            {{- bos_token }}
            {%- if not date_string is defined %}
                {%- if strftime_now is defined %}
                    {%- set date_string = strftime_now("%d %b %Y") %}
                {%- else %}
                    {%- set date_string = "26 Jul 2024" %}
                {%- endif %}
            {%- endif %}
            {%- if not tools is defined %}
                {%- set tools = none %}
            {%- endif %}

            {#- The system message comes first, with the date. #}
            {%- if messages[0]['role'] == 'system' %}
                {%- set system_message = messages[0]['content']|trim %}
                {%- set messages = messages[1:] %}
            {%- else %}
                {%- set system_message = "" %}
            {%- endif %}
            {{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
            {%- if builtin_tools is defined %}
                {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n" }}
            {%- endif %}
            {{- "Today Date: " + date_string + "\\n\\n" }}
            {%- if tools is not none %}
                {%- for t in tools %}
                    {{- t | tojson(indent=4) }}
                {%- endfor %}
            {%- endif %}
            {{- system_message }}
            {{- "<|eot_id|>" }}

            {%- for message in messages %}
                {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
                    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
                {%- elif 'tool_calls' in message %}
                    {%- for name, value in message.tool_calls[0].function.arguments | items %}
                        {{- name + '="' + value + '"' }}
                    {%- endfor %}
                {%- elif message.content is mapping or message.content is iterable %}
                    {{- message.content | tojson }}
                {%- endif %}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
            {%- endif %}
            """;

    /** Mistral's third tokenizer: the system message inside the last question. */
    public static final String MISTRAL = """
            {%- if messages[0]["role"] == "system" %}
                {%- set system_message = messages[0]["content"] %}
                {%- set turns = messages[1:] %}
            {%- else %}
                {%- set turns = messages %}
            {%- endif %}
            {%- if not tools is defined %}
                {%- set tools = none %}
            {%- endif %}
            {%- set questions = turns | selectattr("role", "equalto", "user") | list %}

            {#- Only questions and answers count. #}
            {%- set ns = namespace() %}
            {%- set ns.index = 0 %}
            {%- for message in turns %}
                {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
                    {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
                        {{- raise_exception("Roles must take turns: user, assistant, user, ...") }}
                    {%- endif %}
                    {%- set ns.index = ns.index + 1 %}
                {%- endif %}
            {%- endfor %}

            {{- bos_token }}
            {%- for message in turns %}
                {%- if message["role"] == "user" %}
                    {%- if tools is not none and (message == questions[-1]) %}
                        {%- for key, value in tools[0].items() if key != "return" %}
                            {{- '"' + key + '": ' + value|tojson }}
                        {%- endfor %}
                    {%- endif %}
                    {%- if loop.last and system_message is defined %}
                        {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
                    {%- else %}
                        {{- "[INST] " + message["content"] + "[/INST]" }}
                    {%- endif %}
                {%- elif message["role"] == "assistant" %}
                    {{- " " + message["content"]|trim + eos_token }}
                {%- endif %}
            {%- endfor %}
            """;

    /** Zephyr, TinyLlama: line breaks that trim_blocks takes away. */
    public static final String ZEPHYR = """
            {% for message in messages %}
            {% if message['role'] == 'user' %}
            {{ '<|user|>
            ' + message['content'] + eos_token }}
            {% elif message['role'] == 'system' %}
            {{ '<|system|>
            ' + message['content'] + eos_token }}
            {% elif message['role'] == 'assistant' %}
            {{ '<|assistant|>
            '  + message['content'] + eos_token }}
            {% endif %}
            {% if loop.last and add_generation_prompt %}
            {{ '<|assistant|>' }}
            {% endif %}
            {% endfor %}""";

    /** Phi 3: special tokens made of the role. */
    public static final String PHI_3 = """
            {% for message in messages %}{{ '<|' + message['role'] + '|>' + '\\n' + message['content'] + '<|end|>\\n' }}{% endfor %}\
            {% if add_generation_prompt and messages[-1]['role'] != 'assistant' %}{{- '<|assistant|>\\n' -}}{% endif %}""";

    /** Gemma: an answer's role is another, and there is no system message. */
    public static final String GEMMA = """
            {{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('There is no system role') }}{% endif %}\
            {% for message in messages %}{% if message['role'] == 'assistant' %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}\
            {% endif %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}\
            {% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}""";

    /** All of them by name. */
    public static final Map<String, String> ALL = Map.of("chatml", CHATML, "thinking", THINKING, "llama 2", LLAMA_2, "llama 3", LLAMA_3,
            "mistral", MISTRAL, "zephyr", ZEPHYR, "phi 3", PHI_3, "gemma", GEMMA);

    private Families() {}
}
