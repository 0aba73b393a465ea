/**
 * Text to token ids and back: {@link org.neuralattention.tokenize.Tokenizer} is what a model needs, {@link org.neuralattention.tokenize.ByteTokenizer}
 * the smallest one, {@link org.neuralattention.tokenize.BpeTokenizer} that of GPT-2, Llama 3 and Qwen (read {@code Split}, then {@code BpeMerges}, then {@code WordEncoder}),
 * and {@link org.neuralattention.tokenize.Tokenizers} opens the one a model's folder holds.
 */
package org.neuralattention.tokenize;
