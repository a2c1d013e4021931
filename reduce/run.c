// SPDX-License-Identifier: Apache-2.0
#include "reduce/run.h"

#include <stdio.h>
#include <sys/resource.h>

#include "reduce/wire.h"

#ifndef HUBCENSUS_VERSION
#define HUBCENSUS_VERSION "0.0.0"
#endif

const struct figure_col run_cols[4] = {
	{ "part", CELL_TEXT, FIGURE_KEY, NULL, "crawl, or reduce" },
	{ "name", CELL_TEXT, FIGURE_KEY, NULL, "what was counted" },
	{ "value", CELL_I64, 0, NULL, "how much of it" },
	{ "unit", CELL_TEXT, 0, NULL, "unit of the value" },
};

static void put(struct figure_table *t, const char *part, const char *name, int64_t x, const char *unit)
{
	figure_row(t);
	figure_name(t, 0, part);
	figure_name(t, 1, name);
	figure_i64(t, 2, x);
	figure_name(t, 3, unit);
}

static const char *counter_unit(int i)
{
	return i == CNT_BYTES || i == CNT_BYTES_WIRE ? "bytes" : i == CNT_WAIT_QUOTA_MS ? "ms" : "1";
}

void run_make(const struct census *c, double started_s, struct figure_table *t)
{
	struct rusage use;
	uint64_t peak_kb;

	getrusage(RUSAGE_SELF, &use);
	peak_kb = wire_max(c->comm, (uint64_t)use.ru_maxrss);
	if (c->rank != 0)
		return;
	for (int i = 0; i < NCOUNTERS; i++)
		put(t, "crawl", counter_name[i], c->crawls.counter[i], counter_unit(i));
	put(t, "crawl", "ranks", c->crawls.nranks, "1");
	put(t, "crawl", "sessions", c->crawls.nsessions, "1");
	put(t, "crawl", "wall_ms", c->crawls.wall_ms, "ms");
	put(t, "reduce", "ranks", c->nranks, "1");
	put(t, "reduce", "shards", c->crawls.nshards, "1");
	put(t, "reduce", "wall_ms", (int64_t)((MPI_Wtime() - started_s) * 1000), "ms");
	put(t, "reduce", "peak_rank_kb", (int64_t)peak_kb, "kB");
	for (int i = 0; c->laps && i < c->laps->n; i++)
		put(t, "reduce_wall", c->laps->at[i].name, (int64_t)(c->laps->at[i].wall_s * 1000), "ms");
	for (int k = 0; k < NKINDS; k++) {
		char name[64];

		if (!census_has(c, k))
			continue;
		snprintf(name, sizeof name, "%s_repeated", kind_name[k]);
		put(t, "reduce", name, (int64_t)c->kind[k].repeated, "rows");
		snprintf(name, sizeof name, "%s_after_t0", kind_name[k]);
		put(t, "reduce", name, (int64_t)c->kind[k].beyond, "rows");
	}
}

json_t *run_json(const struct figure_table *t)
{
	json_t *root = json_pack("{s:i, s:s, s:{}}", "schema", SNAPSHOT_SCHEMA, "version", HUBCENSUS_VERSION, "run");
	json_t *run = root ? json_object_get(root, "run") : NULL;

	for (uint64_t i = 0; i < t->nrow && run && !t->no_memory; i++) {
		size_t len;
		char part[32], name[64];
		const char *s = texts_get(&t->data[0].text, i, &len);
		json_t *at;

		snprintf(part, sizeof part, "%.*s", (int)len, s);
		s = texts_get(&t->data[1].text, i, &len);
		snprintf(name, sizeof name, "%.*s", (int)len, s);
		if (!(at = json_object_get(run, part))) {
			json_object_set_new(run, part, json_object());
			at = json_object_get(run, part);
		}
		json_object_set_new(at, name, json_integer(t->data[2].i[i]));
	}
	return root;
}
