package org.neuralattention.bench.peers;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.neuralattention.bench.jmh.Gpt2StepBench;
import org.neuralattention.bench.jmh.SmolLm;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.result.Unit;

/** Everything {@code nats bench --peers} measures. */
public final class PeerRun {

    /** Operations of a round that {@code --quick} still does: about a second at 200 GFLOP/s. */
    private static final double QUICK_FLOPS = 3e11;

    /** Property: where files for the peers are written, in a folder of the name. */
    private static final String FOLDER = "nats.peers";

    private static final long SECOND = 1_000_000_000;

    private final List<Match> contests;
    private final Rounds rounds;

    /**
     * @param names only contests in whose name one of them is found; none means all
     * @param quick fewer rounds, and no contest whose round takes more than about a second
     * @param llamaBench llama.cpp's llama-bench; null without
     * @param llmC llm.c's train_gpt2; null without
     */
    public PeerRun(List<Pattern> names, boolean quick, Path llamaBench, Path llmC) {
        rounds = quick ? new Rounds(System::nanoTime, SECOND / 3, 3, 9) : new Rounds(System::nanoTime, SECOND, 3, 31);
        contests = all(llamaBench, llmC).stream().filter(contest -> names.isEmpty() || names.stream().anyMatch(name -> name.matcher(contest.name()).find()))
                .filter(contest -> !quick || contest.flops() <= QUICK_FLOPS).toList();
    }

    private static List<Match> all(Path llamaBench, Path llmC) {
        int cores = Runtime.getRuntime().availableProcessors();
        Path folder = Path.of(System.getProperty(FOLDER, "peers"));
        List<Match> contests = new ArrayList<>();
        if (llamaBench != null) { // what the user has named may fail: first
            contests.addAll(LlamaBench.of(Program.of("--llama-bench", llamaBench), folder.resolve("smol"), SmolLm.CONFIG, Math.min(2, cores)));
        }
        if (llmC != null) {
            contests.add(LlmC.of(Program.of("--llm-c", llmC), folder.resolve("llm.c"), Gpt2StepBench.config("124M"), Math.min(2, cores)));
        }
        for (int threads : cores == 1 ? new int[] {1} : new int[] {1, 2}) {
            contests.addAll(GemmContests.of(Peer.find(GemmPeer.class), threads));
            if (threads == Math.min(2, cores)) { // some engines keep their first number of threads
                contests.addAll(ModelContests.of(Peer.find(ModelPeer.class), folder.resolve("smol"), threads));
            }
            for (AttentionPeer peer : Peer.find(AttentionPeer.class)) {
                contests.addAll(AttentionContests.of(peer, threads));
            }
        }
        return contests;
    }

    /** Whether the profile's peers are on the class path. */
    public static boolean peersAreThere() {
        return !Peer.find(Peer.class).isEmpty();
    }

    /** What will be measured, one name each. */
    public List<String> names() {
        return contests.stream().map(PeerRun::name).toList();
    }

    private static String name(Match contest) {
        return contest.name() + (contest.threads() == 1 ? ", 1 thread" : ", " + contest.threads() + " threads");
    }

    /**
     * Measures all of it.
     *
     * @param told gets a line for each contest when it is over
     * @throws DisagreementException if a peer computes something else
     */
    public List<Row> run(Consumer<String> told) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < contests.size(); i++) {
            List<Row> measured = contests.get(i).run(rounds);
            rows.addAll(measured);
            told.accept("[" + (i + 1) + "/" + contests.size() + "] " + name(contests.get(i)) + ": " + measured.stream()
                    .map(row -> Unit.RATIO.format(row.versus().ratio().median()) + " " + row.versus().peer()).collect(Collectors.joining(", ")));
        }
        return rows;
    }
}
