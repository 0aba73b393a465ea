package org.neuralattention.chat;

/** Operators between two values, as written. */
enum Operator {
    ADD("+"), SUBTRACT("-"), CONCATENATE("~"), MULTIPLY("*"), FLOOR_DIVIDE("//"), REMAINDER("%"),
    EQUAL("=="), NOT_EQUAL("!="), LESS("<"), LESS_OR_EQUAL("<="), GREATER(">"), GREATER_OR_EQUAL(">="), IN("in"), NOT_IN("not in");

    private final String symbol;

    Operator(String symbol) {
        this.symbol = symbol;
    }

    String symbol() {
        return symbol;
    }
}
