/**
 * Token roles: what they are, how they are scored, drawn and learned, and what they cost.
 *
 * <p>Read in this order: {@link org.neuralattention.roles.Role} and {@link org.neuralattention.roles.RoleSpace} (the codes),
 * {@link org.neuralattention.roles.Lifetimes} (which query rows see a key), {@link org.neuralattention.roles.RoleScorer},
 * {@link org.neuralattention.roles.RoleSampler} (logits to roles, and back) and {@link org.neuralattention.roles.KvPrice}
 * (what keeping a key costs). The role gradient itself comes from attention's backward pass.
 */
package org.neuralattention.roles;
