package org.neuralattention.io;

import java.util.Random;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleSpace;

/** Role spaces of every kind, for round trips through files. */
final class RoleSpaces {

    private RoleSpaces() {}

    static RoleSpace random(Random random) {
        RoleSpace space = RoleSpace.of(1 + random.nextInt(5), 6 + random.nextInt(100));
        if (random.nextInt(3) == 0) {
            space = space.withSinks(random.nextInt(6));
        }
        if (random.nextInt(3) == 0) {
            space = space.without(random.nextInt(4));
        }
        if (random.nextInt(3) == 0) {
            space = space.inLayer(0, random.nextInt(4), random.nextInt(4));
        }
        if (random.nextInt(6) == 0) {
            space = RoleSpace.of(4).withSinks(random.nextInt(6)).without(Role.GLOBAL).without(Role.LOCAL); // nothing to choose
        }
        return space;
    }
}
