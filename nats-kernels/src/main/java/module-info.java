/** Transformer kernels on float arrays: forward, backward, any number of threads, no dependency but the JDK. */
module org.neuralattention.kernels {
    requires static jdk.incubator.vector;

    exports org.neuralattention.kernels;
}
