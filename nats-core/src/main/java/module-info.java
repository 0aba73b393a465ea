/** Transformers with learned token roles: model, roles, cache, generation, training, file formats. */
module org.neuralattention.core {
    requires transitive org.neuralattention.kernels;
    requires com.fasterxml.jackson.core;

    exports org.neuralattention.cache;
    exports org.neuralattention.chat;
    exports org.neuralattention.convert;
    exports org.neuralattention.eval;
    exports org.neuralattention.generate;
    exports org.neuralattention.io;
    exports org.neuralattention.model;
    exports org.neuralattention.roles;
    exports org.neuralattention.tokenize;
    exports org.neuralattention.train;
}
