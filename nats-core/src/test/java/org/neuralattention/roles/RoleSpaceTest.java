package org.neuralattention.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
    void wrongWindowsAndRolesAreRefusedByName() {
        assertThrows(IllegalArgumentException.class, () -> RoleSpace.of(8, 8));
        assertThrows(IllegalArgumentException.class, () -> RoleSpace.of(0));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> RoleSpace.of(8).window(3));
        assertEquals("role 3 is not one of the 1 sliding roles from 2", e.getMessage());
    }
}
