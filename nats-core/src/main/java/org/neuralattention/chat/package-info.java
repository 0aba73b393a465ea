/**
 * From a conversation to the text a model reads, by the template that came with it.
 *
 * <p>{@link org.neuralattention.chat.ChatTemplate} renders {@link org.neuralattention.chat.Message messages} to a
 * {@link org.neuralattention.chat.Prompt}; {@link org.neuralattention.chat.Chat} holds a conversation with a model. Inside, in the order a template
 * goes: {@code Lexer}; {@code StatementParser}, {@code ExpressionParser} and {@code OperandParser}; {@code Interpreter} and {@code Evaluator}.
 * {@code Value} and {@code Text} are what they work on, {@code Steps} what they may cost.
 */
package org.neuralattention.chat;
