package org.neuralattention.model;

import static java.util.Arrays.fill;

import java.util.Arrays;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.KvPrice;
import org.neuralattention.roles.Lifetimes;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;
import org.neuralattention.roles.RoleSampler;
import org.neuralattention.roles.RoleScorer;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.roles.RoleTiles;

/**
 * The roles of one layer's tokens: scorer on the normed input, choice, and the last row that sees each key; backward, the
 * gradient of the mask and of its price, through the straight-through sample to the scorer (spec 2 to 4).
 */
public final class LayerRoles {

    private final ModelConfig c;
    private final RoleSpace space;
    private final Team team;
    private final MaskGradient maskGradient;
    private final int[] windows;
    private final float[][] bias; // [nLayers][nRoles]
    private final float[] favour; // [nRoles] the bias of a layer that samples, with its bonus

    public LayerRoles(ModelConfig config, Team team) {
        this(config, team, MaskGradient.EXACT);
    }

    /** As above with another role gradient. */
    LayerRoles(ModelConfig config, Team team, MaskGradient maskGradient) {
        this.c = config;
        this.team = team;
        this.maskGradient = maskGradient;
        this.space = config.roleSpace();
        this.windows = space.windows();
        this.bias = new float[config.nLayers()][];
        Arrays.setAll(bias, space::bias);
        this.favour = new float[space.count()];
    }

    /** Sets {@code a.roles} and {@code a.lastRow} for the tokens of a pass that starts at {@code firstPosition}. */
    public void forward(Activations s, Activations.Layer a, int layer, Weights.Layer w, RoleChoice choice, long firstPosition) {
        choose(s, a, layer, w, choice, firstPosition);
        AttentionShape n = s.shape();
        Lifetimes.lastRow(a.lastRow, 0, a.roles, 0, space, c.attentionWindow(), n.batch(), n.nKvHeads(), n.rows(), team);
    }

    /** Sets {@code a.roles} only: all that decoding needs, for its cache knows who lives. */
    public void choose(Activations s, Activations.Layer a, int layer, Weights.Layer w, RoleChoice choice, long firstPosition) {
        if (choice instanceof RoleChoice.Full) {
            fill(a.roles, 0, s.rows() * c.nKvHeads(), Role.GLOBAL);
            return;
        }
        if (!c.hasRoles()) {
            throw new IllegalStateException("the model has no roles (its configuration lists no role windows): choose RoleChoice.FULL");
        }
        AttentionShape n = s.shape();
        float[] d = a.data;
        int nRoles = c.nRoles();
        if (!(choice instanceof RoleChoice.Fixed)) {
            RoleScorer.forward(d, a.roleLogits, d, a.normed, w.scorer.data(), 0, s.rows(), c.dim(), c.nKvHeads(), nRoles, team);
        }
        int pinned = space.pinned(firstPosition);
        switch (choice) {
            case RoleChoice.Best _ -> RoleSampler.choose(a.roles, 0, d, a.roleLogits, bias[layer], 0, pinned,
                    n.batch(), n.nKvHeads(), n.rows(), nRoles, team);
            case RoleChoice.Sampled sampled -> {
                RoleSampler.gumbel(d, a.roleSoft, sampled.seed(), sampled.step(), layer, sampled.firstToken(), sampled.noise(),
                        n.batch(), n.nKvHeads(), n.rows(), nRoles, team);
                sample(s, a, layer, d, a.roleSoft, sampled.globalBonus(), pinned);
            }
            case RoleChoice.Noise given -> sample(s, a, layer, given.noise()[layer], 0, 0, pinned);
            case RoleChoice.Fixed fixed -> fixed(a, n, layer, fixed.policy(), firstPosition);
            case RoleChoice.Full _ -> throw new AssertionError();
        }
    }

