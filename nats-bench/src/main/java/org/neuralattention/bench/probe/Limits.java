package org.neuralattention.bench.probe;

import java.util.List;
import java.util.SortedMap;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.result.Limit;
import org.neuralattention.bench.result.Row;

/**
 * What this machine can do at most.
 *
 * @param rates for each number of threads that was measured
 */
public record Limits(Caches caches, SortedMap<Integer, Rates> rates) {

    /**
     * @param gflops 10^9 fused multiply-adds, counted twice, per second
     * @param l2 10^9 bytes read per second from the second-level cache
     * @param l3 from the last
     * @param dram from memory
     */
    public record Rates(double gflops, double l2, double l3, double dram) {

        String describe() {
            return "FMA " + Numbers.compact(gflops) + " GFLOP/s, read L2 " + Numbers.compact(l2) + ", L3 "
                    + Numbers.compact(l3) + ", DRAM " + Numbers.compact(dram) + " GB/s";
        }
    }

    /** One sentence for each number of threads. */
    public List<String> describe() {
        return rates.entrySet().stream().map(entry -> entry.getKey() + (entry.getKey() == 1 ? " thread: " : " threads: ") + entry.getValue().describe())
                .toList();
    }

    /**
     * The row with the limit that bounds it: what takes longer at best, its arithmetic or reading and writing its bytes from the
     * smallest level of memory that holds them all. As it is where nothing was
     * counted, where plain loops ran, or where the limits of so many threads are not known.
     */
    public Row apply(Row row) {
        double work = row.gflops() + row.gbs();
        Rates most = rates.get(row.threads());
        if (!(work > 0) || row.bits() == 0 || most == null) {
            return row;
        }
        String level = level(row.work().bytes(), row.threads());
        double bandwidth = switch (level) {
            case "L2" -> most.l2;
            case "L3" -> most.l3;
            default -> most.dram;
        };
        double arithmetic = row.gflops() / most.gflops;
        double memory = row.gbs() / bandwidth;
        return row.withLimit(arithmetic >= memory ? new Limit("FMA", arithmetic) : new Limit(level, memory));
    }

    /** Each thread has a share of the bytes in a cache of its own; the last one is for all. */
    private String level(double bytes, int threads) {
        return bytes / threads <= caches.l2() ? "L2" : bytes <= caches.l3() ? "L3" : "DRAM";
    }
}
