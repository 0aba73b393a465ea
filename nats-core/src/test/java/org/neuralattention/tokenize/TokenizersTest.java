package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.Json;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.testing.Shared;
import org.neuralattention.tokenize.BpeModel.Ranks;

class TokenizersTest {

    @TempDir
    Path dir;

    private String small;

    @BeforeEach
    void write() throws IOException {
        new BpeTokenizer(TestModels.small(), Boundaries.NONE).save(dir);
        small = Files.readString(dir.resolve("tokenizer.json"));
    }

    @Test
    void whatIsSavedIsLoadedAgain() throws IOException {
        BpeTokenizer saved = new BpeTokenizer(TestModels.small(), new Boundaries(OptionalInt.of(301), true, List.of(256, 300)));
        saved.save(dir);
        for (Path path : new Path[] {dir, dir.resolve("tokenizer.json")}) {
            BpeTokenizer loaded = (BpeTokenizer) Tokenizers.load(path);
            assertEquals(saved.model(), loaded.model());
            assertEquals(OptionalInt.of(301), loaded.bosId());
            assertEquals(OptionalInt.of(256), loaded.eosId());
            assertEquals(List.of(256, 300), loaded.eosIds());
        }
    }

    @Test
    void theBookModelsTokenizerSurvivesSaving() throws IOException {
        BpeTokenizer books = (BpeTokenizer) Tokenizers.load(Shared.path("models/books-llama"));
        books.save(dir);
        BpeTokenizer loaded = (BpeTokenizer) Tokenizers.load(dir);
        assertEquals(books.model(), loaded.model());
        // no tokenizer_config.json and no post-processor: its model_type is llama, whose tokenizers put the beginning of config.json first
        assertEquals(OptionalInt.of(0), books.boundaries().first());
        assertEquals(books.boundaries(), loaded.boundaries());
        assertEquals(OptionalInt.of(0), loaded.eosId());
    }

    @Test
    void aByteModelIsFoundAgain() throws IOException {
        new ByteTokenizer().save(dir);
        assertInstanceOf(ByteTokenizer.class, Tokenizers.load(dir));
    }

    @Test
    void beginningAndEndComeFromTheFilesBesideIt() throws IOException {
        Path tokenizerConfig = dir.resolve("tokenizer_config.json");
        Path config = dir.resolve("config.json");
        Files.delete(tokenizerConfig);
        assertEquals(Boundaries.NONE, Tokenizers.load(dir).boundaries());
        Files.writeString(config, "{\"bos_token_id\": 300, \"eos_token_id\": [301, 300]}");
        assertEquals(OptionalInt.of(300), Tokenizers.load(dir).bosId());
        assertEquals(List.of(301, 300), Tokenizers.load(dir).eosIds());
        assertEquals(OptionalInt.empty(), Tokenizers.load(dir).boundaries().first());
        Files.writeString(tokenizerConfig, "{\"bos_token\": null, \"eos_token\": {\"content\": \"<|endoftext|>\"}}");
        assertEquals(OptionalInt.empty(), Tokenizers.load(dir).bosId());
        assertEquals(OptionalInt.of(300), Tokenizers.load(dir).eosId());
        Files.writeString(dir.resolve("generation_config.json"), "{\"eos_token_id\": [300, 257]}");
        assertEquals(List.of(300, 301, 257), Tokenizers.load(dir).eosIds());
        Files.writeString(tokenizerConfig, "{\"eos_token\": \"</s>\"}");
        assertEquals(tokenizerConfig + ": \"eos_token\" is \"</s>\": not in the vocabulary",
                assertThrows(ModelFormatException.class, () -> Tokenizers.load(dir)).getMessage());
    }