    /** Draws the roles, and counts what the most likely ones would have kept. */
    private void sample(Activations s, Activations.Layer a, int layer, float[] noise, int noiseOffset, float globalBonus, int pinned) {
        AttentionShape n = s.shape();
        System.arraycopy(bias[layer], 0, favour, 0, favour.length);
        favour[space.longest(layer)] += globalBonus;
        RoleSampler.choose(a.roles, 0, a.data, a.roleLogits, favour, 0, pinned, n.batch(), n.nKvHeads(), n.rows(), c.nRoles(), team);
        Lifetimes.lastRow(a.lastRow, 0, a.roles, 0, space, c.attentionWindow(), n.batch(), n.nKvHeads(), n.rows(), team);
        s.countBest(layer, a);
        RoleSampler.sample(a.roles, 0, a.data, a.roleSoft, a.data, a.roleLogits, noise, noiseOffset, favour, 0, pinned,
                n.batch(), n.nKvHeads(), n.rows(), c.nRoles(), team);
    }

    private void fixed(Activations.Layer a, AttentionShape n, int layer, RolePolicy policy, long firstPosition) {
        for (int b = 0; b < n.batch(); b++) {
            for (int h = 0; h < n.nKvHeads(); h++) {
                for (int i = 0; i < n.rows(); i++) {
                    int role = policy.role(layer, h, b, firstPosition + i);
                    if (role < 0 || role >= c.nRoles()) {
                        throw new IllegalArgumentException("the policy gave role " + role + "; this model's roles are 0 to " + (c.nRoles() - 1));
                    }
                    a.roles[(b * n.nKvHeads() + h) * n.rows() + i] = role;
                }
            }
        }
    }

    /**
     * Adds to the scorer's gradient, from the gradient of attention's output in {@code s.gradients().attention}. Where the layer has one role
     * it is 0.
     *
     * @param choice one that learns
     * @param price see {@link Transformer#backward}
     */
    void backward(Weights.Layer dw, Activations s, Activations.Layer a, int layer, RoleChoice choice, double price) {
        AttentionShape n = s.shape();
        Activations.Gradients g = s.gradients();
        float[] d = a.data;
        int size = s.rows() * c.nKvHeads() * c.nRoles();
        fill(g.data, g.roles, g.roles + size, 0);
        fill(g.data, g.roleLogits, g.roleLogits + size, 0);
        if (space.isFixed(layer)) {
            return;
        }
        RoleChoice.Sampled drawn = choice instanceof RoleChoice.Sampled sampled && sampled.gradientOneIn() > 1 ? sampled : null;
        if (drawn != null) {
            RoleTiles.draw(g.data, g.roleTiles, drawn.gradientOneIn(), drawn.seed(), drawn.step(), layer, drawn.firstToken(),
                    n.batch(), n.nKvHeads(), n.rows());
        }
        maskGradient.add(g.data, g.roles, g.data, g.attention, d, a.attention, d, a.lse, d, a.q, d, a.k, d, a.v,
                a.roles, 0, windows, c.attentionWindow(), drawn == null ? null : g.data, g.roleTiles, n, team);
        double perPair = KvPrice.perPair(price, c.nLayers(), n.nKvHeads(), n.batch(), n.rows());
        KvPrice.backward(g.data, g.roles, a.roles, 0, perPair, space, c.attentionWindow(), n.batch(), n.nKvHeads(), n.rows(), team);
        RoleSampler.backward(g.data, g.roleLogits, g.data, g.roles, d, a.roleSoft, space.pinned(0),
                n.batch(), n.nKvHeads(), n.rows(), c.nRoles(), team);
        RoleScorer.backward(dw.scorer.data(), 0, g.data, g.roleLogits, d, a.normed, s.rows(), c.dim(), n.nKvHeads(), c.nRoles(), team);
    }

    /** Behind {@link #backward}: sets the gradient of the normed input to what the scorer gives it. */
    void inputBackward(Activations s, Weights.Layer w) {
        Activations.Gradients g = s.gradients();
        RoleScorer.inputBackward(g.data, g.normed, g.data, g.roleLogits, w.scorer.data(), 0, s.rows(), c.dim(), c.nKvHeads(), c.nRoles(), team);
    }
}
