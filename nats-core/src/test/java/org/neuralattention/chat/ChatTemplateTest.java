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

/** Whole templates. The expected texts are those of Jinja 3.1.6 set up as transformers does. */
class ChatTemplateTest {

    private static final Map<String, String> TOKENS = Map.of("bos_token", "<s>", "eos_token", "</s>");

    private static final List<Message> TURNS = List.of(Message.user("Hello"), Message.assistant(" Hi there \n"), Message.user("Who are\nyou?"));

    private static List<Message> withSystem() {
        return List.of(Message.system(" Be kind. "), TURNS.get(0), TURNS.get(1), TURNS.get(2));
    }

    private static String render(String source, List<Message> messages) {
        Clock clock = Clock.fixed(Instant.parse("2026-03-05T10:20:30Z"), ZoneOffset.UTC);
        return ChatTemplate.of("test", source, TOKENS).withClock(clock).render(messages, true).text();
    }

    @Test
    void chatml() {
        assertEquals("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n Hi there \n<|im_end|>\n"
                + "<|im_start|>user\nWho are\nyou?<|im_end|>\n<|im_start|>assistant\n", render(Families.CHATML, TURNS));
        assertTrue(render(Families.CHATML, withSystem()).startsWith("<|im_start|>system\n Be kind. <|im_end|>\n<|im_start|>user\nHello<|im_end|>\n"));
    }

    @Test
    void withoutTheBeginningOfAnAnswer() {
        String text = ChatTemplate.of("test", Families.CHATML, TOKENS).render(TURNS, false).text();
        assertTrue(text.endsWith("you?<|im_end|>\n"), text);
    }

    @Test
    void thoughtsOfEarlierAnswersAreDropped() {
        List<Message> messages = List.of(Message.user("a"), Message.assistant("<think>\nhm\n</think>\n\nb"), Message.user("c"),
                Message.assistant("<think>\nso\n</think>\n\nd"));
        assertEquals("<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n"
                + "<|im_start|>assistant\n<think>\nso\n</think>\n\nd<|im_end|>\n<|im_start|>assistant\n", render(Families.THINKING, messages));
        assertTrue(ChatTemplate.of("test", Families.THINKING, TOKENS).with("enable_thinking", false).render(TURNS, true).text()
                .endsWith("<|im_start|>assistant\n<think>\n\n</think>\n\n"));
    }

    @Test
    void llama2() {
        assertEquals("<s>[INST] <<SYS>>\n Be kind. \n<</SYS>>\n\nHello [/INST] Hi there </s><s>[INST] Who are\nyou? [/INST]",
                render(Families.LLAMA_2, withSystem()));
    }

    @Test
    void llama3() {
        assertEquals("<s><|start_header_id|>system<|end_header_id|>\n\nToday Date: 05 Mar 2026\n\nBe kind.<|eot_id|>"
                + "<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHi there<|eot_id|>"
                + "<|start_header_id|>user<|end_header_id|>\n\nWho are\nyou?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
                render(Families.LLAMA_3, withSystem()));
    }

    @Test
    void mistral() {
        assertEquals("<s>[INST] Hello[/INST] Hi there</s>[INST]  Be kind. \n\nWho are\nyou?[/INST]", render(Families.MISTRAL, withSystem()));
    }

    @Test
    void zephyr() {
        assertEquals("<|system|>\n Be kind. </s>\n<|user|>\nHello</s>\n<|assistant|>\n Hi there \n</s>\n<|user|>\nWho are\nyou?</s>\n<|assistant|>\n",
                render(Families.ZEPHYR, withSystem()));
    }

    @Test
    void phi3() {
        assertEquals("<|system|>\n Be kind. <|end|>\n<|user|>\nHello<|end|>\n<|assistant|>\n Hi there \n<|end|>\n<|user|>\nWho are\nyou?<|end|>\n"
                + "<|assistant|>\n", render(Families.PHI_3, withSystem()));
    }

    @Test
    void gemma() {
        assertEquals("<s><start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\nHi there<end_of_turn>\n"
                + "<start_of_turn>user\nWho are\nyou?<end_of_turn>\n<start_of_turn>model\n", render(Families.GEMMA, TURNS));
    }

    @Test
    void aTemplatesOwnRefusalIsAnErrorWithItsWords() {
        RefusedChatException system = assertThrows(RefusedChatException.class, () -> render(Families.GEMMA, withSystem()));
        assertEquals("There is no system role", system.reason());
        assertEquals("test: the chat template refuses these messages: There is no system role", system.getMessage());
        List<Message> twice = List.of(Message.user("a"), Message.user("b"));
        assertThrows(RefusedChatException.class, () -> render(Families.LLAMA_2, twice));
        assertThrows(RefusedChatException.class, () -> render(Families.MISTRAL, twice));
    }

    @Test
    void aTokenThatTheTokenizerLacksIsNothing() {
        assertEquals("hi", ChatTemplate.of("test", "{{ bos_token }}{{ messages[0].content }}", Map.of()).render(List.of(Message.user("hi")), true).text());
    }

    @Test
    void aRoleCanHoldNoSpecialToken() {
        for (String role : List.of("", "user|>", "<|system", "a b", "1", "ü", "a".repeat(65))) {
            assertThrows(IllegalArgumentException.class, () -> new Message(role, ""), role);
        }
        new Message("tool_response-2", "");
    }
}
