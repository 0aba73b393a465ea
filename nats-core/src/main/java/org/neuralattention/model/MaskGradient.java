package org.neuralattention.model;

import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.RoleGradient;
import org.neuralattention.kernels.Team;

/**
 * What gives the gradient of a layer's one-hot roles in the backward pass. {@link #EXACT} is that of docs/algorithm.md, section 6; another one is for comparisons.
 */
@FunctionalInterface
public interface MaskGradient {

    /** {@link RoleGradient}, all of it or its sample. */
    MaskGradient EXACT = RoleGradient::add;

    /**
     * Adds to {@code dRoles}; arguments as in {@link RoleGradient#add}. The price's part is added elsewhere.
     *
     * @param tileWeight null unless a sampled gradient is asked for ({@code RoleLearning.gradientOneIn} above 1)
     */
    void add(float[] dRoles, int dRolesOffset, float[] dOut, int dOutOffset, float[] out, int outOffset, float[] lse, int lseOffset,
            float[] q, int qOffset, float[] k, int kOffset, float[] v, int vOffset, int[] roles, int rolesOffset,
            int[] windows, int attentionWindow, float[] tileWeight, int tileWeightOffset, AttentionShape shape, Team team);
}
