/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/torture/parts.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/page.h"
#include "crawler/roll.h"
#include "io/h5in.h"
#include "io/h5known.h"
#include "io/h5out.h"
#include "io/json.h"
#include "io/metrics.h"
#include "io/pseudonym.h"
#include "io/snapshot.h"
#include "io/users_end.h"

char torture_dir[128];

int torture_wrong(struct err *e, const char *what)
{
	return err_set(e, E_BUG, "%s", what);
}

static const char *in_dir(char path[192], const char *name)
{
	snprintf(path, 192, "%s/%s", torture_dir, name);
	return path;
}

static int is_there(const char *name)
{
	struct stat st;
	char path[192];

	return !stat(in_dir(path, name), &st);
}

/* --- an earlier census --- */

#define NROW  40
#define WIDTH 32

/* Columns of text, n cells of `width` bytes. */
static void text(struct h5out *out, const char *path, uint32_t width, const char *cells, uint64_t n, struct err *e)
{
	struct h5out_spec s = { path, H5OUT_TEXT, width, "a text", "1", NULL, "empty string", NULL };

	h5out_column(out, &s, cells, n, e);
}

static void put_rows(struct h5out *out, struct err *e)
{
	static const struct h5out_spec
		downloads = { "/models/downloads", H5OUT_I64, 0, "a number", "1", "n", "-1", NULL },
		type = { "/users/type", H5OUT_I8, 0, "a type", "1", "n", "0", NULL };
	char oid[NROW][OID_HEX], id[NROW][WIDTH] = { { 0 } }, name[NROW][WIDTH] = { { 0 } }, hex[OID_HEX + 1];
	int64_t x[NROW];
	int8_t t[NROW];

	for (int i = 0; i < NROW; i++) {
		memcpy(oid[i], oid_hex(oid_at(1000 + i), hex), OID_HEX);
		snprintf(id[i], WIDTH, "owner/name-%d", i);
		snprintf(name[i], WIDTH, "user-%d", i);
		x[i] = i;
		t[i] = ACCOUNT_USER;
	}
	text(out, "/models/_id", OID_HEX, oid[0], NROW, e);
	text(out, "/models/id", WIDTH, id[0], NROW, e);
	h5out_column(out, &downloads, x, NROW, e);
	h5out_attr_i64(out, "/models", "rows", NROW, e);
	text(out, "/users/name", WIDTH, name[0], NROW, e);
	text(out, "/users/_id", OID_HEX, oid[0], NROW, e);
	h5out_column(out, &type, t, NROW, e);
}

/* Of the windows one was not crawled, of the refusals one is a whole record. */
static void put_gaps(struct h5out *out, struct err *e)
{
	char kind[2][16] = { "models", "models" }, state[2][16] = { "covered", "missing" },
	     field[2][WIDTH] = { "downloads", "" }, lo[2][OID_HEX], hi[2][OID_HEX], hex[OID_HEX + 1];

	for (int i = 0; i < 2; i++) {
		memcpy(lo[i], oid_hex(oid_at(2000 + 10 * i), hex), OID_HEX);
		memcpy(hi[i], oid_hex(oid_at(2010 + 10 * i), hex), OID_HEX);
	}
	text(out, "/windows/kind", 16, kind[0], 2, e);
	text(out, "/windows/lo", OID_HEX, lo[0], 2, e);
	text(out, "/windows/hi", OID_HEX, hi[0], 2, e);
	text(out, "/windows/state", 16, state[0], 2, e);
	text(out, "/quarantine/kind", 16, kind[0], 2, e);
	text(out, "/quarantine/_id", OID_HEX, lo[0], 2, e);
	text(out, "/quarantine/field", WIDTH, field[0], 2, e);
}

