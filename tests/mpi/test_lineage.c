// SPDX-License-Identifier: Apache-2.0
/* Families through the whole reduce: what edges lead where, cycles, former names, and random populations against a
 * naive closure. */
#include <jansson.h>

#include "reduce/families.h"
#include "tests/mpi/pipeline.h"
#include "tests/mpi/scratch.h"
#include "tests/mpi/shards.h"
#include "tests/mpi/tap_mpi.h"

static int rank, nranks;
static char root[256];
static int ncase;

/* A model: its _id ends in `number`, tags are divided by blanks, bases are numbers. */
struct model {
	int number;
	const char *id, *tags;
	int64_t parameters; /* 0: none */
	int nbase, base[4];
};

static struct oid oid_of(int number)
{
	struct oid o = oid_at(GEN_FIRST + 86400 + number);

	o.b[10] = (uint8_t)(number >> 8);
	o.b[11] = (uint8_t)number;
	return o;
}

static int put_model(struct table *t, const struct model *m)
{
	int rc = table_begin_row(t);

	table_set_oid(t, F_OID, oid_of(m->number));
	rc |= table_set_text(t, F_ID, m->id, strlen(m->id));
	table_set_i64(t, F_OBSERVED, GEN_T0);
	table_set_i64(t, F_DOWNLOADS, m->number);
	if (m->parameters)
		table_set_i64(t, F_PARAMETERS, m->parameters);
	for (const char *s = m->tags; *s;) {
		size_t n = strcspn(s, " ");

		rc |= table_add_element(t, F_TAGS, s, n);
		s += n + (s[n] == ' ');
	}
	for (int i = 0; i < m->nbase; i++) {
		char hex[OID_HEX + 1];

		rc |= table_add_element(t, F_BASES, oid_hex(oid_of(m->base[i]), hex), OID_HEX);
	}
	table_end_row(t);
	return rc;
}

static int write_models(const struct model *m, int n, unsigned kinds, const char *dir, struct err *e)
{
	struct snapshot snap = { .t0 = GEN_T0, .fields = (1u << NFIELDS) - 1, .kinds = kinds };
	struct shard_piece p = { .span = { OID_MIN, oid_prev(oid_at(GEN_T0 + 1)) } };
	struct shard s;
	int rc;

	strcpy(snap.hub, "http://hub.example");
	if ((rc = snapshot_create(&snap, dir, NULL, e)))
		return rc;
	shard_init(&s, kinds & 1 ? KIND_MODELS : KIND_DATASETS, snap.id, 0, 1);
	for (int i = 0; i < n; i++)
		rc |= put_model(&s.rows, &m[i]);
	rc |= shard_add_piece(&s, &p);
	rc = rc ? err_set(e, E_NOMEM, "no memory") : gen_seal(&s, dir, e);
	shard_release(&s);
	return rc;
}

/* The figures of a census of these models; NULL on ranks other than 0. */
static json_t *figures_of(const struct model *m, int n, unsigned kinds)
{
	struct err e = ERR_INIT;
	char dir[300], *text = NULL;
	json_t *j, *figures;
	int rc = E_OK;

	snprintf(dir, sizeof dir, "%s/%d", root, ncase++);
	if (rank == 0)
		rc = write_models(m, n, kinds, dir, &e);
	rc = err_agree(MPI_COMM_WORLD, rc, &e);
	if (rc || pipeline(MPI_COMM_WORLD, dir, NULL, &text, &e))
		ok_all(MPI_COMM_WORLD, 0, e.text);
	j = text ? json_loads(text, 0, NULL) : NULL;
	figures = json_incref(json_object_get(j, "figures"));
	json_decref(j);
	free(text);
	return figures;
}

