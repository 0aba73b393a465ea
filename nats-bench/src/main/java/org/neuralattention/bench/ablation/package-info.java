/**
 * What others do in the place of a part of the method, for comparisons: {@link org.neuralattention.bench.ablation.PublishedRoleGradient}, which
 * {@code nats search --role-gradient published} learns with.
 */
package org.neuralattention.bench.ablation;
