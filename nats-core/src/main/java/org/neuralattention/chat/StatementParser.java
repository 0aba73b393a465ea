package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.neuralattention.chat.Statement.Branch;
import org.neuralattention.chat.Token.Kind;

/** From tokens to statements. What is not in the subset ends here, by name, before anything is rendered. */
final class StatementParser {

    /** Parts of Jinja, or of its extensions: other words are typing errors. */
    private static final Set<String> OTHER_JINJA = Set.of("macro", "call", "filter", "include", "import", "from", "extends", "block", "raw", "with",
        "autoescape", "do", "trans", "debug");

    /** They assign what Jinja keeps to itself or what reads like a value. */
    private static final Set<String> RESERVED = Set.of("loop", "true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is", "if",
        "else");

    private final Cursor tokens;
    private final ExpressionParser expressions;
    private int loops; // around this place

    private StatementParser(List<Token> tokens) {
        this.tokens = new Cursor(tokens);
        this.expressions = new ExpressionParser(this.tokens);
    }

    /** The statements of a template. */
    static List<Statement> parse(List<Token> tokens) {
        StatementParser parser = new StatementParser(tokens);
        List<Statement> statements = parser.statements();
        if (!parser.tokens.is(Kind.END)) {
            throw parser.tokens.fault(TemplateFault.wrong("'" + parser.tokens.peekSecond().text() + "' ends nothing that was begun"));
        }
        return statements;
    }

    /** Up to a block that ends, or goes on with, what is around: it is left to the caller. */
    private List<Statement> statements() {
        tokens.enter();
        List<Statement> statements = new ArrayList<>();
        while (!tokens.is(Kind.END) && !(tokens.is(Kind.BLOCK_BEGIN) && endsBody(tokens.peekSecond()))) {
            Token token = tokens.next();
            switch (token.kind()) {
                case DATA -> statements.add(new Statement.Data(token.line(), Text.of(token.text())));
                case PRINT_BEGIN -> {
                    statements.add(new Statement.Print(tokens.line(), expressions.expression()));
                    tokens.expect(Kind.PRINT_END, "'}}'");
                }
                case BLOCK_BEGIN -> block(statements);
                default -> throw new IllegalStateException(token.toString());
            }
        }
        tokens.leave();
        return statements;
    }

    private static boolean endsBody(Token word) {
        return word.kind() == Kind.NAME && (word.text().startsWith("end") || word.text().equals("elif") || word.text().equals("else"));
    }

    /** From behind the opening of a block. */
    private void block(List<Statement> out) {
        int line = tokens.line();
        String word = tokens.expect(Kind.NAME, "a statement").text();
        switch (word) {
            case "if" -> out.add(ifStatement(line));
            case "for" -> out.add(forStatement(line));
            case "set" -> out.add(set(line));
            case "generation" -> { // marks the answers for training; what is in it is rendered as it stands
                endBlock();
                out.addAll(body("endgeneration"));
            }
            case "break" -> out.add(inLoop(new Statement.Break(line), word));
            case "continue" -> out.add(inLoop(new Statement.Continue(line), word));
            default -> throw new LineFault(line, OTHER_JINJA.contains(word) ? TemplateFault.unsupported("the statement '" + word + "'")
                    : TemplateFault.wrong("there is no statement '" + word + "'"));
        }
    }

    private void endBlock() {
        tokens.expect(Kind.BLOCK_END, "'%}'");
    }

    /** The statements up to the block {@code end}, and that block. */
    private List<Statement> body(String end) {
        List<Statement> body = statements();
        beginBlock(end);
        endBlock();
        return body;
    }

    private void beginBlock(String word) {
        tokens.expect(Kind.BLOCK_BEGIN, "'{% " + word + " %}'");
        tokens.expectWord(word);
    }

    private Statement inLoop(Statement statement, String word) {
        if (loops == 0) {
            throw new LineFault(statement.line(), TemplateFault.wrong("'" + word + "' outside of a loop"));
        }
        endBlock();
        return statement;
    }

    private Statement ifStatement(int line) {
        List<Branch> branches = new ArrayList<>();
        List<Statement> otherwise = List.of();
        boolean more = true;
        while (more) {
            Expression condition = expressions.or();
            endBlock();
            branches.add(new Branch(condition, statements()));
            more = tokens.is(Kind.BLOCK_BEGIN) && tokens.peekSecond().is(Kind.NAME, "elif");
            if (more) {
                beginBlock("elif");
            }
        }
        if (elseFollows()) {
            otherwise = statements();
        }
        beginBlock("endif");
        endBlock();
        return new Statement.If(line, branches, otherwise);
    }

    private boolean elseFollows() {
        if (!tokens.is(Kind.BLOCK_BEGIN) || !tokens.peekSecond().is(Kind.NAME, "else")) {
            return false;
        }
        beginBlock("else");
        endBlock();
        return true;
    }

    private Statement forStatement(int line) {
        List<String> targets = targets();
        tokens.expectWord("in");
        Expression elements = expressions.or();
        if (tokens.isSymbol(",")) {
            throw tokens.fault(TemplateFault.unsupported("a loop over a tuple without brackets"));
        }
        Expression filter = tokens.acceptWord("if") ? expressions.expression() : null;
        if (tokens.isWord("recursive")) {
            throw tokens.fault(TemplateFault.unsupported("a recursive loop"));
        }
        endBlock();
        loops++;
        List<Statement> body = statements();
        loops--;
        List<Statement> otherwise = elseFollows() ? statements() : List.of();
        beginBlock("endfor");
        endBlock();
        return new Statement.For(line, targets, elements, filter, body, otherwise);
    }

    private List<String> targets() {
        List<String> targets = new ArrayList<>(List.of(target()));
        while (tokens.acceptSymbol(",")) {
            targets.add(target());
        }
        return targets;
    }

    private String target() {
        if (tokens.isSymbol("(")) {
            throw tokens.fault(TemplateFault.unsupported("assigning to names in brackets"));
        }
        String name = tokens.expectName();
        if (RESERVED.contains(name)) {
            throw tokens.fault(TemplateFault.wrong("'" + name + "' cannot be assigned to"));
        }
        return name;
    }

    private Statement set(int line) {
        if (tokens.peekSecond().is(Kind.SYMBOL, ".")) {
            String namespace = target();
            tokens.expectSymbol(".");
            String attribute = tokens.expectName();
            tokens.expectSymbol("=");
            return new Statement.SetAttribute(line, namespace, attribute, assigned());
        }
        List<String> targets = targets();
        if (tokens.acceptSymbol("=")) {
            return new Statement.Set(line, targets, assigned());
        }
        if (targets.size() > 1 || tokens.isSymbol("|")) {
            throw tokens.fault(TemplateFault.unsupported("a set block with several names or a filter"));
        }
        endBlock();
        int around = loops;
        loops = 0; // what is captured cannot end a loop around it
        List<Statement> body = body("endset");
        loops = around;
        return new Statement.Capture(line, targets.getFirst(), body);
    }

    private Expression assigned() {
        Expression value = expressions.tuple();
        endBlock();
        return value;
    }
}
