/**
 * Reading and writing model files. Read {@link org.neuralattention.io.ModelSource} and {@link org.neuralattention.io.ModelFile} (one way to open any model),
 * {@link org.neuralattention.io.SafeTensors} (one file of tensors), {@link org.neuralattention.io.HfConfig} (config.json),
 * {@link org.neuralattention.io.TensorLayout} (which tensor of a file is which of ours), {@link org.neuralattention.io.Gguf} and
 * {@link org.neuralattention.io.GgufMetadata} (a GGUF file and its pairs), then {@link org.neuralattention.io.ModelLoader}
 * and {@link org.neuralattention.io.ModelWriter}. Whatever a file holds, it is read, or refused with a {@link org.neuralattention.io.ModelFormatException}.
 */
package org.neuralattention.io;
