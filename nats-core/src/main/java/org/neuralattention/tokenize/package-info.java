/**
 * Text to token ids and back: {@link org.neuralattention.tokenize.Tokenizer} is what a model needs, {@link org.neuralattention.tokenize.ByteTokenizer}
 * the smallest one, {@link org.neuralattention.tokenize.BpeTokenizer} that of GPT-2, Llama 3 and Qwen (read {@code Split}, then {@code WordEncoder}, then
 * {@code PairMerger}), {@link org.neuralattention.tokenize.SpmTokenizer} that of Llama 2 and Mistral, and {@link org.neuralattention.tokenize.Tokenizers}
 * opens the one a model's file or folder holds.
 */
package org.neuralattention.tokenize;