    /** As transformers decides it: by the class where that makes its own post-processor, else by the file's post-processor alone. */
    @Test
    void theClassOfATokenizerDecidesWhetherTextsGetABeginning() throws IOException {
        for (String none : List.of("GPT2Tokenizer", "PreTrainedTokenizerFast", "Qwen2Tokenizer")) {
            for (boolean add : new boolean[] {false, true}) {
                assertFirst(OptionalInt.empty(), "{\"tokenizer_class\": \"" + none + "\", \"bos_token\": \"<|endoftext|>\", \"add_bos_token\": " + add + "}");
            }
        }
        for (String llama : List.of("LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizerFast", "GemmaTokenizer")) {
            assertFirst(OptionalInt.of(300), "{\"tokenizer_class\": \"" + llama + "\", \"bos_token\": \"<|endoftext|>\"}");
            assertFirst(OptionalInt.empty(), "{\"tokenizer_class\": \"" + llama + "\", \"bos_token\": \"<|endoftext|>\", \"add_bos_token\": false}");
        }
        assertFirst(OptionalInt.empty(), "{\"bos_token\": \"<|endoftext|>\"}");
        Files.writeString(dir.resolve("config.json"), "{\"model_type\": \"llama\", \"bos_token_id\": 300}");
        assertFirst(OptionalInt.of(300), "{}"); // a Llama's tokenizer is of Llama's class, unless it says otherwise
        assertFirst(OptionalInt.empty(), "{\"tokenizer_class\": \"PreTrainedTokenizerFast\"}");
    }

    private void assertFirst(OptionalInt first, String tokenizerConfig) throws IOException {
        Files.writeString(dir.resolve("tokenizer_config.json"), tokenizerConfig);
        Tokenizer loaded = Tokenizers.load(dir);
        assertEquals(first, loaded.boundaries().first(), tokenizerConfig);
        assertEquals(OptionalInt.of(300), loaded.bosId(), tokenizerConfig);
        assertEquals(first.isPresent() ? 2 : 1, loaded.encodeBeginning("a").length, tokenizerConfig);
    }

    @Test
    void aTokenThatBeginsSequencesButNotTextsIsKept() throws IOException {
        Boundaries named = new Boundaries(OptionalInt.of(300), false, List.of(301));
        new BpeTokenizer(TestModels.small(), named).save(dir);
        assertEquals(named, Tokenizers.load(dir).boundaries());
        assertThrows(IllegalArgumentException.class, () -> new Boundaries(OptionalInt.empty(), true, List.of()));
    }

    @Test
    void mergesWrittenAsOneStringAreRead() throws IOException {
        rewrite("[ \"aa\", \"aa\" ]", "\"aa aa\"");
        assertEquals(TestModels.small(), ((BpeTokenizer) Tokenizers.load(dir)).model());
    }

    @Test
    void everythingAModelHasIsWritten() throws IOException {
        BpeModel small = TestModels.small();
        List<AddedToken> added = List.of(new AddedToken(300, "<a>", true, false, true, false, true), new AddedToken(301, "<b>", false, true, false, true, false));
        for (List<Split> splits : List.of(List.<Split>of(), List.of(Split.GPT2), List.of(Split.DIGITS, Split.GPT2), List.of(Split.LLAMA3),
                List.of(Split.PUNCTUATION, Split.GPT2, Split.DIGITS_IN_THREES), List.of(Split.GPT2, Split.NUMBERS))) {
            for (Normalization normalization : Normalization.values()) {
                BpeModel model = new BpeModel(small.vocab(), small.merges(), Ranks.OF_PAIRS, normalization == Normalization.NFC, added, normalization, splits);
                new BpeTokenizer(model, new Boundaries(OptionalInt.of(300), true, List.of())).save(dir);
                Files.delete(dir.resolve("tokenizer_config.json")); // the beginning is in tokenizer.json too
                BpeTokenizer loaded = (BpeTokenizer) Tokenizers.load(dir);
                assertEquals(model, loaded.model());
                assertEquals(OptionalInt.of(300), loaded.bosId());
            }
        }
    }

    @Test
    void preTokenizersAreReadAsTheFamiliesWriteThem() throws IOException {
        String byteLevel = "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true, \"use_regex\": false}";
        assertSplits(List.of(), byteLevel);
        assertSplits(List.of(Split.GPT2), byteLevel.replace(", \"use_regex\": false", ""));
        assertSplits(List.of(Split.DIGITS, Split.GPT2), "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Digits\", \"individual_digits\": true}, "
                + byteLevel.replace("\"use_regex\": false", "\"use_regex\": true") + "]}");
        for (String behavior : new String[] {"\"behavior\": \"Isolated\", \"invert\": false", "\"behavior\": \"Removed\", \"invert\": true"}) {
            for (Split split : new Split[] {Split.LLAMA3, Split.QWEN2, Split.CL100K}) {
                String pattern = Json.compact(split.pattern());
                assertSplits(List.of(split), "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", \"pattern\": {\"Regex\": " + pattern + "}, "
                        + behavior + "}, " + byteLevel + "]}");
            }
        }
    }

