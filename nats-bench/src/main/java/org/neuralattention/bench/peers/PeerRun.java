package org.neuralattention.bench.peers;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.result.Unit;

/** Everything {@code nats bench --peers} measures. */
public final class PeerRun {

    /** Operations of a round that {@code --quick} still does: about a second at 200 GFLOP/s. */
    private static final double QUICK_FLOPS = 3e11;

    /** Property: where files for the peers are written, in a folder of the name. */
    private static final String FOLDER = "nats.peers";

    private static final long SECOND = 1_000_000_000;

    private final List<Contest> contests;
    private final Rounds rounds;

    /**
     * @param names only contests in whose name one of them is found; none means all
     * @param quick fewer rounds, and no contest whose round takes more than about a second
     */
    public PeerRun(List<Pattern> names, boolean quick) {
        rounds = quick ? new Rounds(System::nanoTime, SECOND / 3, 3, 9) : new Rounds(System::nanoTime, SECOND, 3, 31);
        contests = all().stream().filter(contest -> names.isEmpty() || names.stream().anyMatch(name -> name.matcher(contest.name()).find()))
                .filter(contest -> !quick || contest.flops() <= QUICK_FLOPS).toList();
    }

    private static List<Contest> all() {
        int cores = Runtime.getRuntime().availableProcessors();
        List<Contest> contests = new ArrayList<>();
        for (int threads : cores == 1 ? new int[] {1} : new int[] {1, 2}) {
            contests.addAll(GemmContests.of(Peer.find(GemmPeer.class), threads));
            if (threads == Math.min(2, cores)) { // some engines keep their first number of threads
                contests.addAll(ModelContests.of(Peer.find(ModelPeer.class), Path.of(System.getProperty(FOLDER, "peers"), "smol"), threads));
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

    private static String name(Contest contest) {
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
