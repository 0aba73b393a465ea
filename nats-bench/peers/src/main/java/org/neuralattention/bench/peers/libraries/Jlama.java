package org.neuralattention.bench.peers.libraries;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.neuralattention.bench.peers.ModelPeer;

/**
 * Jlama on the Vector API; it fixes its number of threads at the first model. Its native kernels (jlama-native 0.8.4) were up to 1.9 times as fast in float32, but computed other
 * logits on a Zen 5 (correlation 0.3 with ours, where these agree to 1e-6), so they do not take part.
 */
public final class Jlama implements ModelPeer {

    private static boolean started;

    @Override
    public String name() {
        return "Jlama " + Version.of(AbstractModel.class);
    }

    @Override
    public Engine open(Path folder, int threads) throws IOException {
        Optional<Integer> setThreads = started ? Optional.empty() : Optional.of(threads);
        started = true;
        Path readable = readable(folder);
        AbstractModel model = ModelSupport.loadModel(AbstractModel.InferenceType.FULL_GENERATION, readable.toFile(), readable.toFile(), DType.F32,
                DType.F32, Optional.empty(), setThreads, Optional.empty(), SafeTensorSupport::loadWeights);
        return new Conversation(model);
    }

    /** The same files, with a config.json that says what Jlama insists on. */
    private static Path readable(Path folder) throws IOException {
        Path copy = Files.createDirectories(folder.resolveSibling(folder.getFileName() + "-jlama"));
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode config = (ObjectNode) mapper.readTree(folder.resolve("config.json").toFile());
        config.put("bos_token_id", 0).put("eos_token_id", 0).put("rope_theta", config.at("/rope_parameters/rope_theta").asDouble());
        config.remove("rope_parameters");
        mapper.writeValue(copy.resolve("config.json").toFile(), config);
        for (String name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
            Files.copy(folder.resolve(name), copy.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        Path weights = copy.resolve("model.safetensors");
        if (!Files.exists(weights)) {
            Files.createLink(weights, folder.resolve("model.safetensors"));
        }
        return copy;
    }

    private static final class Conversation implements Engine {
        private final AbstractModel model;
        private final KvBufferCache caches;
        private KvBufferCache.KvBuffer cache;
        private int position;
        private final AbstractTensor logits;

        Conversation(AbstractModel model) {
            this.model = model;
            caches = new KvBufferCache(model);
            logits = model.makeDenseTensor(model.getConfig().vocabularySize);
        }

        @Override
        public void prefill(int[] ids) {
            if (cache != null) {
                cache.close();
            }
            cache = caches.getEphemeralKvBuffer();
            head(model.batchForward(ids, 0, cache));
            position = ids.length;
        }

        @Override
        public void decode(int id) {
            head(model.forward(id, position++, cache, Optional.empty()));
        }

        /** Norm, head and the largest logit, as for every token that is generated. */
        private void head(AbstractTensor output) {
            model.sample(output.slice(output.shape().first() - 1), 0, 0, logits);
            output.close();
        }

        @Override
        public void logits(float[] into) {
            for (int i = 0; i < into.length; i++) {
                into[i] = logits.get(0, i);
            }
        }

        @Override
        public void close() {
            logits.close();
            caches.close();
            model.close();
        }
    }
}
