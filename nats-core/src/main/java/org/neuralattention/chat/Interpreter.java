package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.List;

/** Runs the statements of a template. One for each rendering. */
final class Interpreter {

    /** How a body ended. */
    private enum Flow { ON, BREAK, CONTINUE }

    private final Evaluator evaluator;
    private final Steps steps;
    private int line;

    Interpreter(Evaluator evaluator, Steps steps) {
        this.evaluator = evaluator;
        this.steps = steps;
    }

    /** What the statements print. */
    Text run(List<Statement> statements, Scope scope) {
        Text.Builder out = new Text.Builder(steps);
        try {
            run(statements, scope, out);
        } catch (TemplateFault e) {
            throw new LineFault(line, e);
        }
        return out.build();
    }

    private Flow run(List<Statement> statements, Scope scope, Text.Builder out) {
        for (Statement statement : statements) {
            steps.step();
            line = statement.line();
            Flow flow = switch (statement) {
                case Statement.Data data -> on(out.append(data.text()));
                case Statement.Print print -> on(out.append(evaluator.evaluate(print.value(), scope).print()));
                case Statement.If choice -> choose(choice, scope, out);
                case Statement.For loop -> loop(loop, scope, out);
                case Statement.Set set -> assign(set.targets(), evaluator.evaluate(set.value(), scope), scope);
                case Statement.SetAttribute set -> setAttribute(set, scope);
                case Statement.Capture capture -> capture(capture, scope);
                case Statement.Break _ -> Flow.BREAK;
                case Statement.Continue _ -> Flow.CONTINUE;
            };
            if (flow != Flow.ON) {
                return flow;
            }
        }
        return Flow.ON;
    }

    private static Flow on(Text.Builder done) {
        return Flow.ON;
    }

    private Flow choose(Statement.If choice, Scope scope, Text.Builder out) {
        for (Statement.Branch branch : choice.branches()) {
            if (evaluator.evaluate(branch.condition(), scope).isTrue()) {
                return run(branch.body(), scope, out);
            }
        }
        return run(choice.otherwise(), scope, out);
    }

    /** Each round has a scope of its own: what it sets is gone in the next. */
    private Flow loop(Statement.For loop, Scope scope, Text.Builder out) {
        List<Value> elements = Elements.of(evaluator.evaluate(loop.elements(), scope), steps);
        if (loop.filter() != null) {
            elements = filtered(loop, elements, scope);
        }
        boolean otherwise = true; // as in Jinja, where a round counts once it has reached its end
        for (int i = 0; i < elements.size(); i++) {
            steps.elements(1);
            Scope round = new Scope(scope);
            assign(loop.targets(), elements.get(i), round);
            round.set("loop", position(elements, i));
            Flow end = run(loop.body(), round, out);
            if (end == Flow.BREAK) {
                break;
            }
            otherwise &= end == Flow.CONTINUE;
        }
        return otherwise ? run(loop.otherwise(), new Scope(scope), out) : Flow.ON;
    }

    private List<Value> filtered(Statement.For loop, List<Value> elements, Scope scope) {
        List<Value> kept = new ArrayList<>();
        for (Value element : elements) {
            steps.elements(1);
            Scope tested = new Scope(scope);
            assign(loop.targets(), element, tested);
            if (evaluator.evaluate(loop.filter(), tested).isTrue()) {
                kept.add(element);
            }
        }
        return kept;
    }

    private static Value.Namespace position(List<Value> elements, int i) {
        int length = elements.size();
        Value.Namespace loop = new Value.Namespace();
        loop.map().put("index", new Value.Int(i + 1));
        loop.map().put("index0", new Value.Int(i));
        loop.map().put("revindex", new Value.Int(length - i));
        loop.map().put("revindex0", new Value.Int(length - i - 1));
        loop.map().put("first", Value.Bool.of(i == 0));
        loop.map().put("last", Value.Bool.of(i == length - 1));
        loop.map().put("length", new Value.Int(length));
        loop.map().put("previtem", i > 0 ? elements.get(i - 1) : new Value.Undefined("loop.previtem"));
        loop.map().put("nextitem", i < length - 1 ? elements.get(i + 1) : new Value.Undefined("loop.nextitem"));
        return loop;
    }

    private Flow assign(List<String> targets, Value value, Scope scope) {
        if (targets.size() == 1) {
            scope.set(targets.getFirst(), value);
            return Flow.ON;
        }
        List<Value> parts = Elements.of(value, steps);
        if (parts.size() != targets.size()) {
            throw TemplateFault.wrong(parts.size() + " values for the " + targets.size() + " names " + String.join(", ", targets));
        }
        for (int i = 0; i < targets.size(); i++) {
            scope.set(targets.get(i), parts.get(i));
        }
        return Flow.ON;
    }

    private Flow setAttribute(Statement.SetAttribute set, Scope scope) {
        if (!(scope.get(set.namespace()) instanceof Value.Namespace namespace)) {
            throw TemplateFault.wrong("'" + set.namespace() + "' is " + scope.get(set.namespace()).kind()
                    + ": only a namespace's attributes can be set");
        }
        namespace.map().put(set.attribute(), evaluator.evaluate(set.value(), scope));
        return Flow.ON;
    }

    private Flow capture(Statement.Capture capture, Scope scope) {
        Text.Builder body = new Text.Builder(steps);
        run(capture.body(), new Scope(scope), body);
        scope.set(capture.target(), body.build());
        return Flow.ON;
    }
}
