// SPDX-License-Identifier: Apache-2.0
/* Populations at the edge: none, one, without counters, all ties, the lump, suspect windows, gaps. */
#include <errno.h>
#include <jansson.h>

#include "tests/mpi/pipeline.h"
#include "tests/mpi/scratch.h"
#include "tests/mpi/shards.h"
#include "tests/mpi/tap_mpi.h"

static int rank;
static char root[256];
static int ncase;

/* n models of one second, each with these downloads (-1: none), in one shard; pieces leave out (hole_lo, hole_hi]. */
struct population {
	uint64_t n;
	int64_t created, downloads;
	int64_t hole_lo, hole_hi;
	int suspect;
	int without_author;
};

static int put_model(struct table *t, const struct population *p, uint64_t i)
{
	struct oid o = oid_at(p->created);
	char id[64];
	int len = snprintf(id, sizeof id, "%s-%d", p->without_author ? "nameless" : "Owner/model", (int)i),
	    rc = table_begin_row(t);

	o.b[11] = (uint8_t)i;
	table_set_oid(t, F_OID, o);
	rc |= table_set_text(t, F_ID, id, (size_t)len);
	table_set_i64(t, F_DOWNLOADS, p->downloads);
	table_set_i64(t, F_OBSERVED, GEN_T0);
	table_end_row(t);
	return rc;
}

static int write_population(const struct population *p, const char *dir, struct err *e)
{
	struct snapshot snap = { .t0 = GEN_T0, .fields = (1u << NFIELDS) - 1, .kinds = 1 };
	struct oid end = oid_prev(oid_at(GEN_T0 + 1));
	struct shard_piece a = { .span = { OID_MIN, end }, .flags = p->suspect ? PIECE_SUSPECT : 0 },
			   b = { .span = { end, end } };
	struct shard s;
	int rc;

	strcpy(snap.hub, "http://hub.example");
	if ((rc = snapshot_create(&snap, dir, NULL, e)))
		return rc;
	if (p->hole_hi) {
		a.span.hi = oid_at(p->hole_lo);
		b.span.lo = oid_at(p->hole_hi);
	}
	shard_init(&s, KIND_MODELS, snap.id, 0, 1);
	for (uint64_t i = 0; i < p->n; i++)
		rc |= put_model(&s.rows, p, i);
	rc |= shard_add_piece(&s, &a);
	if (oid_cmp(b.span.lo, b.span.hi) < 0)
		rc |= shard_add_piece(&s, &b);
	rc = rc ? err_set(e, E_NOMEM, "no memory") : gen_seal(&s, dir, e);
	shard_release(&s);
	return rc;
}

/* The census of a population: parsed on rank 0, NULL elsewhere. */
static json_t *census_of(struct population p)
{
	struct err e = ERR_INIT;
	char dir[300], path[320], *text = NULL;
	json_t *j;
	int rc = E_OK;

	snprintf(dir, sizeof dir, "%s/%d", root, ncase++);
	snprintf(path, sizeof path, "%s/census.h5", dir);
	if (rank == 0)
		rc = write_population(&p, dir, &e);
	rc = err_agree(MPI_COMM_WORLD, rc, &e);
	if (rc || pipeline(MPI_COMM_WORLD, dir, path, &text, &e))
		ok_all(MPI_COMM_WORLD, 0, e.text);
	j = text ? json_loads(text, 0, NULL) : NULL;
	free(text);
	return j;
}

