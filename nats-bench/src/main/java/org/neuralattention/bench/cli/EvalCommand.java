package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.neuralattention.generate.MemoryNeed;
import org.neuralattention.generate.Model;
import org.neuralattention.kernels.Dtype;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Perplexity of texts under models and forms of their weights, as one table. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        header = "Measures how well models predict texts: perplexity.",
        description = "Each text, behind the token that begins one, is read in consecutive blocks that do not see each other, through the cache that "
                + "generation has. Several models, or several forms of their weights, are compared with the first.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats eval --model DIR --text book.txt", "  nats eval --model DIR --text a.txt b.txt --dtype f32,q8_0,q4_0 --max-blocks 16",
            "  nats eval --model DIR model.gguf --text book.txt --html eval.html"})
public final class EvalCommand implements Callable<Integer> {

    @Mixin
    private CommonOptions common;

    @Option(names = "--model", paramLabel = "MODEL", required = true, arity = "1..*", description = ModelOptions.MODEL)
    private List<Path> models;

    @Option(names = "--tokenizer", paramLabel = "PATH", description = ModelOptions.TOKENIZER)
    private Path tokenizer;

    @Option(names = "--text", paramLabel = "FILE", required = true, arity = "1..*", description = "texts in UTF-8")
    private List<Path> texts;

    @Option(names = "--context", paramLabel = "N", defaultValue = "1024", description = "tokens in a block (${DEFAULT-VALUE}); a shorter text is one block")
    private int context;

    @Option(names = "--max-blocks", paramLabel = "N", description = "most blocks of a text, from its beginning (all)")
    private Integer maxBlocks;

    @Option(names = "--dtype", paramLabel = "TYPE", split = ",", completionCandidates = ModelOptions.DtypeNames.class,
            description = "weights in memory, one form after the other: any of ${COMPLETION-CANDIDATES}, or all for all of them (as stored)")
    private List<String> dtypes = List.of();

    @Mixin
    private KvOptions kv;

    @Option(names = "--html", paramLabel = "FILE", description = "also write the table to FILE, as one page")
    private Path html;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (context < 1) {
            throw new UserError("--context " + context + ": must be at least 1.");
        }
        if (maxBlocks != null && maxBlocks < 1) {
            throw new UserError("--max-blocks " + maxBlocks + ": must be at least 1.");
        }
        if (html != null) {
            TextFiles.checkOutput("--html", html);
        }
        List<Dtype> forms = forms();
        Map<String, String> contents = new LinkedHashMap<>();
        for (Path text : texts) {
            contents.put(TextFiles.name(text, texts), TextFiles.read(text));
        }
        List<Evaluated> rows = new ArrayList<>();
        MemoryNeed need = null;
        boolean letsGo = false;
        for (Path path : models) {
            for (Dtype form : forms) {
                try (Model model = ModelOptions.load(path, new Model.Options(form, common.threads(), tokenizer))) {
                    rows.addAll(new TextEvaluation(model, TextFiles.name(path, models), form, context, maxBlocks == null ? Integer.MAX_VALUE : maxBlocks).run(contents, kv, common));
                    need = kv.need(model, context, common.threads());
                    letsGo = kv.letsGo(model);
                }
            }
        }
        EvalReport report = new EvalReport(rows, "nats " + String.join(" ", spec.root().commandLine().getParseResult().originalArgs()));
        report.tell(common);
        if (html != null) {
            report.html().write(html);
        }
        if (models.size() * forms.size() == 1) { // what several leave behind for the collector is not foretold
            MemoryTeller.tell(common, need, letsGo);
        }
        return 0;
    }

    /** Null stands for the form in the file. */
    private List<Dtype> forms() {
        if (dtypes.isEmpty()) {
            return Collections.singletonList(null);
        }
        List<Dtype> forms = new ArrayList<>();
        for (String name : dtypes) {
            if (name.equals("all")) {
                forms.addAll(Arrays.asList(Dtype.values()));
            } else if (ModelOptions.dtype(name).isPresent()) {
                forms.add(ModelOptions.dtype(name).get());
            } else {
                throw new UserError("--dtype " + name + ": must be one of " + String.join(", ", ModelOptions.names()) + ", or all.");
            }
        }
        return forms.stream().distinct().toList();
    }
}
