/**
 * Token roles: what they are, how they are scored, drawn and learned, and what they cost.
 *
 * <p>Read in this order: {@link org.neuralattention.roles.Role} and {@link org.neuralattention.roles.RoleSpace} (the codes),
 * {@link org.neuralattention.roles.Lifetimes} (which query rows see a key), {@link org.neuralattention.roles.RoleScorer},
 * {@link org.neuralattention.roles.RoleSampler} (logits to roles, and back) and {@link org.neuralattention.roles.KvPrice}
 * (what keeping a key costs); {@link org.neuralattention.roles.RoleChoice} says how a pass chooses. The gradient of the loss with
 * respect to the roles is a kernel, {@link org.neuralattention.kernels.RoleGradient}.
 */
package org.neuralattention.roles;
