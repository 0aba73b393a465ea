package org.neuralattention.bench.results;

import java.io.IOException;
import java.util.List;

/** Something to find out: the jobs that do, and what they say together. */
interface Question {

    /** As the command line has it. */
    String name();

    /** What is asked, in one sentence. */
    String title();

    /** Its jobs, the most telling first; others may have some of them. */
    List<Job> jobs(Place place);

    /** A header and the rows of all jobs that are done. */
    Table table(Place place) throws IOException;

    /**
     * What was found.
     *
     * @param caption what the columns mean
     */
    record Table(String caption, List<String> header, List<List<String>> rows) {}
}
