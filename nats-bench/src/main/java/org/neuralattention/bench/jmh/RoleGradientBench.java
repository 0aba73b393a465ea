package org.neuralattention.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.RoleGradient;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.RoleTiles;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The role gradient of 8 heads of 64, exact or of one query tile in four: two dense products, 4 x 64 flops x 8 heads x rows (rows + 1) / 2 whatever the roles. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RoleGradientBench implements Counted {

    @Param({"1024", "4096"})
    public int rows;

    @Param({"dense", "roles"})
    public String mix;

    @Param({"1", "2"})
    public int threads;

    private Team team;
    private AttentionData a;
    private float[] dRoles;
    private float[] tileWeight;

    @Setup(Level.Trial)
    public void setup() {
        team = Team.of(threads);
        a = new AttentionData(rows, mix);
        dRoles = new float[a.roles.length * (2 + AttentionData.WINDOWS.length)];
        tileWeight = new float[a.shape.nKvHeads() * RoleGradient.tiles(rows)];
        RoleTiles.draw(tileWeight, 0, 4, 1, 0, 0, 0, 1, a.shape.nKvHeads(), rows);
        SparseAttention.forward(a.out, 0, a.lse, 0, a.q, 0, a.k, 0, a.v, 0, a.lastRow, 0, null, a.shape, team);
    }

    @TearDown(Level.Trial)
    public void close() {
        team.close();
    }

    @Benchmark
    public void add() {
        RoleGradient.add(dRoles, 0, a.dOut, 0, a.out, 0, a.lse, 0, a.q, 0, a.k, 0, a.v, 0, a.roles, 0, AttentionData.WINDOWS, 0, null, 0, a.shape, team);
    }

    @Benchmark
    public void addSampled() {
        RoleGradient.add(dRoles, 0, a.dOut, 0, a.out, 0, a.lse, 0, a.q, 0, a.k, 0, a.v, 0, a.roles, 0, AttentionData.WINDOWS, 0, tileWeight, 0, a.shape, team);
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dnats.kernels=scalar")
    public void addScalar() {
        add();
    }

    /** Two products over all causal pairs, whatever the roles; sampled, over a quarter of those beyond 96 rows on average. */
    @Override
    public Work work(String method) {
        double dim = AttentionData.HEADS * AttentionData.HEAD_DIM;
        double pairs = rows * (rows + 1.0) / 2;
        double near = Math.min(pairs, 96.5 * rows);
        return Work.floats(4 * dim * (method.equals("addSampled") ? near + (pairs - near) / 4 : pairs), 5.0 * dim * rows);
    }
}
