/** A program in a module of its own. */
module example {
    requires org.neuralattention.core;
    requires jdk.incubator.vector; // or start Java with --add-modules jdk.incubator.vector
}