int torture_earlier(struct err *e)
{
	struct h5out *out;
	char path[192];

	if (is_there("earlier.h5"))
		return E_OK;
	if (h5out_create(&out, MPI_COMM_SELF, in_dir(path, "earlier.h5"), "census", e))
		return e->code;
	h5out_attr_i64(out, "/", "schema", SNAPSHOT_SCHEMA, e);
	h5out_attr_text(out, "/", "hub", "https://hub.example", e);
	h5out_attr_text(out, "/", "t0", "2026-01-01T00:00:00Z", e);
	h5out_attr_text(out, "/", "version", "1", e);
	h5out_attr_text(out, "/", "filters", "{}", e);
	h5out_attr_i64(out, "/", "complete", 1, e);
	put_rows(out, e);
	put_gaps(out, e);
	return h5out_close(&out, 1, e);
}

void torture_forget(void)
{
	char path[192];

	unlink(in_dir(path, "earlier.h5"));
}

static int name_holds(const struct texts *t, uint64_t i, int row)
{
	char want[WIDTH];
	int nwant = snprintf(want, sizeof want, "owner/name-%d", row);
	size_t n;
	const char *s;

	if (!t->off || i >= t->n)
		return 0;
	s = texts_get(t, i, &n);
	return n == (size_t)nwant && !memcmp(s, want, n);
}

/* In two slices, as two ranks do it. */
static void read_rows(struct h5in *in, struct err *e)
{
	struct oid oid[NROW] = { OID_MIN };
	struct texts id[2] = { { 0 } };
	int64_t downloads[NROW] = { 0 }, likes[NROW] = { 0 };
	const uint64_t half = NROW / 2;
	int good = 1;

	for (uint64_t i = 0; i < 2 && !e->code; i++)
		if (!h5in_oids(in, KIND_MODELS, i * half, half, oid + i * half, e) &&
		    !h5in_ids(in, KIND_MODELS, i * half, half, &id[i], e) &&
		    !h5in_counter(in, KIND_MODELS, F_DOWNLOADS, i * half, half, downloads + i * half, e))
			h5in_counter(in, KIND_MODELS, F_LIKES, i * half, half, likes + i * half, e);
	for (uint64_t i = 0; i < NROW && !e->code; i++)
		good = good && !oid_cmp(oid[i], oid_at(1000 + (int64_t)i)) &&
		       name_holds(&id[i / half], i % half, (int)i) && downloads[i] == (int64_t)i && likes[i] == -1;
	if (!e->code && !good)
		torture_wrong(e, "an earlier census is not what was written");
	texts_release(&id[0]);
	texts_release(&id[1]);
}

static void read_gaps(struct h5in *in, struct err *e)
{
	struct cover hole[NKINDS] = { COVER_INIT, COVER_INIT, COVER_INIT };
	struct oid *lost[NKINDS] = { NULL };
	uint64_t nlost[NKINDS] = { 0 };

	if (!h5in_holes(in, hole, e) && !h5in_lost(in, lost, nlost, e) &&
	    (hole[KIND_MODELS].n != 1 || nlost[KIND_MODELS] != 1 || nlost[KIND_SPACES] ||
	     oid_cmp(lost[KIND_MODELS][0], oid_at(2010))))
		torture_wrong(e, "what an earlier census lacks is not what was written");
	for (int k = 0; k < NKINDS; k++) {
		cover_release(&hole[k]);
		free(lost[k]);
	}
}

int torture_read_earlier(struct err *e)
{
	struct h5in_head head;
	struct h5in *in;
	char path[192];

	h5in_open(&in, in_dir(path, "earlier.h5"), 1, &head, e);
	if (!e->code && (head.kinds != 1 || head.nrows[KIND_MODELS] != NROW || strcmp(head.filters, "{}") ||
			 strcmp(head.hub, "https://hub.example") || head.complete != 1))
		torture_wrong(e, "the head of an earlier census is not what was written");
	if (!e->code)
		read_rows(in, e);
	if (!e->code)
		read_gaps(in, e);
	h5in_close(&in);
	return e->code;
}

/* Counts who is as was written. */
static int take(void *arg, const char *name, size_t n, struct oid oid, enum account_type type)
{
	char want[WIDTH];
	int *i = arg, nwant = snprintf(want, sizeof want, "user-%d", *i);

	*i += n == (size_t)nwant && !memcmp(name, want, n) && !oid_cmp(oid, oid_at(1000 + *i)) && type == ACCOUNT_USER;
	return 0;
}