/* Does figure/value/path read so? Holds on all ranks if on rank 0. path: NULL, or one key. */
static void is(const json_t *figures, const char *key, const char *path, const char *want)
{
	json_t *x = json_object_get(json_object_get(figures, key), "value");
	char *got, name[1024];

	if (path)
		x = json_object_get(x, path);
	got = x ? json_dumps(x, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
		: strdup("nothing");
	snprintf(name, sizeof name, "%s %s is %s", key, path ? path : "", want);
	if (!ok_all(MPI_COMM_WORLD, rank != 0 || !strcmp(got, want), name) && rank == 0)
		diag("got %s", got);
	free(got);
}

static void check_none(void)
{
	static const struct model one = { .number = 1,
					  .id = "a/b",
					  .tags = "x base_model:a/b base_model:finetune:A/B" };
	json_t *f = figures_of(NULL, 0, 1);

	is(f, "lineage.derivatives", NULL, "{}");
	is(f, "lineage.depth", NULL, "{}");
	is(f, "lineage.orphans", NULL, "0");
	is(f, "size.buckets", NULL, "{}");
	is(f, "size.mean_downloaded", NULL, "{}");
	json_decref(f);
	f = figures_of(NULL, 0, 2);
	is(f, "lineage.derivatives", NULL, "nothing");
	is(f, "size.buckets", NULL, "nothing");
	json_decref(f);
	f = figures_of(&one, 1, 1);
	is(f, "lineage.derivatives", "a",
	   "{\"adapter\":0,\"all\":1,\"all_by_others\":0,\"direct\":1,\"finetune\":1,\"merge\":0,\"named_by_tags\":0,"
	   "\"quantized\":0,\"unknown\":0}");
	is(f, "lineage.depth", NULL, "{\"0\":1}");
	is(f, "lineage.cycles", NULL, "{\"cycles\":0,\"itself\":1,\"repositories\":0}");
	is(f, "lineage.trees", NULL, "{}");
	json_decref(f);
}

/* Every way to tell a base. */
static void check_edges(void)
{
	static const struct model m[] = {
		{ .number = 1, .id = "Org/Base-7B", .tags = "org2", .parameters = 7100000000 },
		{ .number = 2, .id = "u/by-tag", .tags = "base_model:finetune:org/base-7b base_model:org/base-7b" },
		{ .number = 3, .id = "u/by-id", .tags = "", .nbase = 1, .base = { 1 } },
		{ .number = 4,
		  .id = "u/by-both-4B",
		  .tags = "base_model:quantized:Org/Base-7B",
		  .nbase = 1,
		  .base = { 1 } },
		/* Org/Base-7B was called Old/Name: number 5 tells, number 6 profits. */
		{ .number = 5, .id = "u/renamed", .tags = "base_model:adapter:Old/Name", .nbase = 1, .base = { 1 } },
		{ .number = 6, .id = "u/renamed-too", .tags = "base_model:merge:old/name base_model:merge:gone/x" },
		/* Not in the census: by name; by an _id that has a name; by an _id alone. */
		{ .number = 7, .id = "u/orphan", .tags = "base_model:Gone/X", .nbase = 1, .base = { 99 } },
		{ .number = 8, .id = "u/nameless", .tags = "", .nbase = 1, .base = { 98 } },
		/* Two that differ in case are one. */
		{ .number = 9, .id = "u/Pair", .tags = "base_model:finetune:u/by-tag" },
		{ .number = 10, .id = "u/pair", .tags = "base_model:finetune:u/by-tag" },
		{ .number = 11, .id = "org/own", .tags = "base_model:adapter:u/PAIR" },
		/* Merely named. */
		{ .number = 12, .id = "v/named", .tags = "my-ORG3_moe" },
		{ .number = 13, .id = "v/not-named", .tags = "organ license:org dataset:org/x xorg" },
		{ .number = 14, .id = "nobody", .tags = "base_model:no-slash" },
	};
	json_t *f = figures_of(m, (int)(sizeof m / sizeof *m), 1);

	is(f, "lineage.derivatives", "org",
	   "{\"adapter\":1,\"all\":7,\"all_by_others\":6,\"direct\":5,\"finetune\":1,\"merge\":1,\"named_by_tags\":1,"
	   "\"quantized\":1,\"unknown\":1}");
	is(f, "lineage.derivatives", "u",
	   "{\"adapter\":1,\"all\":2,\"all_by_others\":1,\"direct\":2,\"finetune\":1,\"merge\":0,\"named_by_tags\":0,"
	   "\"quantized\":0,\"unknown\":0}");
	is(f, "lineage.derivatives", "gone",
	   "{\"adapter\":0,\"all\":2,\"all_by_others\":2,\"direct\":2,\"finetune\":0,\"merge\":1,\"named_by_tags\":0,"
	   "\"quantized\":0,\"unknown\":1}");
	is(f, "lineage.derivatives", "old", "nothing");
	is(f, "lineage.edges", NULL, "{\"by_both\":2,\"by_id\":2,\"by_tag\":7,\"renamed\":1,\"to_itself\":0}");
	is(f, "lineage.orphans", NULL, "3");
	is(f, "lineage.depth", NULL, "{\"0\":3,\"1\":8,\"2\":1,\"3\":1}");
	is(f, "lineage.trees", "org/base-7b", "{\"all\":7,\"in_census\":true}");
	is(f, "lineage.trees", "gone/x", "{\"all\":2,\"in_census\":false}");
	is(f, "size.buckets", "1-9B",
	   "{\"downloads\":5,\"downloads_per_repository\":2.5,\"median_top10\":1,\"repositories\":2,\"sources\":{"
	   "\"base\":1,"
	   "\"safetensors\":1}}");
	json_decref(f);
}

static void check_cycles(void)
{
	static const struct model m[] = {
		{ .number = 1, .id = "a/1", .tags = "base_model:b/2" },
		{ .number = 2, .id = "b/2", .tags = "base_model:c/3" },
		{ .number = 3, .id = "c/3", .tags = "base_model:a/1" },
		{ .number = 4, .id = "d/4", .tags = "base_model:c/3" },
		/* Below a root. */
		{ .number = 5, .id = "e/5", .tags = "" },
		{ .number = 6, .id = "e/6", .tags = "base_model:e/5 base_model:e/7" },
		{ .number = 7, .id = "e/7", .tags = "base_model:e/6" },
	};
	json_t *f = figures_of(m, (int)(sizeof m / sizeof *m), 1);

	is(f, "lineage.cycles", NULL, "{\"cycles\":2,\"itself\":0,\"repositories\":5}");
	for (int i = 0; i < 3; i++)
		is(f, "lineage.derivatives", (const char *const[]){ "a", "b", "c" }[i],
		   i == 2 ? "{\"adapter\":0,\"all\":4,\"all_by_others\":3,\"direct\":2,\"finetune\":0,\"merge\":0,"
			    "\"named_by_tags\":0,\"quantized\":0,\"unknown\":2}"
			  : "{\"adapter\":0,\"all\":4,\"all_by_others\":3,\"direct\":1,\"finetune\":0,\"merge\":0,"
			    "\"named_by_tags\":0,\"quantized\":0,\"unknown\":1}");
	is(f, "lineage.trees", NULL, "{\"e/5\":{\"all\":2,\"in_census\":true}}");
	json_decref(f);
}

/* ---- Random populations */

#define NMODEL 150
#define NSPACE 8

enum way { BY_TAG, BY_ID, BY_BOTH, BY_OLD_NAME_AND_ID, BY_OLD_NAME, NWAYS };

struct draw {
	struct model m[NMODEL];
	char id[NMODEL][32], tags[NMODEL][512];
	int nbase[NMODEL], base[NMODEL][3];
	enum way way[NMODEL][3];
	int known[NMODEL]; /* the former name is known */
};

static void add_tag(struct draw *d, int i, const char *prefix, int b)
{
	size_t n = strlen(d->tags[i]);

	snprintf(d->tags[i] + n, sizeof d->tags[i] - n, "%sbase_model:%s%d/M%d", n ? " " : "", prefix, b % NSPACE, b);
}

static void draw_model(struct draw *d, int i)
{
	d->nbase[i] = rand() % 4 < 3 ? rand() % 3 : 0;
	for (int k = 0; k < d->nbase[i]; k++) {
		int b = d->base[i][k] = rand() % 10 ? rand() % (i + 1) : rand() % NMODEL, again = 0;
		enum way w = (enum way)(rand() % NWAYS);

		for (int j = 0; j < k; j++)
			again |= d->base[i][j] == b;
		/* What is left over when a row tells several bases in different ways says nothing about names. */
		if (d->nbase[i] > 1 && w != BY_OLD_NAME && w != BY_TAG)
			w = BY_BOTH;
		if (again) {
			d->nbase[i] = k;
			break;
		}
		d->way[i][k] = w;
		if (w == BY_TAG || w == BY_BOTH)
			add_tag(d, i, "S", b);
		else if (w != BY_ID)
			add_tag(d, i, "old", b);
		if (w == BY_ID || w == BY_BOTH || w == BY_OLD_NAME_AND_ID)
			d->m[i].base[d->m[i].nbase++] = b;
		d->known[b] |= w == BY_OLD_NAME_AND_ID;
	}
}

static void draw_all(struct draw *d)
{
	memset(d, 0, sizeof *d);
	for (int i = 0; i < NMODEL; i++) {
		snprintf(d->id[i], sizeof d->id[i], "s%d/m%d", i % NSPACE, i);
		d->m[i] = (struct model){ .number = i, .id = d->id[i], .tags = d->tags[i] };
		draw_model(d, i);
	}
}

/* up[i][b]: b is upstream of i, for families of present names; old ones are orphans. */
static void close_up(const struct draw *d, uint8_t up[NMODEL][NMODEL])
{
	memset(up, 0, (size_t)NMODEL * NMODEL);
	for (int i = 0; i < NMODEL; i++)
		for (int k = 0; k < d->nbase[i]; k++)
			up[i][d->base[i][k]] = d->way[i][k] != BY_OLD_NAME || d->known[d->base[i][k]];
	for (int k = 0; k < NMODEL; k++)
		for (int i = 0; i < NMODEL; i++)
			for (int j = 0; j < NMODEL && up[i][k]; j++)
				up[i][j] |= up[k][j];
}

static int64_t count_of(const json_t *figures, const char *space, const char *count)
{
	json_t *x = json_object_get(json_object_get(figures, "lineage.derivatives"), "value");

	return json_integer_value(json_object_get(json_object_get(x, space), count));
}

static int differs(const struct draw *d, const json_t *figures)
{
	static uint8_t up[NMODEL][NMODEL];
	int bad = 0;

	close_up(d, up);
	for (int s = 0; s < NSPACE; s++) {
		int64_t direct = 0, all = 0, others = 0;
		char space[16];

		for (int i = 0; i < NMODEL; i++) {
			int is_direct = 0, is_in = 0;

			for (int k = 0; k < d->nbase[i]; k++)
				is_direct |= d->base[i][k] % NSPACE == s &&
					     (d->way[i][k] != BY_OLD_NAME || d->known[d->base[i][k]]);
			for (int b = s; b < NMODEL; b += NSPACE)
				is_in |= up[i][b];
			direct += is_direct;
			all += is_in;
			others += is_in && i % NSPACE != s;
		}
		snprintf(space, sizeof space, "s%d", s);
		bad |= count_of(figures, space, "direct") != direct || count_of(figures, space, "all") != all ||
		       count_of(figures, space, "all_by_others") != others;
	}
	return bad;
}

static void check_random(void)
{
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : 4;
	char name[128];
	int bad = 0;

	srand(seed);
	for (int round = 0; round < 6; round++) {
		static struct draw d;
		json_t *f;

		draw_all(&d);
		f = figures_of(d.m, NMODEL, 1);
		bad += rank == 0 && differs(&d, f);
		json_decref(f);
	}
	snprintf(name, sizeof name, "6 random populations, seed %u", seed);
	ok_all(MPI_COMM_WORLD, bad == 0, name);
}

/* ---- Words */

static void check_words(void)
{
	static const struct {
		const char *tag, *space;
		int want;
	} c[] = {
		{ "qwen", "qwen", 1 },
		{ "Qwen3_moe", "qwen", 1 },
		{ "my-qwen2.5", "qwen", 1 },
		{ "qwenlike", "qwen", 0 },
		{ "aqwen", "qwen", 0 },
		{ "2qwen", "qwen", 0 },
		{ "dataset:qwen/x", "qwen", 0 },
		{ "meta-llama", "meta-llama", 1 },
		{ "llama", "meta-llama", 0 },
		{ "", "qwen", 0 },
		{ "qwe", "qwen", 0 },
		{ "xqwen qwen", "qwen", 1 },
		{ "\xc3\xa9qwen", "qwen", 0 },
		{ "qwen\xc3\xa9", "qwen", 0 },
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char name[128];

		snprintf(name, sizeof name, "tag '%s' %s '%s'", c[i].tag, c[i].want ? "names" : "does not name",
			 c[i].space);
		ok_all(MPI_COMM_WORLD,
		       families_is_named(c[i].tag, strlen(c[i].tag), c[i].space, strlen(c[i].space)) == c[i].want,
		       name);
	}
}

int main(int argc, char **argv)
{

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &nranks);
	scratch_make(root);
	check_words();
	check_none();
	check_edges();
	check_cycles();
	check_random();
	scratch_remove(root);
	return tap_finalize();
}
