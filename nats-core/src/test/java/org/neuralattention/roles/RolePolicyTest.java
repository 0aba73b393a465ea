package org.neuralattention.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class RolePolicyTest {

    @Test
    void sinksStayAndTheRestSlidesByTheWindowOfThatIndex() {
        RolePolicy policy = RolePolicy.sinkAndWindow(2, 1);
        int[] expected = {Role.GLOBAL, Role.GLOBAL, Role.sliding(1), Role.sliding(1)};
        for (int position = 0; position < expected.length; position++) {
            assertEquals(expected[position], policy.role(3, 1, 0, position), "position " + position);
        }
    }

    @Test
    void negativeNumbersAreRefusedAtOnce() {
        assertThrows(IllegalArgumentException.class, () -> RolePolicy.sinkAndWindow(-1, 0));
        assertThrows(IllegalArgumentException.class, () -> RolePolicy.sinkAndWindow(1, -1));
    }
}
