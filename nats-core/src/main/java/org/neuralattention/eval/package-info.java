/**
 * What other ways to save cache memory would have kept, on the same model and by the same measure. For evaluation only: the product's cache and
 * kernels know nothing of it.
 *
 * <p>Read in this order: {@link org.neuralattention.eval.Policy} (a rule that lets keys go, and its baselines {@link org.neuralattention.eval.FullCache},
 * {@link org.neuralattention.eval.SinkWindow}, {@link org.neuralattention.eval.HeavyHitters}, {@link org.neuralattention.eval.Tova},
 * {@link org.neuralattention.eval.SnapKv}, {@link org.neuralattention.eval.Roles}, {@link org.neuralattention.eval.Oracle}),
 * {@link org.neuralattention.eval.Budget} (how large it may be, at equal bytes), {@link org.neuralattention.eval.HeldKeys} (what one KV head holds),
 * {@link org.neuralattention.eval.PolicyDecoder} (a model under a policy), {@link org.neuralattention.eval.KvUse} (what was held) and
 * {@link org.neuralattention.eval.PolicyPerplexity} (loss by position).
 */
package org.neuralattention.eval;
