// SPDX-License-Identifier: Apache-2.0
#include "reduce/monitor.h"

#include <mpi.h>
#include <sys/resource.h>
#include <time.h>

#include "io/log.h"
#include "io/metrics.h"
#include "reduce/wire.h"

#define NAME(x) "hubcensus_reduce_" x

static const char *const phase_name[MONITOR_NPHASES] = { "read", "figures", "write" };

void monitor_phase_ends(struct monitor *m, enum monitor_phase phase)
{
	double now = MPI_Wtime();

	m->wall_s[phase] += now - m->mark_s;
	m->mark_s = now;
}

static uint64_t cpu_ms(const struct rusage *use)
{
	return (uint64_t)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) * 1000 +
	       (uint64_t)(use->ru_utime.tv_usec + use->ru_stime.tv_usec) / 1000;
}

/* What all ranks together have to say. */
struct whole {
	int64_t rows[NKINDS];
	uint64_t peak_kb, cpu_most_ms, cpu_least_ms;
};

static void collect(const struct census *c, struct whole *w)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	for (int k = 0; k < NKINDS; k++)
		w->rows[k] = (int64_t)c->kind[k].t.n;
	wire_sum(c->comm, w->rows, NKINDS);
	w->peak_kb = wire_max(c->comm, (uint64_t)use.ru_maxrss);
	w->cpu_most_ms = wire_max(c->comm, cpu_ms(&use));
	w->cpu_least_ms = UINT64_MAX - wire_max(c->comm, UINT64_MAX - cpu_ms(&use));
}

static void write_metrics(const struct monitor *m, const struct census *c, const struct whole *w, const char *path,
			  int exit_code)
{
	struct err e = ERR_INIT;
	struct metrics x;

	metrics_begin(&x);
	metrics_family(&x, NAME("info"), METRICS_GAUGE, "Always 1.");
	metrics_sample(&x, NAME("info"), "version", HUBCENSUS_VERSION, 1);
	metrics_value(&x, NAME("exit_code"), METRICS_GAUGE, "0 complete, 4 failed, 5 gaps.", exit_code);
	metrics_value(&x, NAME("end_time_seconds"), METRICS_GAUGE, "When this was written, since 1970.",
		      (double)time(NULL));
	metrics_value(&x, NAME("t0_seconds"), METRICS_GAUGE, "The census is of repositories created up to then.",
		      (double)c->snap.t0);
	metrics_value(&x, NAME("ranks"), METRICS_GAUGE, "MPI ranks.", c->nranks);
	metrics_family(&x, NAME("rows"), METRICS_GAUGE, "Repositories in the census.");
	for (int k = 0; k < NKINDS; k++)
		if (census_has(c, k))
			metrics_sample(&x, NAME("rows"), "kind", kind_name[k], (double)w->rows[k]);
	metrics_value(&x, NAME("gaps"), METRICS_GAUGE, "Stretches of the axes that were not crawled.",
		      (double)census_gaps(c));
	metrics_value(&x, NAME("lost_records"), METRICS_GAUGE, "Records that were not understood.",
		      (double)census_lost(c));
	if (c->snap.users)
		metrics_value(&x, NAME("lists_given_up"), METRICS_GAUGE, "Lists of accounts that the Hub did not give.",
			      (double)c->discovery.given_up);
	metrics_family(&x, NAME("wall_seconds"), METRICS_GAUGE, "Wall time of each phase.");
	for (int i = 0; i < MONITOR_NPHASES; i++)
		metrics_sample(&x, NAME("wall_seconds"), "phase", phase_name[i], m->wall_s[i]);
	metrics_value(&x, NAME("peak_rank_bytes"), METRICS_GAUGE, "Memory of the rank that took most.",
		      (double)w->peak_kb * 1024);
	if (metrics_write(&x, path, &e))
		log_warn("%s; the census is whole", e.text);
}

void monitor_end(const struct monitor *m, const struct census *c, const char *metrics_file, int exit_code)
{
	struct whole w;
	double rows = 0;

	collect(c, &w);
	if (c->rank != 0)
		return;
	for (int k = 0; k < NKINDS; k++)
		rows += (double)w.rows[k];
	log_event("end",
		  (struct log_field[]){ { "exit_code", exit_code },
					{ "rows", rows },
					{ "ranks", c->nranks },
					{ "read_s", m->wall_s[MONITOR_READ] },
					{ "figures_s", m->wall_s[MONITOR_FIGURES] },
					{ "write_s", m->wall_s[MONITOR_WRITE] },
					{ "cpu_s_least", (double)w.cpu_least_ms / 1000 },
					{ "cpu_s_most", (double)w.cpu_most_ms / 1000 },
					{ "peak_rank_mb", (double)w.peak_kb / 1000 } },
		  9,
		  "%.0f rows on %d rank%s: read %.1f s, figures %.1f s, write %.1f s; CPU %.1f to %.1f s a rank, at "
		  "most %.0f MB",
		  rows, c->nranks, c->nranks > 1 ? "s" : "", m->wall_s[MONITOR_READ], m->wall_s[MONITOR_FIGURES],
		  m->wall_s[MONITOR_WRITE], (double)w.cpu_least_ms / 1000, (double)w.cpu_most_ms / 1000,
		  (double)w.peak_kb / 1000);
	if (metrics_file)
		write_metrics(m, c, &w, metrics_file, exit_code);
}
