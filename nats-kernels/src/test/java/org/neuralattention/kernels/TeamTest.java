package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each task once, failures reach the caller, misuse is told, nothing hangs. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // a caller that waits forever cannot be interrupted
class TeamTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 16})
    void everyTaskRunsOnceOnAWorkerOfTheTeam(int threads) {
        try (Team team = Team.of(threads)) {
            assertEquals(threads, team.size());
            for (int tasks : new int[] {0, 1, 2, 3, threads - 1, threads, threads + 1, 1000}) {
                AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
                team.run(tasks, (task, worker) -> {
                    assertTrue(worker >= 0 && worker < threads);
                    runs.incrementAndGet(task);
                });
                for (int i = 0; i < tasks; i++) {
                    assertEquals(1, runs.get(i), "task " + i + " of " + tasks);
                }
            }
        }
    }

    /** Plain writes of one round are read by other threads in the next: a missing happens-before edge shows as a wrong sum. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 16})
    void roundsSeeEachOthersPlainWrites(int threads) {
        int rounds = threads == 2 ? 10_000 : 1_000; // more threads than cores wait for the scheduler in every round
        int[] cells = new int[5];
        try (Team team = Team.of(threads)) {
            for (int round = 0; round < rounds; round++) {
                int tasks = 1 + round % cells.length; // some rounds leave helpers out
                int turn = round;
                team.run(tasks, (task, worker) -> cells[(task + turn) % cells.length]++);
            }
        }
        int[] expected = new int[cells.length];
        for (int round = 0; round < rounds; round++) {
            for (int task = 0; task < 1 + round % cells.length; task++) {
                expected[(task + round) % cells.length]++;
            }
        }
        assertArrayEquals(expected, cells);
    }

    /** Pauses longer than the spin, so that helpers park before some rounds and the caller before some ends. */
    @Test
    void nothingIsLostWhenHelpersOrTheCallerPark() {
        AtomicIntegerArray runs = new AtomicIntegerArray(4);
        try (Team team = Team.of(4)) {
            for (int round = 0; round < 100; round++) {
                int slow = round % 5;
                team.run(4, (task, worker) -> {
                    if (task == slow) {
                        LockSupport.parkNanos(300_000);
                    }
                    runs.incrementAndGet(task);
                });
                LockSupport.parkNanos(round % 3 * 300_000L);
            }
        }
        for (int task = 0; task < 4; task++) {
            assertEquals(100, runs.get(task));
        }
    }

    @Test
    void anInterruptedCallerStillWaitsAndStaysInterrupted() {
        AtomicIntegerArray runs = new AtomicIntegerArray(2);
        try (Team team = Team.of(2)) {
            Thread.currentThread().interrupt();
            team.run(2, (task, worker) -> {
                long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20);
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
                runs.incrementAndGet(task);
            });
            assertTrue(Thread.interrupted());
            assertEquals(2, runs.get(0) + runs.get(1));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void whatATaskThrowsReachesTheCallerAndTheTeamGoesOn(int threads) {
        try (Team team = Team.of(threads)) {
            for (int failing : new int[] {0, 1, 49, 99}) {
                Error error = new Error("task " + failing);
                Error thrown = assertThrows(Error.class, () -> team.run(100, (task, worker) -> {
                    if (task == failing) {
                        throw error;
                    }
                }));
                assertSame(error, thrown);
                AtomicIntegerArray runs = new AtomicIntegerArray(100);
                team.run(100, (task, worker) -> runs.incrementAndGet(task));
                for (int i = 0; i < 100; i++) {
                    assertEquals(1, runs.get(i));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aTaskThatRunsItsOwnTeamIsTold(int threads) {
        try (Team team = Team.of(threads)) {
            assertThrows(IllegalStateException.class, () -> team.run(8, (task, worker) -> team.run(2, (t, w) -> {})));
            team.run(8, (task, worker) -> {});
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aSecondCallerIsTold(int threads) throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        try (Team team = Team.of(threads)) {
            Thread first = Thread.ofPlatform().start(() -> team.run(2, (task, worker) -> {
                inside.countDown();
                awaitQuietly(leave);
            }));
            inside.await();
            assertThrows(IllegalStateException.class, () -> team.run(2, (task, worker) -> {}));
            leave.countDown();
            first.join();
            team.run(2, (task, worker) -> {});
        }
    }

    @Test
    void aClosedTeamSaysSoAndClosingTwiceDoesNothing() throws Exception {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        Team team = Team.of(3);
        team.run(1000, (task, worker) -> threads.add(Thread.currentThread()));
        threads.remove(Thread.currentThread());
        team.close();
        team.close();
        assertEquals("the team is closed",
                assertThrows(IllegalStateException.class, () -> team.run(1, (task, worker) -> {})).getMessage());
        for (Thread thread : threads) {
            thread.join(10_000);
            assertFalse(thread.isAlive(), thread + " outlives its team");
        }
    }

    /** Either the work is done or it is refused; a caller left waiting for threads that have gone would time out. */
    @Test
    void closingFromAnotherThreadNeverHangsTheCaller() throws Exception {
        for (int repeat = 0; repeat < 200; repeat++) {
            Team team = Team.of(3);
            team.run(3, (task, worker) -> {});
            Thread closer = Thread.ofPlatform().start(team::close);
            AtomicIntegerArray runs = new AtomicIntegerArray(8);
            int done = 0;
            try {
                while (true) {
                    team.run(8, (task, worker) -> runs.incrementAndGet(task));
                    done++;
                }
            } catch (IllegalStateException closed) {
                for (int i = 0; i < 8; i++) {
                    assertEquals(done, runs.get(i));
                }
            }
            closer.join();
        }
    }

    @Test
    void noThreadIsStartedBeforeThereIsWorkToShare() {
        Set<Thread> before = workersAlive(); // some of an earlier test may still be on their way out
        try (Team team = Team.of(16)) {
            assertEquals(Set.of(), startedSince(before));
            team.run(1, (task, worker) -> assertEquals(0, worker));
            assertEquals(Set.of(), startedSince(before));
            team.run(2, (task, worker) -> {});
            assertEquals(15, startedSince(before).size());
        }
    }

    @Test
    void scratchStaysTheSameUntilMoreIsAsked() {
        try (Team team = Team.of(2)) {
            float[] first = team.scratch(TeamTest.class, 2, 10);
            assertSame(first, team.scratch(TeamTest.class, 2, 5));
            assertTrue(team.scratch(TeamTest.class, 2, 11).length >= 11);
            assertTrue(team.scratch(TeamTest.class, 9, 1).length >= 1);
            float[] other = team.scratch(Team.class, 2, 10);
            Arrays.fill(other, 1);
            assertTrue(other != team.scratch(TeamTest.class, 2, 10));
        }
    }

    @Test
    void blocksEndAtTheLastIndexThatFits() {
        int last = Integer.MAX_VALUE - 5;
        assertEquals(last, Blocks.end(last / 16_384, 16_384, last));
        assertEquals(last, Blocks.end(0, last, last));
        assertEquals(20, Blocks.end(1, 10, 25));
        assertEquals(25, Blocks.end(2, 10, 25));
    }

    @Test
    void sizesOutOfRangeAreNamed() {
        for (int threads : new int[] {Integer.MIN_VALUE, -1, 0, 1025}) {
            String message = assertThrows(IllegalArgumentException.class, () -> Team.of(threads)).getMessage();
            assertTrue(message.contains("threads = " + threads), message);
        }
        assertThrows(IllegalArgumentException.class, () -> Team.serial().run(-1, (task, worker) -> {}));
    }

    private static Set<Thread> startedSince(Set<Thread> before) {
        Set<Thread> workers = workersAlive();
        workers.removeAll(before);
        return workers;
    }

    private static Set<Thread> workersAlive() {
        Set<Thread> workers = new HashSet<>(Thread.getAllStackTraces().keySet());
        workers.removeIf(thread -> !thread.getName().startsWith("nats-worker-"));
        return workers;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