int torture_read_known(struct err *e)
{
	char path[192];
	int n = 0;

	known_check(in_dir(path, "earlier.h5"), e);
	for (int part = 0; part < 2 && !e->code; part++)
		known_read(path, part, 2, take, &n, e);
	if (!e->code && n != NROW)
		torture_wrong(e, "the accounts of an earlier census are not what was written");
	return e->code;
}

/* --- small files --- */

int torture_users_end(struct err *e)
{
	const struct users_end x = { .ending = END_ALL, .requests = 5, .accounts = 300, .pages = 7, .rows = 11 };

	return users_end_write(&x, torture_dir, e);
}

int torture_reopen(struct err *e)
{
	struct users_end back, open;

	if (users_end_read(&back, torture_dir, e) || users_end_reopen(torture_dir, e) ||
	    users_end_read(&open, torture_dir, e))
		return e->code;
	if (back.ending != END_ALL || back.requests != 5 || back.accounts != 300 || back.pages != 7 ||
	    back.given_up != 0 || back.rows != 11 || open.ending != END_NONE || open.requests != 5 || open.accounts)
		torture_wrong(e, "users.json is not what was written");
	return e->code;
}

int torture_pseudonym(struct err *e)
{
	char a[PSEUDONYM_HEX], b[PSEUDONYM_HEX];
	struct pseudonym p, q;
	int was, is;

	if (pseudonym_open(&p, torture_dir, 1, &was, e) || pseudonym_open(&q, torture_dir, 0, &is, e))
		return e->code;
	if (pseudonym_of(&p, "Name", 4, a) || pseudonym_of(&q, "name", 4, b))
		return err_set(e, E_NOMEM, "no memory for a hash");
	if (was || !is || memcmp(p.key, q.key, sizeof p.key) || strcmp(p.id, q.id) || memcmp(a, b, sizeof a))
		torture_wrong(e, "a key is not what was written");
	return e->code;
}

static const char metrics_want[] = "# HELP a_seconds of a\n# TYPE a_seconds gauge\na_seconds 1.5\n"
				   "# HELP b_total of b\n# TYPE b_total counter\nb_total{kind=\"x\\\"y\"} 7\n";

int torture_metrics(struct err *e)
{
	struct metrics m;
	char path[192];

	metrics_begin(&m);
	metrics_value(&m, "a_seconds", METRICS_GAUGE, "of a", 1.5);
	metrics_family(&m, "b_total", METRICS_COUNTER, "of b");
	metrics_sample(&m, "b_total", "kind", "x\"y", 7);
	if (!metrics_write(&m, in_dir(path, "a.prom"), e) && !is_there("a.prom"))
		torture_wrong(e, "metrics were not written");
	return e->code;
}

static const char *metrics_tmp(void)
{
	static char name[64];

	snprintf(name, sizeof name, "a.prom.%ld.tmp", (long)getpid());
	return name;
}

/* One that is damaged, set aside where another of its name lies already. */
int torture_set_aside(struct err *e)
{
	char path[192], to[4200];

	for (int i = 0; i < 2 && !e->code; i++) {
		FILE *f = fopen(in_dir(path, "damaged.h5"), "w");

		if (!f)
			return torture_wrong(e, "cannot make a file");
		fprintf(f, "%d", i);
		fclose(f);
		shard_set_aside(path, to, e);
	}
	if (!e->code &&
	    (is_there("damaged.h5") || !is_there("damaged/damaged.h5") || !is_there("damaged/damaged.h5.1")))
		torture_wrong(e, "a file that was set aside has replaced another");
	return e->code;
}

/* --- pages that are cut --- */

#define NELEMENT 11
#define STEP     100000 /* each is by so much longer than the one before it: in all more than a parser keeps */