    private void assertSplits(List<Split> splits, String preTokenizer) throws IOException {
        rewritePreTokenizer(preTokenizer);
        assertEquals(splits, ((BpeTokenizer) Tokenizers.load(dir)).model().splits());
    }

    private void rewritePreTokenizer(String json) throws IOException {
        int from = small.indexOf("\"pre_tokenizer\"");
        int to = small.indexOf("\"post_processor\"");
        Files.writeString(dir.resolve("tokenizer.json"), small.substring(0, from) + "\"pre_tokenizer\": " + json + ", " + small.substring(to));
    }

    @Test
    void whatThePostProcessorPutsFirstBeginsASequence() throws IOException {
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"bos_token\": \"<|endoftext|>!\", \"eos_token\": \"<|endoftext|>!\"}");
        assertEquals(OptionalInt.empty(), Tokenizers.load(dir).boundaries().first());
        rewrite("\"post_processor\" : null", "\"post_processor\": {\"type\": \"ByteLevel\", \"trim_offsets\": false}");
        assertEquals(OptionalInt.empty(), Tokenizers.load(dir).boundaries().first());
        assertEquals(OptionalInt.of(301), Tokenizers.load(dir).bosId());
        assertEquals(OptionalInt.of(301), Tokenizers.load(dir).eosId());
        String template = "{\"type\": \"TemplateProcessing\", \"single\": [BOS{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}, "
                + "{\"SpecialToken\": {\"id\": \"<|endoftext|>!\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {}}";
        String bos = "{\"SpecialToken\": {\"id\": \"<|endoftext|>\", \"type_id\": 0}}, ";
        rewrite("\"post_processor\" : null", "\"post_processor\": " + template.replace("BOS", ""));
        assertEquals(OptionalInt.empty(), Tokenizers.load(dir).boundaries().first());
        rewrite("\"post_processor\" : null", "\"post_processor\": {\"type\": \"Sequence\", \"processors\": [{\"type\": \"ByteLevel\"}, "
                + template.replace("BOS", bos) + "]}");
        assertEquals(OptionalInt.of(300), Tokenizers.load(dir).boundaries().first());
        assertUnsupported("\"post_processor\" : null", "\"post_processor\": " + template.replace("BOS", bos + bos),
                "\"post_processor\" puts [<|endoftext|>, <|endoftext|>] before a text, supported is one token");
        assertUnsupported("\"post_processor\" : null", "\"post_processor\": {\"type\": \"BertProcessing\"}", "the post-processor BertProcessing is not known");
        assertMalformed("\"post_processor\" : null", "\"post_processor\": " + template.replace("BOS", bos.replace("<|endoftext|>", "<s>")),
                "\"post_processor\" is \"<s>\": not in the vocabulary");
    }

    @Test
    void whatAPreTokenizerDoesThatIsNotSupportedIsNamed() throws IOException {
        String byteLevel = "{\"type\": \"ByteLevel\", \"use_regex\": false}";
        String split = "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"a|b\"}, \"behavior\": \"Isolated\", \"invert\": false}";
        String gpt2 = split.replace("\"a|b\"", Json.compact(Split.GPT2.pattern()));
        assertPreTokenizer("the pattern a|b of a Split is not known", split + ", " + byteLevel);
        assertPreTokenizer("\"String\" is not known", split.replace("Regex", "String") + ", " + byteLevel);
        assertPreTokenizer("\"behavior\" is MergedWithNext, supported is Isolated", gpt2.replace("Isolated", "MergedWithNext") + ", " + byteLevel);
        assertPreTokenizer("\"behavior\" is Isolated, supported is Removed", gpt2.replace("false", "true") + ", " + byteLevel);
        assertPreTokenizer("\"type\" is Whitespace, supported is Split or Digits", "{\"type\": \"Whitespace\"}, " + byteLevel);
        assertPreTokenizer("\"type\" is Split, supported is ByteLevel", gpt2);
        assertPreTokenizer("\"pretokenizers\" is empty", "");
    }

    private void assertPreTokenizer(String message, String steps) throws IOException {
        rewritePreTokenizer("{\"type\": \"Sequence\", \"pretokenizers\": [" + steps + "]}");
        assertContains(message, assertThrows(ModelFormatException.class, () -> Tokenizers.load(dir)));
    }

    @Test
    void whatIsNotSupportedIsNamed() throws IOException {
        assertUnsupported("\"normalizer\" : null", "\"normalizer\" : {\"type\": \"NFKC\"}", "normalizer: \"type\" is NFKC, supported is NFC");
        assertUnsupported("\"type\" : \"ByteLevel\"", "\"type\" : \"Metaspace\"", "pre_tokenizer: \"type\" is Metaspace, supported is ByteLevel");
        assertUnsupported("\"add_prefix_space\" : false", "\"add_prefix_space\" : true", "\"add_prefix_space\" is true, supported is false or null");
        assertUnsupported("\"type\" : \"BPE\"", "\"type\" : \"Unigram\"", "\"type\" is Unigram, supported is BPE or null");
        assertUnsupported("\"byte_fallback\" : false", "\"byte_fallback\" : true", "\"byte_fallback\" is true");
        assertUnsupported("\"dropout\" : null", "\"dropout\" : 0.1", "\"dropout\" is 0.1");
        assertUnsupported("\"end_of_word_suffix\" : null", "\"end_of_word_suffix\" : \"</w>\"", "\"end_of_word_suffix\" is </w>");
        assertUnsupported("\"fuse_unk\"", "\"fuse_all\"", "\"fuse_all\" is not known");
        assertUnsupported("\"version\"", "\"revision\"", "\"revision\" is not known");
    }

    @Test
    void malformedFilesAreRefusedByName() throws IOException {
        assertMalformed("\"vocab\"", "\"vocab\" : {}, \"vocab\"", "Duplicate field 'vocab'");
        assertMalformed("\"aa\" : 256", "\"aa\" : \"256\"", "\"aa\" is 256 where an integer should be");
        assertMalformed("\"aa\" : 256", "\"aa\" : 99999999999", "\"aa\" is 99999999999 where an integer of 32 bits should be");
        assertMalformed("\"aa\" : 256", "\"aa\" : -1", "\"aa\" has id -1");
        assertMalformed("\"aa\" : 256", "\"aa\" : 97", "id 97 is given twice");
        assertMalformed("\"aa\" : 256,", "", "merge 0, \"aa\": not in the vocabulary");
        assertMalformed("\"th\" : 258", "\"th\" : 2000000000", "\"th\" has id 2000000000");
        assertMalformed("[ \"t\", \"h\" ]", "[ \"t\" ]", "merge 2 is [t] where two entries should be");
        assertMalformed("[ \"t\", \"h\" ]", "\"t  h\"", "merge 2 is t  h where two entries should be");
        assertMalformed("[ \"t\", \"h\" ]", "[ \"t\", 7 ]", "merge 2 is [t, 7] where two entries should be");
        assertMalformed("\"a\" : 97,", "", "byte 97, \"a\": not in the vocabulary");
        assertMalformed("\"content\" : \"<|endoftext|>\"", "\"content\" : \"\"", "added token 300 is empty");
        assertMalformed("\"content\" : \"<|endoftext|>\"", "\"content\" : \"\\ud800\"", "half a surrogate pair");
        assertMalformed("\"model\"", "\"model\" : 1, \"x\"", "");
    }

    @Test
    void everyPrefixIsRefused() throws IOException {
        for (int length = 0; length < small.stripTrailing().length(); length += 1 + length / 50) {
            Files.writeString(dir.resolve("tokenizer.json"), small.substring(0, length));
            assertThrows(ModelFormatException.class, () -> Tokenizers.load(dir), "after " + length + " characters");
        }
    }

    @Test
    void gpt2sOwnFilesAreReadUnderEitherName() throws IOException {
        Tokenizer gpt2 = Tokenizers.load(Shared.path("tokenizers/gpt2/encoder.json"));
        assertEquals(50257, gpt2.vocabSize());
        assertEquals(OptionalInt.empty(), gpt2.bosId());
        assertEquals("<|endoftext|>", gpt2.decode(gpt2.encode("<|endoftext|>")[0]));
        Path folder = Files.createDirectory(dir.resolve("gpt2"));
        Files.copy(Shared.path("tokenizers/gpt2/encoder.json"), folder.resolve("vocab.json"));
        Files.copy(Shared.path("tokenizers/gpt2/vocab.bpe"), folder.resolve("merges.txt"));
        Files.writeString(folder.resolve("config.json"), "{\"bos_token_id\": 50256, \"eos_token_id\": 50256}");
        BpeTokenizer renamed = (BpeTokenizer) Tokenizers.load(folder);
        assertEquals(((BpeTokenizer) gpt2).model(), renamed.model());
        assertEquals(new Boundaries(OptionalInt.of(50256), false, List.of(50256)), renamed.boundaries());
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b\na b c\n");
        assertEquals(folder.resolve("merges.txt") + ": line 3 is not two entries with a space between them",
                assertThrows(ModelFormatException.class, () -> Tokenizers.load(folder)).getMessage());
        Files.writeString(folder.resolve("added_tokens.json"), "{}");
        assertEquals(folder.resolve("added_tokens.json") + ": more tokens are read from a tokenizer.json only",
                assertThrows(UnsupportedModelException.class, () -> Tokenizers.load(folder)).getMessage());
    }

    @Test
    void theContentSaysWhatAFileIs() throws IOException {
        assertEquals(TokenizerFile.GGUF, TokenizerFile.kind(Shared.path("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf")));
        assertEquals(TokenizerFile.TIKTOKEN, TokenizerFile.kind(Shared.path("tokenizers/tiktoken/cl100k_base.tiktoken")));
        assertEquals(TokenizerFile.LLAMA2C_TOKENIZER, TokenizerFile.kind(Shared.path("models/stories260K/tok512.bin")));
        assertEquals(TokenizerFile.LLAMA2C_MODEL, TokenizerFile.kind(Shared.path("models/stories260K/stories260K.bin")));
        assertEquals(TokenizerFile.LLAMA2C_MODEL, TokenizerFile.kind(Shared.path("models/stories260K/stories260K-q8.bin")));
        assertEquals(TokenizerFile.JSON, TokenizerFile.kind(Shared.path("models/books-llama/tokenizer.json")));
        Path other = Files.writeString(dir.resolve("other"), "#version: 0.2");
        assertEquals(other + ": is not a tokenizer: neither JSON, GGUF, ranks of tiktoken, nor a file of llama2.c",
                assertThrows(ModelFormatException.class, () -> Tokenizers.load(other)).getMessage());
    }

    @Test
    void aFolderWithoutTokenizerIsAMissingFile() throws IOException {
        Files.delete(dir.resolve("tokenizer.json"));
        assertThrows(NoSuchFileException.class, () -> Tokenizers.load(dir));
    }

    private void rewrite(String old, String replacement) throws IOException {
        int at = small.indexOf(old);
        assertEquals(true, at >= 0, () -> old + " is not in " + small);
        Files.writeString(dir.resolve("tokenizer.json"), small.substring(0, at) + replacement + small.substring(at + old.length()));
    }

    private void assertUnsupported(String old, String replacement, String message) throws IOException {
        rewrite(old, replacement);
        assertContains(message, assertThrows(UnsupportedModelException.class, () -> Tokenizers.load(dir)));
    }

    private void assertMalformed(String old, String replacement, String message) throws IOException {
        rewrite(old, replacement);
        assertContains(message, assertThrows(ModelFormatException.class, () -> Tokenizers.load(dir)));
    }

    private void assertContains(String message, ModelFormatException e) {
        assertEquals(true, e.getMessage().contains(message) && e.getMessage().startsWith(dir.toString()), e.getMessage());
    }
}
