package org.neuralattention.tokenize;

import java.util.Arrays;

/**
 * Merges neighbours in a sequence of ids until no merge applies: always the pair of lowest rank, the leftmost of equals. The working memory of one
 * call of an encoder.
 */
final class PairMerger {

    /** Up to here looking for the lowest rank again after each merge beats the queue. */
    static final int SHORT = 48;

    private static final int CLOSED = -1;

    private final BpeMerges merges;
    private int[] ids = new int[4 * SHORT];
    private int size;
    private final long[] pair = new long[SHORT]; // short sequences: the merge of an id and the next one

    // Long sequences: a linked list over ids, and a queue of possible merges. Those of one rank are kept in a list, in any order, which is sorted when
    // the rank's turn comes. So the heap holds one entry for each rank, not one for each pair, and stays in the cache however long the sequence is.
    private int[] next = {};
    private int[] previous = {};
    private int[][] waiting;   // by rank: the left ids of its pairs
    private int[] waitingSize;
    private int[] taken;       // by rank: how many of the list, then sorted, are merged; CLOSED while its turn has not come
    private long[] heap = {};  // rank << 32 | the left id's index + 1, or 0 for a list that waits
    private int heapSize;
    private long steps;

    PairMerger(BpeMerges merges) {
        this.merges = merges;
    }

    /** Starts a new sequence. */
    void clear() {
        size = 0;
    }

    void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, (int) Math.min(Integer.MAX_VALUE - 8, 2L * size));
        }
        ids[size++] = id;
    }

    int size() {
        return size;
    }

    int get(int i) {
        return ids[i];
    }

    /** Merges what was added; {@link #size} and {@link #get} give the result. */
    void merge() {
        if (size <= SHORT) {
            mergeShort();
        } else {
            mergeLong();
        }
    }

    /** How often the queue for long sequences has taken or given an entry so far: the work it did. */
    long steps() {
        return steps;
    }

    /** Quadratic in the length, but with small numbers and nothing to keep in order. */
    void mergeShort() {
        int n = size;
        for (int i = 0; i < n - 1; i++) {
            pair[i] = merges.get(ids[i], ids[i + 1]);
        }
        while (n > 1) {
            int best = 0;
            for (int i = 1; i < n - 1; i++) {
                if (BpeMerges.rank(pair[i]) < BpeMerges.rank(pair[best])) {
                    best = i;
                }
            }
            if (pair[best] == BpeMerges.NONE) {
                break;
            }
            ids[best] = BpeMerges.merged(pair[best]);
            n--;
            System.arraycopy(ids, best + 2, ids, best + 1, n - best - 1);
            if (best < n - 1) {
                System.arraycopy(pair, best + 1, pair, best, n - best - 1);
                pair[best] = merges.get(ids[best], ids[best + 1]);
            }
            if (best > 0) {
                pair[best - 1] = merges.get(ids[best - 1], ids[best]);
            }
        }
        size = n;
    }

    /** n log n: merges that an earlier one made impossible are recognised when their turn comes. */
    void mergeLong() {
        prepare();
        for (int i = 0; i + 1 < size; i++) {
            push(i);
        }
        while (heapSize > 0) {
            steps++;
            int rank = (int) (heap[0] >>> 32);
            int left = (int) heap[0] - 1;
            takeTop(rank, left);
            if (left < 0 || ids[left] < 0 || next[left] < 0) {
                continue;
            }
            int right = next[left];
            long merge = merges.get(ids[left], ids[right]);
            if (BpeMerges.rank(merge) != rank) {
                continue;
            }
            ids[left] = BpeMerges.merged(merge);
            ids[right] = -1; // gone
            next[left] = next[right];
            if (next[left] >= 0) {
                previous[next[left]] = left;
                push(left);
            }
            if (previous[left] >= 0) {
                push(previous[left]);
            }
        }
        int n = 0;
        for (int i = 0; i >= 0; i = next[i]) {
            ids[n++] = ids[i];
        }
        size = n;
    }

    private void prepare() {
        if (waiting == null) {
            waiting = new int[merges.ranks()][];
            waitingSize = new int[merges.ranks()];
            taken = new int[merges.ranks()];
            Arrays.fill(taken, CLOSED);
        }
        if (next.length < size) {
            next = new int[ids.length];
            previous = new int[ids.length];
        }
        for (int i = 0; i < size; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
        }
        next[size - 1] = -1;
        heapSize = 0;
    }

    private void push(int left) {
        long merge = merges.get(ids[left], ids[next[left]]);
        if (merge == BpeMerges.NONE) {
            return;
        }
        steps++;
        int rank = BpeMerges.rank(merge);
        if (taken[rank] != CLOSED) { // its list is sorted already
            insert((long) rank << 32 | left + 1);
            return;
        }
        int n = waitingSize[rank]++;
        if (n == 0) {
            insert((long) rank << 32);
        }
        if (waiting[rank] == null) {
            waiting[rank] = new int[4];
        } else if (n == waiting[rank].length) {
            waiting[rank] = Arrays.copyOf(waiting[rank], 2 * n);
        }
        waiting[rank][n] = left;
    }

    /** Takes the heap's first entry away; the next one of its list, if it has come from a list, takes its place. */
    private void takeTop(int rank, int left) {
        int[] list = waiting[rank];
        if (left < 0) {
            Arrays.sort(list, 0, waitingSize[rank]);
            taken[rank] = 0;
        } else if (taken[rank] != CLOSED && list[taken[rank]] == left) {
            taken[rank]++;
        } else {
            replaceTop(heap[--heapSize]);
            return;
        }
        if (taken[rank] < waitingSize[rank]) {
            replaceTop((long) rank << 32 | list[taken[rank]] + 1);
        } else {
            taken[rank] = CLOSED;
            waitingSize[rank] = 0;
            if (list.length > 1 << 16) {
                waiting[rank] = null;
            }
            replaceTop(heap[--heapSize]);
        }
    }

    private void insert(long entry) {
        if (heapSize == heap.length) {
            heap = Arrays.copyOf(heap, heapSize + (heapSize >> 1) + 16);
        }
        int at = heapSize++;
        while (at > 0 && heap[at - 1 >> 1] > entry) {
            heap[at] = heap[at - 1 >> 1];
            at = at - 1 >> 1;
        }
        heap[at] = entry;
    }

    private void replaceTop(long entry) {
        int at = 0;
        for (int child = 1; child < heapSize; child = 2 * at + 1) {
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= entry) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = entry;
    }
}
