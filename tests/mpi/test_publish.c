// SPDX-License-Identifier: Apache-2.0
/* Who publishes what: bases on other ranks, owners that the table of organisations knows, ages. */
#include <errno.h>
#include <jansson.h>

#include "tests/mpi/pipeline.h"
#include "tests/mpi/scratch.h"
#include "tests/mpi/shards.h"
#include "tests/mpi/tap_mpi.h"

#define DAY       86400
#define BASE      "650000000000000000000001" /* 2023-09 */
#define OWNERLESS "650000000000000000000002"
#define MISSING   "650000000000000000000003"

static int rank;
static char root[256];

struct model {
	const char *oid; /* NULL: 100 days before t0, by number */
	const char *id, *tag, *tag2, *base;
	int64_t age_days, downloads, all_time;
};

static const struct model model[] = {
	{ BASE, "Maker/base", "text", NULL, NULL, 0, 100, 1000 },
	{ OWNERLESS, "gpt2", "text", NULL, NULL, 0, 0, 0 },
	/* Quantised: by the maker (by _id, by tag), by others (by _id, by tag, of a base without owner), by nobody, of
	 * an unknown base, of two bases. */
	{ NULL, "maker/base-4bit", "4-bit", NULL, BASE, 100, 1, 8 },
	{ NULL, "Maker/other-4bit", "4-bit", "base_model:quantized:MAKER/gone", NULL, 99, 1, 8 },
	{ NULL, "Other/base-4bit", "4-bit", NULL, BASE, 98, 1, 8 },
	{ NULL, "third/base-4bit", "4-BIT", "base_model:Maker/base", NULL, 97, 1, 8 },
	{ NULL, "fourth/gpt2-4bit", "4-bit", NULL, OWNERLESS, 96, 1, 8 },
	{ NULL, "anonymous-4bit", "4-bit", NULL, BASE, 95, 1, 8 },
	{ NULL, "fifth/unknown-4bit", "4-bit", NULL, MISSING, 94, 1, 8 },
	{ NULL, "sixth/base-4bit", "4-bit", "base_model:adapter:sixth/base", BASE, 93, 1, 8 },
	/* China and the United States, and ages. */
	{ NULL, "Qwen/a", "biology", "biology", NULL, 20, 700, 700 },
	{ NULL, "openai/b", "protein", "biology", NULL, 400, 100, 4000 },
	{ NULL, "Qwen/c", "robotics", NULL, NULL, 720, 200, 9000 },
};

#define NMODEL ((int)(sizeof model / sizeof *model))

static int put_model(struct table *t, int i)
{
	const struct model *m = &model[i];
	struct oid o = oid_at(GEN_T0 - m->age_days * DAY);
	int rc = table_begin_row(t);

	o.b[11] = (uint8_t)i;
	if (m->oid)
		rc |= oid_parse(&o, m->oid, OID_HEX);
	table_set_oid(t, F_OID, o);
	rc |= table_set_text(t, F_ID, m->id, strlen(m->id));
	rc |= table_add_element(t, F_TAGS, m->tag, strlen(m->tag));
	if (m->tag2)
		rc |= table_add_element(t, F_TAGS, m->tag2, strlen(m->tag2));
	if (m->base)
		rc |= table_add_element(t, F_BASES, m->base, strlen(m->base));
	table_set_i64(t, F_DOWNLOADS, m->downloads);
	table_set_i64(t, F_DOWNLOADS_ALL, m->all_time);
	table_set_i64(t, F_OBSERVED, GEN_T0);
	table_end_row(t);
	return rc;
}

static int write_models(const char *dir, struct err *e)
{
	struct snapshot snap = { .t0 = GEN_T0, .fields = (1u << NFIELDS) - 1, .kinds = 1 };
	struct shard_piece p = { .span = { OID_MIN, oid_prev(oid_at(GEN_T0 + 1)) } };
	struct shard s;
	int rc;

	strcpy(snap.hub, "http://hub.example");
	if ((rc = snapshot_create(&snap, dir, NULL, e)))
		return rc;
	shard_init(&s, KIND_MODELS, snap.id, 0, 1);
	for (int i = 0; i < NMODEL; i++)
		rc |= put_model(&s.rows, i);
	rc |= shard_add_piece(&s, &p);
	rc = rc ? err_set(e, E_NOMEM, "no memory") : gen_seal(&s, dir, e);
	shard_release(&s);
	return rc;
}

/* Does the value of a figure, or of what is in it, read so, as JSON? Holds on all ranks if on rank 0. */
static void is(const json_t *census, const char *key, const char *member, const char *want)
{
	json_t *x = json_object_get(json_object_get(json_object_get(json_object_get(census, "figures"), key), "value"),
				    member);
	char *got = x ? json_dumps(x, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
		      : strdup("nothing"),
	     name[512];
	int good = rank != 0 || !strcmp(got, want);

	snprintf(name, sizeof name, "%s %s is %s", key, member, want);
	if (!ok_all(MPI_COMM_WORLD, good, name) && rank == 0)
		diag("got %s", got);
	free(got);
}

static void check(const json_t *c)
{
	/* Seven of eight have a known base: two are the maker's own, and the sixth owns one of two. */
	is(c, "quantization", "4-bit", "{\"by_others_share\":0.571428571,\"repositories\":8}");
	is(c, "science", "biology", "{\"models\":2}");
	is(c, "science", "protein", "{\"models\":1}");
	is(c, "robotics", "robotics",
	   "{\"models\":{\"2024\":{\"cumulative\":1,\"new\":1},\"2025\":{\"cumulative\":1,\"new\":0},\"2026\":{"
	   "\"cumulative\":1,\"new\":0}}}");
	is(c, "geography.china_above_us", "downloads",
	   "{\"cumulative\":{\"first\":\"2024-01\",\"since\":\"2024-01\"},\"monthly\":{\"first\":\"2024-01\",\"since\":"
	   "null}}");
	/* The rate of a week is 7/30 of downloads by lifetime: highest in week 2, and the first below half of it is in
	 * week 13. */
	is(c, "engagement.weeks", "cross_section",
	   "{\"102\":{\"downloads\":200,\"downloads_all_time\":9000,\"rate\":0.005185185,\"repositories\":1},"
	   "\"13\":{\"downloads\":5,\"downloads_all_time\":40,\"rate\":0.029166667,\"repositories\":5},"
	   "\"14\":{\"downloads\":3,\"downloads_all_time\":24,\"rate\":0.029166667,\"repositories\":3},"
	   "\"2\":{\"downloads\":700,\"downloads_all_time\":700,\"rate\":0.233333333,\"repositories\":1},"
	   "\"57\":{\"downloads\":100,\"downloads_all_time\":4000,\"rate\":0.005833333,\"repositories\":1}}");
	is(c, "engagement.half_peak", "cross_section",
	   "{\"peak_repositories\":1,\"peak_week\":2,\"repositories\":5,\"week\":13}");
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	char *text = NULL;
	json_t *c;
	int rc = E_OK;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	scratch_make(root);
	if (rank == 0)
		rc = write_models(root, &e);
	rc = err_agree(MPI_COMM_WORLD, rc, &e);
	if (rc || pipeline(MPI_COMM_WORLD, root, NULL, &text, &e))
		ok_all(MPI_COMM_WORLD, 0, e.text);
	c = text ? json_loads(text, 0, NULL) : NULL;
	free(text);
	check(c);
	json_decref(c);
	scratch_remove(root);
	return tap_finalize();
}
