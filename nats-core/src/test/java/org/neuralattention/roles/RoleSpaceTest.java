package org.neuralattention.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.neuralattention.model.ModelConfig;

class RoleSpaceTest {

    @Test
    void codesAndNamesFollowTheWindows() {
        RoleSpace space = RoleSpace.of(16, 64);
        assertEquals(4, space.count());
        assertArrayEquals(new int[] {16, 64}, space.windows());
        assertEquals("global", space.name(Role.GLOBAL));
        assertEquals("local", space.name(Role.LOCAL));
        assertEquals("sliding 16", space.name(Role.sliding(0)));
        assertEquals("sliding 64", space.name(Role.sliding(1)));
    }

    @Test
    void aModelsRolesAreThoseOfItsConfiguration() {
        ModelConfig config = ModelConfig.llama(64, 32, 1, 4, 2, 64, 128);
        assertEquals(RoleSpace.of(4, 8, 32), config.withRoleWindows(4, 8, 32).roleSpace());
        assertEquals(RoleSpace.NONE, config.roleSpace());
    }

    @Test
    void aRestrictionIsABiasOfMinusInfinity() {
        RoleSpace space = RoleSpace.of(16, 64).without(Role.LOCAL).inLayer(2, Role.LOCAL, Role.sliding(1));
        float out = Float.NEGATIVE_INFINITY;
        assertArrayEquals(new float[] {0, out, 0, 0}, space.bias(0));
        assertArrayEquals(new float[] {out, 0, out, 0}, space.bias(2));
        assertTrue(space.isRestricted() && !space.allows(0, Role.LOCAL) && space.allows(2, Role.LOCAL) && !space.allows(2, Role.GLOBAL));
        assertArrayEquals(new float[4], RoleSpace.of(16, 64).bias(0));
        assertFalse(RoleSpace.of(16, 64).withSinks(4).isRestricted());
        assertArrayEquals(new float[] {out, out, out, 0}, space.without(Role.LOCAL).bias(2), "a role that no layer has goes from those with rules too");
        assertEquals("global, local, sliding [16, 64], 4 sinks, roles [0, 2, 3]", RoleSpace.of(16, 64).withSinks(4).without(Role.LOCAL).toString());
    }

    @Test
    void aSpaceWithoutAChoiceIsFixed() {
        RoleSpace window = RoleSpace.of(128).withSinks(4).without(Role.GLOBAL).without(Role.LOCAL);
        assertTrue(window.isFixed());
        assertFalse(RoleSpace.of(128).without(Role.GLOBAL).isFixed());
        assertFalse(window.inLayer(1, Role.GLOBAL, Role.LOCAL).isFixed());
        ModelConfig config = ModelConfig.llama(64, 32, 2, 4, 2, 64, 128);
        assertTrue(config.withRoleSpace(window).hasRoles() && !config.withRoleSpace(window).learnsRoles());
        assertFalse(config.withRoleSpace(RoleSpace.of(8).inLayer(0, 0).inLayer(1, 2)).learnsRoles(), "another one in each layer");
        assertTrue(config.withRoleSpace(RoleSpace.of(8).inLayer(0, 0)).learnsRoles());
        assertFalse(config.learnsRoles());
    }

    @Test
    void theLongestRoleIsGlobalThenLocalThenTheLargestWindow() {
        RoleSpace space = RoleSpace.of(8, 16).inLayer(1, 1, 2, 3).inLayer(2, 2, 3).inLayer(3, 2);
        assertArrayEquals(new int[] {Role.GLOBAL, Role.LOCAL, Role.sliding(1), Role.sliding(0)}, IntStream.range(0, 4).map(space::longest).toArray());
    }

    @Test
    void sinksArePinnedAtTheStartOnly() {
        RoleSpace space = RoleSpace.of(8).withSinks(4);
        assertEquals(4, space.pinned(0));
        assertEquals(1, space.pinned(3));
        assertEquals(0, space.pinned(4));
        assertEquals(0, space.pinned(1L << 40));
        assertEquals(1, RoleSpace.of(8).sinks());
    }

    @Test
    void equalRulesInEachLayerAreEqualHoweverTheyWereMade() {
        ModelConfig config = ModelConfig.llama(64, 32, 2, 4, 2, 64, 128);
        RoleSpace everywhere = RoleSpace.of(8).without(Role.LOCAL);
        RoleSpace oneByOne = RoleSpace.of(8).inLayer(0, Role.GLOBAL, Role.sliding(0)).inLayer(1, Role.sliding(0), Role.GLOBAL);
        assertEquals(config.withRoleSpace(everywhere), config.withRoleSpace(oneByOne));
        RoleSpace lists = RoleSpace.of(8).inLayers(List.of(List.of(0, 2), List.of(1, 2)));
        RoleSpace mixed = RoleSpace.of(8).without(Role.LOCAL).inLayer(1, 1, 2);
        assertEquals(config.withRoleSpace(lists), config.withRoleSpace(mixed));
        assertEquals(config.withRoleWindows(8), config.withRoleSpace(RoleSpace.of(8).inLayer(1, 0, 1, 2)));
        assertNotEquals(config.withRoleSpace(everywhere), config.withRoleSpace(mixed));
        assertNotEquals(config.withRoleWindows(8), config.withRoleSpace(RoleSpace.of(8).withSinks(2)));
        assertEquals(config, config.withRoleSpace(RoleSpace.NONE.withSinks(3)), "sinks of a model without roles mean nothing");
        assertEquals("roles of layer 2: the model has 2 layers",
                assertThrows(IllegalArgumentException.class, () -> config.withRoleSpace(RoleSpace.of(8).inLayer(2, 1))).getMessage());
    }

    @Test
    void wrongRestrictionsAreRefusedByName() {
        RoleSpace space = RoleSpace.of(8);
        assertThrows(IllegalArgumentException.class, () -> space.withSinks(-1));
        assertEquals("a layer would have no role: at least one must be left",
                assertThrows(IllegalArgumentException.class, () -> space.without(0).without(1).without(2)).getMessage());
        assertEquals("layer 3 would have no role: at least one must be left",
                assertThrows(IllegalArgumentException.class, () -> space.inLayer(3, 0).without(0)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> space.inLayer(0));
        assertThrows(IllegalArgumentException.class, () -> space.without(3));
        assertThrows(IllegalArgumentException.class, () -> space.inLayer(-1, 1));
        assertEquals("role 3: the roles of global, local, sliding [8] are 0 to 2",
                assertThrows(IllegalArgumentException.class, () -> space.inLayer(0, 3)).getMessage());
    }

    @Test
    void wrongWindowsAndRolesAreRefusedByName() {
        assertThrows(IllegalArgumentException.class, () -> RoleSpace.of(8, 8));
        assertThrows(IllegalArgumentException.class, () -> RoleSpace.of(0));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> RoleSpace.of(8).window(3));
        assertEquals("role 3 is not one of the 1 sliding roles from 2", e.getMessage());
    }
}
