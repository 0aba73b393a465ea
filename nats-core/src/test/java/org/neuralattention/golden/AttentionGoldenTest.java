package org.neuralattention.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.neuralattention.golden.Errors.assertClose;

import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.SafeTensors;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.RoleGradient;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.Lifetimes;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.testing.Vectors;

/** The attention operator in float64: last visible rows (of chunks too), output, log-sum-exp, gradients, role gradient. */
@Tag("widths")
class AttentionGoldenTest {

    private static final double TOLERANCE = 2e-5;

    @Test
    void operatorAndGradientsAreTheGoldenOnes() throws IOException {
        JsonObject index = JsonObject.read(Vectors.path("nats-attention.json"));
        int roleGradients = 0;
        try (SafeTensors golden = SafeTensors.open(Vectors.path("nats-attention.safetensors")); Team team = Team.of(2)) {
            for (Object entry : index.list("cases")) {
                Case c = new Case(JsonObject.of("nats-attention.json", entry), golden);
                c.checkLastRows();
                c.checkForward(team);
                c.checkBackward(team);
                if (c.chunk == 1) {
                    c.checkRoleGradient(team);
                    roleGradients++;
                }
            }
            assertEquals(24, index.list("cases").size());
            assertEquals(16, roleGradients);
        }
    }

    private static final class Case {
        final String name;
        final SafeTensors golden;
        final AttentionShape shape;
        final int window;
        final int chunk;
        final int[] roles;
        final int[] lastRow;
        final float[] q, k, v, dOut, out, lse;

        Case(JsonObject entry, SafeTensors golden) throws IOException {
            this.golden = golden;
            name = entry.string("name");
            shape = new AttentionShape(entry.intValue("batch"), entry.intValue("seq_len"), entry.intValue("heads"),
                    entry.intValue("kv_heads"), entry.intValue("head_dim"));
            window = entry.intValue("window");
            chunk = entry.intValue("chunk");
            roles = golden.readInts(name + ".roles");
            lastRow = new int[shape.batch() * shape.nKvHeads() * shape.rows()];
            q = floats(read("q", shape.nHeads()));
            k = floats(read("k", shape.nKvHeads()));
            v = floats(read("v", shape.nKvHeads()));
            dOut = floats(read("d_out", shape.nHeads()));
            out = new float[q.length];
            lse = new float[shape.batch() * shape.nHeads() * shape.rows()];
        }

        /** A tensor [batch, heads, rows, headDim] as [batch, rows, heads, headDim]. */
        double[] read(String tensor, int heads) throws IOException {
            double[] x = golden.readDoubles(name + "." + tensor);
            double[] y = new double[x.length];
            int dim = shape.headDim();
            for (int b = 0; b < shape.batch(); b++) {
                for (int h = 0; h < heads; h++) {
                    for (int m = 0; m < shape.rows(); m++) {
                        System.arraycopy(x, ((b * heads + h) * shape.rows() + m) * dim, y, ((b * shape.rows() + m) * heads + h) * dim, dim);
                    }
                }
            }
            return y;
        }

        private static float[] floats(double[] x) {
            float[] y = new float[x.length];
            for (int i = 0; i < x.length; i++) {
                y[i] = (float) x[i];
            }
            return y;
        }

        void checkLastRows() throws IOException {
            Lifetimes.chunkLastRow(lastRow, 0, roles, 0, RoleSpace.of(window), chunk, shape.batch(), shape.nKvHeads(), shape.rows());
            int[] cut = Arrays.stream(lastRow).map(row -> Math.min(row, shape.rows() - 1)).toArray();
            assertArrayEquals(golden.readInts(name + ".last_visible_row"), cut, name);
        }

        void checkForward(Team team) throws IOException {
            SparseAttention.forward(out, 0, lse, 0, q, 0, k, 0, v, 0, lastRow, 0, null, shape, team);
            assertClose(name + " out", TOLERANCE, read("out", shape.nHeads()), out);
            assertClose(name + " lse", TOLERANCE, golden.readDoubles(name + ".lse"), lse);
        }

        void checkBackward(Team team) throws IOException {
            float[] dq = new float[q.length];
            float[] dk = new float[k.length];
            float[] dv = new float[v.length];
            SparseAttention.backward(dq, 0, dk, 0, dv, 0, dOut, 0, out, 0, lse, 0, q, 0, k, 0, v, 0, lastRow, 0, shape, team);
            assertClose(name + " dq", TOLERANCE, read("d_q", shape.nHeads()), dq);
            assertClose(name + " dk", TOLERANCE, read("d_k", shape.nKvHeads()), dk);
            assertClose(name + " dv", TOLERANCE, read("d_v", shape.nKvHeads()), dv);
        }

        void checkRoleGradient(Team team) throws IOException {
            float[] dRoles = new float[roles.length * 3];
            RoleGradient.add(dRoles, 0, dOut, 0, out, 0, lse, 0, q, 0, k, 0, v, 0, roles, 0, new int[] {window}, 0, null, 0, shape, team);
            assertClose(name + " role gradient", TOLERANCE, golden.readDoubles(name + ".d_roles"), dRoles);
        }
    }
}
