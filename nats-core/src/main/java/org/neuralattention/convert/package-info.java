/**
 * From one model format to another. Read {@link org.neuralattention.convert.Conversion}, then {@link org.neuralattention.convert.TokenizerFiles}.
 */
package org.neuralattention.convert;
