/** A program of its own module. */
module example {
    requires org.neuralattention.core;
}