/* Does the value at figures/<key>/<member> read so, as JSON? Holds on all ranks if on rank 0. */
static void is(const json_t *census, const char *key, const char *member, const char *want)
{
	json_t *x = json_object_get(json_object_get(json_object_get(census, "figures"), key), member);
	char *got = x ? json_dumps(x, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
		      : strdup("nothing"),
	     name[512];
	int good = rank != 0 || !strcmp(got, want);

	snprintf(name, sizeof name, "%s %s is %s", key, member, want);
	if (!ok_all(MPI_COMM_WORLD, good, name) && rank == 0)
		diag("got %s", got);
	free(got);
}

static void check_none(void)
{
	json_t *c = census_of((struct population){ .n = 0 });

	is(c, "totals.models", "value", "0");
	is(c, "totals.spaces", "status", "\"not available\"");
	is(c, "totals.spaces", "why", "\"this census does not take spaces\"");
	is(c, "totals.by_period", "value", "{}");
	is(c, "totals.owners", "value", "{\"all\":0,\"models\":0}");
	is(c, "concentration.top200_share", "value", "{\"downloads\":null,\"downloads_all_time\":null}");
	is(c, "concentration.top200_share", "status", "\"partial\"");
	is(c, "concentration.deciles", "value", "{\"models\":{\"downloads\":null,\"downloads_all_time\":null}}");
	is(c, "concentration.rows", "value", "{\"models\":{\"downloads\":0,\"downloads_all_time\":0}}");
	is(c, "concentration.gini", "value", "{\"models\":{\"downloads\":null,\"downloads_all_time\":null}}");
	is(c, "categories.models", "value", "{}");
	is(c, "categories.datasets", "status", "\"not available\"");
	is(c, "gating", "value", "{}");
	is(c, "geography.share", "value", "{\"downloads\":null,\"downloads_all_time\":null}");
	is(c, "geography.share", "coverage", "{\"downloads\":null,\"downloads_all_time\":null}");
	is(c, "geography.share", "why", "\"the census has no models\"");
	is(c, "geography.cumulative", "value", "{\"downloads\":null,\"downloads_all_time\":null}");
	is(c, "sector.share", "value", "{\"downloads\":null,\"downloads_all_time\":null,\"repositories\":null}");
	is(c, "science", "value", "{}");
	is(c, "quantization", "value", "{}");
	is(c, "engagement.weeks", "status", "\"not available\"");
	is(c, "engagement.half_peak", "why", "\"the census has no models\"");
	is(c, "completeness", "value",
	   "{\"models\":{\"covered\":1.0,\"field_errors\":0,\"gaps\":0,\"hub_total\":null,\"quarantined\":0,\"rows\":0,"
	   "\"suspect_windows\":0}}");
	json_decref(c);
}

static void check_one(void)
{
	json_t *c = census_of((struct population){ .n = 1, .created = 1740787200, .downloads = 5 });

	is(c, "totals.models", "value", "1");
	is(c, "totals.by_period", "value",
	   "{\"models\":{\"day\":{\"2025-03-01\":{\"cumulative\":1,\"lump\":false,\"new\":1}},\"month\":{\"2025-03\":{"
	   "\"cumulative\":1,\"lump\":false,"
	   "\"new\":1}},\"year\":{\"2025\":{\"cumulative\":1,\"lump\":false,\"new\":1}}}}");
	is(c, "totals.owners", "value", "{\"all\":1,\"models\":1}");
	is(c, "concentration.top200_share", "value", "{\"downloads\":1.0,\"downloads_all_time\":null}");
	is(c, "concentration.top200_share", "why", "\"the Hub served no downloadsAllTime for models\"");
	is(c, "concentration.gini", "value", "{\"models\":{\"downloads\":0.0,\"downloads_all_time\":null}}");
	is(c, "growth.top", "value",
	   "{\"absolute\":{\"models\":{\"001\":{\"base\":0,\"new\":1,\"organisation\":\"owner\",\"ratio\":\"from "
	   "none\"}}}}");
	is(c, "gating", "value", "{\"models\":{\"disabled\":{\"absent\":1},\"gated\":{\"absent\":1}}}");
	is(c, "geography.share", "value",
	   "{\"downloads\":{\"2025\":{\"unclassified\":1.0},\"all\":{\"unclassified\":1.0}},\"downloads_all_time\":"
	   "null}");
	is(c, "geography.coverage", "value", "{\"downloads\":{\"2025\":0.0,\"all\":0.0},\"downloads_all_time\":null}");
	is(c, "geography.china_above_us", "value",
	   "{\"downloads\":{\"cumulative\":{\"first\":null,\"since\":null},\"monthly\":{\"first\":null,\"since\":null}}"
	   ","
	   "\"downloads_all_time\":{\"cumulative\":{\"first\":null,\"since\":null},\"monthly\":{\"first\":null,"
	   "\"since\":"
	   "null}}}");
	is(c, "engagement.weeks", "why", "\"the Hub served no downloadsAllTime for models\"");
	is(c, "categories.models", "value",
	   "{\"library\":{\"(none)\":{\"downloads\":5,\"downloads_all_time\":null,\"repositories\":1}},\"pipeline_"
	   "tag\":{\"(none)\":{\"downloads\":5,"
	   "\"downloads_all_time\":null,\"repositories\":1}}}");
	json_decref(c);
}

static void check_ties(void)
{
	json_t *c =
		census_of((struct population){ .n = 250, .created = 1740787200, .downloads = 4, .without_author = 1 });

	is(c, "concentration.top200_share", "value", "{\"downloads\":0.8,\"downloads_all_time\":null}");
	is(c, "concentration.gini", "value", "{\"models\":{\"downloads\":0.0,\"downloads_all_time\":null}}");
	is(c, "concentration.below", "value",
	   "{\"models\":{\"downloads\":{\"1\":0.0,\"10\":1.0,\"100\":1.0,\"1000\":1.0,\"200\":1.0},\"downloads_all_"
	   "time\":null}}");
	is(c, "totals.owners", "value", "{\"all\":0,\"models\":0}");
	is(c, "growth.top", "value", "{}");
	json_decref(c);
	c = census_of((struct population){ .n = 3, .created = 1740787200, .downloads = 0 });
	is(c, "concentration.top200_share", "value", "{\"downloads\":null,\"downloads_all_time\":null}");
	is(c, "concentration.sum", "value", "{\"models\":{\"downloads\":0,\"downloads_all_time\":null}}");
	is(c, "concentration.gini", "value", "{\"models\":{\"downloads\":null,\"downloads_all_time\":null}}");
	is(c, "geography.share", "value", "{\"downloads\":null,\"downloads_all_time\":null}");
	is(c, "geography.coverage", "why", "\"no model has any downloads\"");
	is(c, "sector.share", "status", "\"partial\"");
	json_decref(c);
	c = census_of((struct population){ .n = 3, .created = 1740787200, .downloads = INT64_MAX });
	is(c, "geography.coverage", "value", "{\"downloads\":{\"2025\":0.0,\"all\":0.0},\"downloads_all_time\":null}");
	is(c, "concentration.sum", "value", "{\"models\":{\"downloads\":null,\"downloads_all_time\":null}}");
	is(c, "concentration.top200_share", "value", "{\"downloads\":1.0,\"downloads_all_time\":null}");
	json_decref(c);
}

static void check_time(void)
{
	json_t *c = census_of((struct population){ .n = 2, .created = GEN_FIRST, .downloads = 1 });

	is(c, "totals.by_period", "value",
	   "{\"models\":{\"day\":{\"2022-03-02\":{\"cumulative\":2,\"lump\":true,\"new\":2}},\"month\":{\"2022-03\":{"
	   "\"cumulative\":2,\"lump\":true,"
	   "\"new\":2}},\"year\":{\"2022\":{\"cumulative\":2,\"lump\":true,\"new\":2}}}}");
	is(c, "growth.orgs_monthly", "value", "{}");
	json_decref(c);
	c = census_of((struct population){ .n = 2, .created = GEN_T0, .downloads = 1 });
	is(c, "totals.models", "value", "2");
	json_decref(c);
	c = census_of((struct population){ .n = 2, .created = GEN_T0 + 1, .downloads = 1 });
	is(c, "totals.models", "value", "0");
	json_decref(c);
	c = census_of((struct population){ .n = 1, .created = 0, .downloads = 1 });
	is(c, "totals.models", "value", "1");
	json_decref(c);
}

static void check_gaps(void)
{
	int64_t half = ((int64_t)GEN_T0 + 1646179200) / 2;
	json_t *c = census_of((struct population){
		.n = 1, .created = GEN_FIRST, .downloads = 1, .hole_lo = half, .hole_hi = GEN_T0 + 1 });

	is(c, "completeness", "value",
	   "{\"models\":{\"covered\":0.499999996,\"field_errors\":0,\"gaps\":1,\"hub_total\":null,\"quarantined\":0,"
	   "\"rows\":1,\"suspect_windows\":0}}");
	is(c, "totals.models", "status", "\"partial\"");
	is(c, "totals.models", "why", "\"parts of the Hub were not crawled: see completeness\"");
	json_decref(c);
	c = census_of((struct population){ .n = 1, .created = GEN_FIRST, .downloads = 1, .suspect = 1 });
	is(c, "completeness", "value",
	   "{\"models\":{\"covered\":1.0,\"field_errors\":0,\"gaps\":0,\"hub_total\":null,\"quarantined\":0,\"rows\":1,"
	   "\"suspect_windows\":1}}");
	json_decref(c);
}

int main(int argc, char **argv)
{
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	scratch_make(root);
	check_none();
	check_one();
	check_ties();
	check_time();
	check_gaps();
	scratch_remove(root);
	return tap_finalize();
}