/* A list of which one element is no JSON, n bytes with their padding. */
static const char *broken_list(const char *key, const char *other, size_t *n)
{
	static char list[NELEMENT * (NELEMENT + 1) / 2 * STEP + NELEMENT * 200 + JS_PADDING];
	size_t at = 0;

	for (int i = 0; i < NELEMENT; i++) {
		char hex[OID_HEX + 1];

		at += (size_t)sprintf(list + at, "%s{\"_id\":\"%s\",\"%s\":\"%s-%d\",\"x\":%s,\"y\":\"", i ? "," : "[",
				      oid_hex(oid_at(1000 + i), hex), key, other, i, i == 3 ? "NaN" : "1");
		memset(list + at, 'y', (size_t)(i + 1) * STEP);
		at += (size_t)(i + 1) * STEP;
		at += (size_t)sprintf(list + at, "\"}");
	}
	list[at++] = ']';
	memset(list + at, 0, JS_PADDING);
	*n = at;
	return list;
}

int torture_cut_page(struct err *e)
{
	const struct page_ask ask = { .window = { KIND_MODELS, HUB_ASC, { oid_at(1), oid_at(2000) } },
				      .fields = 1u << F_OID | 1u << F_ID,
				      .flags = PAGE_SPLIT,
				      .t0 = 5000,
				      .observed = 5000 };
	struct page *p = page_create();
	struct page_result res;
	struct shard s;
	size_t n;
	const char *list = broken_list("id", "owner/name", &n);

	shard_init(&s, KIND_MODELS, "0123456789abcdef0123456789abcdef", 0, 99);
	if (!p)
		err_set(e, E_NOMEM, "no memory for pages");
	else if (page_take(p, list, n, &ask, &s, &res, e) && (s.rows.n || s.nrefusal > 1))
		torture_wrong(e, "rows of a page that could not be taken");
	else if (!e->code && (res.verdict != PAGE_TAKEN || res.rows != NELEMENT - 1 || res.refused != 1 ||
			      s.rows.n != NELEMENT - 1 || s.nrefusal != 1))
		torture_wrong(e, "a record is refused that is as it should be");
	shard_release(&s);
	page_free(p);
	return e->code;
}

int torture_cut_roll(struct err *e)
{
	struct roll *r = roll_create();
	struct roll_page p;
	size_t n;
	const char *list = broken_list("user", "name", &n);

	if (!r)
		err_set(e, E_NOMEM, "no memory for lists");
	else if (!roll_take(r, LIST_FOLLOWERS, ROLL_FORCE, list, n, 5000, &p, e) &&
		 (!p.is_page || p.nrow != NELEMENT - 1 || p.nrefused != 1))
		torture_wrong(e, "an account is refused that is as it should be");
	roll_free(r);
	return e->code;
}

/* --- what must hold --- */

static int has_content(const char *name, const char *want)
{
	char path[192], is[1024] = "";
	FILE *f = fopen(in_dir(path, name), "r");
	size_t n = f ? fread(is, 1, sizeof is - 1, f) : 0;

	if (f)
		fclose(f);
	return n == strlen(want) && !strcmp(is, want);
}

const char *torture_half(void)
{
	struct err e = ERR_INIT;
	struct users_end x;
	struct pseudonym p;
	int found;

	if (users_end_read(&x, torture_dir, &e))
		return "half a users.json";
	if (pseudonym_open(&p, torture_dir, 0, &found, &e))
		return "half a users.key";
	if (is_there("a.prom") && !has_content("a.prom", metrics_want))
		return "half a file of metrics";
	if (is_there(metrics_tmp()) || is_there("users.json.tmp") || is_there("users.key.tmp"))
		return "a file that was not to be stays";
	if (is_there("damaged/damaged.h5") && !has_content("damaged/damaged.h5", "0"))
		return "a file that was set aside is replaced";
	return NULL;
}

void torture_sweep(void)
{
	static const char *const names[] = { "users.json",           "users.json.tmp", "users.key",
					     "users.key.tmp",        "a.prom",         "damaged/damaged.h5",
					     "damaged/damaged.h5.1", "damaged.h5" };
	char path[192];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unlink(in_dir(path, names[i]));
	unlink(in_dir(path, metrics_tmp()));
	rmdir(in_dir(path, "damaged"));
}
