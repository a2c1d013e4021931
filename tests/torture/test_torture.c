/* SPDX-License-Identifier: Apache-2.0 */
/* Every part of io/ under torture: the k-th fallible call fails on one rank, for every k until a run is clean.
 *
 * Whatever k: the call says so or has done its work; every rank has the same error; nothing under a final name is half;
 * no memory, file or id of HDF5 stays behind; and the next try, without a failure, succeeds. A hang ends by alarm().
 *
 *     test_torture [STRIDE [PART]]     only every STRIDE-th k of a part of many calls, for a short run; only the part
 *                                      of that number
 */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/agree.h"
#include "io/cover.h"
#include "io/h5accounts.h"
#include "io/h5out.h"
#include "io/h5shard.h"
#include "io/json.h"
#include "io/opts.h"
#include "io/snapshot.h"
#include "io/warc.h"
#include "tests/mpi/tap_mpi.h"
#include "tests/torture/parts.h"
#include "tests/torture/torture.h"

#define ID     "0123456789abcdef0123456789abcdef"
#define HANG_S 240
#define FEW    28 /* calls */

static MPI_Comm comm = MPI_COMM_WORLD;
static int rank, size;
static char top[64], *const dir = torture_dir;

/* --- the parts --- */

static int fill(struct shard *s, int n)
{
	struct shard_piece p = { { oid_at(1000), oid_at(2000) }, 0, 3, n, 50, 60, (char *)"cursor==" };
	int rc = 0;

	for (int i = 0; i < n && !rc; i++) {
		rc = table_begin_row(&s->rows);
		if (rc)
			break;
		table_set_oid(&s->rows, F_OID, oid_at(1001 + i));
		table_set_i64(&s->rows, F_DOWNLOADS, i);
		rc = table_set_text(&s->rows, F_ID, "owner/name", 10) ||
		     table_set_label(&s->rows, F_GATED, i % 2 ? "auto" : "false", i % 2 ? 4 : 5) ||
		     table_add_element(&s->rows, F_TAGS, "region:us", 9);
		table_end_row(&s->rows);
	}
	return rc || shard_add_piece(s, &p) ||
	       shard_add_refusal(s, F_DOWNLOADS, 55, oid_at(7), "negative", "{\"downloads\":-1}", 16);
}

static int seal(struct err *e)
{
	struct shard s;
	int rc;

	shard_init(&s, KIND_DATASETS, ID, rank, 99);
	rc = fill(&s, 300) ? err_set(e, E_NOMEM, "no memory for rows") : E_OK;
	if (!rc && (rc = shard_seal(&s, dir, e)) && (s.rows.n != 300 || s.npiece != 1 || s.nrefusal != 1))
		rc = torture_wrong(e, "what could not be sealed is lost");
	shard_release(&s);
	return rc;
}

static int is_whole(const struct shard *s, uint64_t nrows)
{
	return nrows == 300 && s->rows.n == 300 && s->rows.col[F_DOWNLOADS].i64[299] == 299 && s->npiece == 1 &&
	       s->piece[0].next && !strcmp(s->piece[0].next, "cursor==") && s->nrefusal == 1 &&
	       s->counter[CNT_SHARDS] == 1;
}

static int read_shards(struct err *e)
{
	struct shard_list l = { NULL, 0 };
	struct table all;
	uint64_t nrows;
	int rc = shard_list(&l, dir, e);

	table_init(&all, KIND_DATASETS);
	if (!rc && l.n != 1)
		rc = torture_wrong(e, "a shard is not listed");
	for (size_t i = 0; i < l.n && !rc; i++) {
		struct shard s;

		rc = shard_read(&s, l.path[i], ID, 1, &nrows, e);
		if (!rc && !is_whole(&s, nrows))
			rc = torture_wrong(e, "a shard is not what was written");
		if (!rc && table_append(&all, &s.rows, 0, nrows))
			rc = err_set(e, E_NOMEM, "no memory for rows");
		shard_release(&s);
	}
	table_release(&all);
	shard_list_release(&l);
	return rc;
}

#define KEY_ID "00112233445566778899aabbccddeeff"

static int fill_accounts(struct account_shard *s)
{
	struct account_list_row more = { LIST_FOLLOWERS, LIST_MORE, 3, 1500, 1790000000 };
	int rc = 0;

	for (int i = 0; i < 300 && !rc; i++) {
		struct account a = { oid_at(1000 + i), i, 1790000000, 1 << SOURCE_LIKER, ACCOUNT_USER, 0, 0 };
		char name[16];
		int n = snprintf(name, sizeof name, "user-%d", i);

		rc = account_shard_add(s, &a, name, (size_t)n);
		sketch_add(&s->sketch, name, (size_t)n);
	}
	return rc || account_shard_add_list(s, &more, "user-7", 6, "cursor", 6) ||
	       account_shard_add_refusal(s, "no name", "{}", 2);
}

static int seal_accounts(struct err *e)
{
	struct account_shard s;
	int rc;

	account_shard_init(&s, ID, rank, 99, KEY_ID);
	rc = fill_accounts(&s) ? err_set(e, E_NOMEM, "no memory for accounts") : E_OK;
	if (!rc && (rc = account_shard_seal(&s, dir, e)) && (s.n != 300 || s.nlist != 1 || s.counter[CNT_SHARDS] > 1))
		rc = torture_wrong(e, "accounts that could not be sealed are lost");
	account_shard_release(&s);
	return rc;
}

static int has_accounts(const struct account_shard *s)
{
	size_t n = 0;

	return s->n == 300 && s->row[299].followers == 299 && s->name.n == 300 &&
	       !memcmp(texts_get(&s->name, 299, &n), "user-299", 8) && s->nlist == 1 && s->list[0].pages == 3 &&
	       s->why.n == 1 && s->counter[CNT_SHARDS] == 1 && sketch_estimate(&s->sketch) > 250;
}

static int read_accounts(struct err *e)
{
	struct shard_list l = { NULL, 0 };
	int rc = account_shard_list(&l, dir, e);

	if (!rc && l.n != 1)
		rc = torture_wrong(e, "a shard of accounts is not listed");
	for (size_t i = 0; i < l.n && !rc; i++) {
		struct account_shard s;

		rc = account_shard_read(&s, l.path[i], ID, e);
		if (!rc && !has_accounts(&s))
			rc = torture_wrong(e, "a shard of accounts is not what was written");
		account_shard_release(&s);
	}
	shard_list_release(&l);
	return rc;
}

static int begin_snapshot(struct err *e)
{
	struct snapshot s = { .kinds = 7, .fields = 3, .t0 = 1790000000 }, back;
	int found, lock = -1, rc;

	snprintf(s.hub, sizeof s.hub, "https://hub.example");
	s.ntag = 1;
	snprintf(s.tag[0], sizeof s.tag[0], "a tag");
	rc = snapshot_create(&s, dir, "{\"a\": 1}", e) || snapshot_lock(dir, &lock, e);
	s.users = 1;
	rc = rc || snapshot_add_users(&s, dir, e) || snapshot_read(&back, dir, &found, e) ||
	     snapshot_check(&back, &s, dir, e);
	if (!rc && (!found || strcmp(back.id, s.id) || back.ntag != 1 || strcmp(back.tag[0], "a tag") || !back.users))
		torture_wrong(e, "a snapshot is not what was written");
	if (!rc)
		snapshot_has_shards(dir, e);
	if (lock >= 0)
		close(lock);
	return e->code;
}

static int archive(struct err *e)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
	struct warc_setup u = { ID, "test" };
	struct warc_exchange x = { .uri = "https://hub.example/a",
				   .date_ms = 1790000000000,
				   .head = head,
				   .nhead = sizeof head - 1,
				   .body = "[1,2,3]",
				   .nbody = 7,
				   .note = "page" };
	struct warc *w = NULL;
	char path[192];
	int rc;

	snprintf(path, sizeof path, "%s/a.warc.gz", dir);
	rc = warc_create(&w, path, &u, e);
	for (int i = 0; i < 3 && !rc; i++)
		rc = warc_append(w, &x, e);
	if (!rc)
		rc = warc_seal(w, e);
	warc_free(w);
	return rc;
}

static int read_archive(struct err *e)
{
	const struct warc_record *x;
	struct warc_reader *r;
	char path[192];
	int n = 0, rc;

	snprintf(path, sizeof path, "%s/a.warc.gz", dir);
	rc = warc_open(&r, path, 0, e);
	while (!rc && !(rc = warc_next(r, &x, e)) && x)
		n += x->type == WARC_RESPONSE && x->nbody == 7 && !memcmp(x->body, "[1,2,3]", 7);
	if (!rc && n != 3)
		rc = torture_wrong(e, "an archive is not what was written");
	if (r)
		warc_reader_free(r);
	return rc;
}

static int parse(struct err *e)
{
	static const char text[] = "[{\"_id\":\"621f\",\"tags\":[\"a\",1.5,-3,null,true]}]";
	char padded[sizeof text + JS_PADDING] = { 0 }, out[sizeof text];
	struct js *j = js_create();
	struct js_value v;
	int rc = j ? E_OK : err_set(e, E_NOMEM, "no memory for a parser");

	memcpy(padded, text, sizeof text);
	if (!rc && !(rc = js_parse(j, padded, sizeof text - 1, &v, e)) &&
	    (js_write(v, out, sizeof out) != sizeof text - 1 || strcmp(out, text) != 0))
		rc = torture_wrong(e, "JSON is not what was read");
	js_free(j);
	return rc;
}

struct settings {
	const char *hub;
	struct opt_texts filter;
	int64_t n;
};

static int options(struct err *e)
{
	static const struct opt table[] = {
		{ .name = "hub",
		  .type = OPT_TEXT,
		  .offset = offsetof(struct settings, hub),
		  .arg = "URL",
		  .help = "x" },
		{ .name = "filter",
		  .type = OPT_TEXTS,
		  .offset = offsetof(struct settings, filter),
		  .arg = "F",
		  .help = "x" },
		{ .name = "n",
		  .type = OPT_COUNT,
		  .offset = offsetof(struct settings, n),
		  .lo = 1,
		  .hi = 9,
		  .arg = "N",
		  .help = "x" },
		{ .name = NULL, .type = OPT_FLAG },
	};
	static const struct opts o = { "torture", "x", "DIR", table, "", 0, 1, 0 };
	char a[] = "torture", b[] = "--hub=h", c[] = "--filter=a", d[] = "-", f[] = "--n=3",
	     *argv[] = { a, b, c, f, d, NULL };
	struct settings s = { 0 };
	char **args, *echo = NULL;
	int n, done = 0, rc = opts_parse(&o, 5, argv, &s, 0, &args, &n, &done, e);

	if (!rc && (n != 1 || s.n != 3 || s.filter.n != 1))
		rc = torture_wrong(e, "options are not what was given");
	if (!rc && !(echo = opts_echo(&o, &s)))
		rc = err_set(e, E_NOMEM, "no memory to echo");
	if (!rc && echo && (!strstr(echo, "\"hub\"") || !strstr(echo, "[\"a\"]") || !strstr(echo, "\"n\":3")))
		rc = torture_wrong(e, "an option is missing from the echo");
	free(echo);
	return rc;
}

static int covers(struct err *e)
{
	struct cover c = COVER_INIT, gaps = COVER_INIT;
	int rc = 0;

	for (int i = 0; i < 100 && !rc; i++)
		rc = cover_add(&c, (struct span){ oid_at(10 * i), oid_at(10 * i + 5) });
	rc = rc || cover_gaps(&c, (struct span){ oid_at(0), oid_at(1000) }, &gaps);
	if (!rc && (c.n != 100 || gaps.n != 100))
		torture_wrong(e, "a cover is not what was added");
	if (rc)
		err_set(e, E_NOMEM, "no memory for windows");
	cover_release(&c);
	cover_release(&gaps);
	return e->code;
}

/* Collective. */
static int census(struct err *e)
{
	static const struct h5out_spec number = { "/a/number", H5OUT_I64, 0, "a number", "1", "n", "-1", NULL };
	static const struct h5out_spec many = { "/a/many", H5OUT_I8, 0, "of two chunks", "1", NULL, "-1", NULL };
	static const struct h5out_spec text = { "/a/text", H5OUT_TEXT, 4, "a text", "1", "t", "empty string", NULL };
	static const struct h5out_spec none = { "/a/none", H5OUT_I32, 0, "nothing", "1", NULL, "-1", "/a/text" };
	struct h5out *out;
	char path[192];
	static int8_t bit[70000]; /* more than a chunk: all ranks write it */
	int64_t x[50];

	for (int i = 0; i < 50; i++)
		x[i] = 50 * rank + i;
	snprintf(path, sizeof path, "%s/census.h5", top);
	if (h5out_create(&out, comm, path, "census", e))
		return e->code;
	if (!h5out_column(out, &number, x, 50, e) && !h5out_column(out, &many, bit, (uint64_t)(70000 / size), e) &&
	    !h5out_local(out, &text, "abcdefgh", 2, e) && !h5out_column(out, &none, NULL, 0, e) &&
	    !h5out_attr_text(out, "/", "format", "test", e))
		h5out_attr_i64(out, "/b/c", "rows", 50, e);
	return h5out_close(&out, 1, e);
}

/* --- what must hold whatever failed --- */

/* Everything under a final name opens and is whole. */
static const char *half_file(void)
{
	struct err e = ERR_INIT;
	struct snapshot s;
	struct stat st;
	char path[192];
	int found;

	snprintf(path, sizeof path, "%s/users-r%04d-000000.h5", dir, rank);
	if (!stat(path, &st) && read_accounts(&e))
		return "a shard of accounts that is not whole has its final name";
	snprintf(path, sizeof path, "%s/datasets-r%04d-000000.h5", dir, rank);
	if (!stat(path, &st) && read_shards(&e))
		return "a shard that is not whole has its final name";
	if (snapshot_read(&s, dir, &found, &e) || (found && (s.kinds != 7 || s.fields != 3 || s.ntag != 1)))
		return "half a snapshot.json";
	snprintf(path, sizeof path, "%s/a.warc.gz", dir);
	if (!stat(path, &st) && read_archive(&e))
		return "an archive that is not whole has its final name";
	snprintf(path, sizeof path, "%s/census.h5", top);
	if (!stat(path, &st) && st.st_size < 1000)
		return "half a census.h5";
	return torture_half();
}

static void sweep(void)
{
	static const char *const names[] = { ".lock", "snapshot.json", "snapshot.json.tmp", "a.warc.gz",
					     "a.warc.gz.tmp" };
	char path[256];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	for (size_t i = 0; i < 2; i++) {
		const char *what = i ? "users" : "datasets";

		snprintf(path, sizeof path, "%s/%s-r%04d-000000.h5", dir, what, rank);
		unlink(path);
		snprintf(path, sizeof path, "%s/%s-r%04d-000000.h5.tmp", dir, what, rank);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/shards", dir);
	rmdir(path);
	torture_sweep();
	MPI_Barrier(comm);
	if (rank == 0) {
		snprintf(path, sizeof path, "%s/census.h5", top);
		unlink(path);
		snprintf(path, sizeof path, "%s/census.h5.tmp", top);
		unlink(path);
	}
	MPI_Barrier(comm);
}

struct part {
	const char *name;
	scenario_fn *run, *before; /* before: makes what `run` reads */
	int collective;
};

static const struct part parts[] = {
	{ "a shard sealed", seal, NULL, 0 },
	{ "shards listed and read", read_shards, seal, 0 },
	{ "a shard of accounts sealed", seal_accounts, NULL, 0 },
	{ "shards of accounts listed and read", read_accounts, seal_accounts, 0 },
	{ "a snapshot begun, locked and read", begin_snapshot, NULL, 0 },
	{ "an archive written", archive, NULL, 0 },
	{ "an archive read", read_archive, archive, 0 },
	{ "JSON read and written", parse, NULL, 0 },
	{ "options parsed and echoed", options, NULL, 0 },
	{ "windows added", covers, NULL, 0 },
	{ "an earlier census read", torture_read_earlier, torture_earlier, 0 },
	{ "the accounts of an earlier census read", torture_read_known, torture_earlier, 0 },
	{ "users.json written", torture_users_end, NULL, 0 },
	{ "users.json read and opened again", torture_reopen, torture_users_end, 0 },
	{ "a key for names made and read", torture_pseudonym, NULL, 0 },
	{ "metrics written", torture_metrics, NULL, 0 },
	{ "shards set aside", torture_set_aside, NULL, 0 },
	{ "a page cut into its records", torture_cut_page, NULL, 0 },
	{ "a list of accounts cut", torture_cut_roll, NULL, 0 },
	{ "census.h5 written", census, NULL, 1 },
};

/* The calls that may fail without a word. */
static const struct swallowed {
	const char *name;
	enum { ANYWHERE, WHERE_READ, WHERE_LOCKED } where;
} swallowed[] = {
	/* What was written is synced by then, or close() is what has synced it and its failure is told. */
	{ "close", ANYWHERE },
	/* Nothing of a file is in them. */
	{ "H5Tclose", ANYWHERE },
	{ "H5Sclose", ANYWHERE },
	{ "H5Pclose", ANYWHERE },
	/* What was read has been read. */
	{ "H5Aclose", WHERE_READ },
	{ "H5Dclose", WHERE_READ },
	{ "H5Gclose", WHERE_READ },
	{ "H5Fclose", WHERE_READ },
	{ "fclose", WHERE_READ },
	/* The guard asks how large a file is, for how long reading it may take: of none as long as of a small one. */
	{ "stat", WHERE_READ },
	/* The lock holds without its holder's name and host, which are for people; there is a warning. */
	{ "gethostname", WHERE_LOCKED },
	{ "ftruncate", WHERE_LOCKED },
	{ "pwrite", WHERE_LOCKED },
};

static int may_be_swallowed(const struct part *p, const char *name)
{
	for (size_t i = 0; i < sizeof swallowed / sizeof swallowed[0]; i++) {
		const struct swallowed *s = swallowed + i;

		if (!strcmp(s->name, name) && (s->where == ANYWHERE || (s->where == WHERE_READ && p->before) ||
					       (s->where == WHERE_LOCKED && p->run == begin_snapshot)))
			return 1;
	}
	return 0;
}

/* What is wrong with the error that is given for it, or NULL. */
static const char *wrong_error(int rc, const char *name)
{
	static const char *const memory[] = { "malloc",  "calloc",         "realloc",        "strdup",
					      "strndup", "operator new[]", "json_load_file", "json_loadf" };

	if (rc == E_DAMAGED)
		return "what failed is taken for damage, and the shard would be set aside";
	for (size_t i = 0; rc == E_FORMAT && i < sizeof memory / sizeof memory[0]; i++)
		if (!strcmp(name, memory[i]))
			return "want of memory is taken for a file that is not what it should be";
	return NULL;
}

/* What is wrong after call k failed with rc and e, or NULL. */
static const char *judge(const struct part *p, int rc, const struct err *e, const char *name, struct torture_owed had)
{
	struct torture_owed now = torture_owed();
	const char *half = half_file();

	if (rc == E_BUG)
		return e->text;
	if (rc && (!*e->text || strchr(e->text, '\n')))
		return "not one line of error";
	if (rc != e->code)
		return "the code is not the error's";
	if (half)
		return half;
	if (now.blocks != had.blocks)
		return "memory is lost";
	if (now.files != had.files)
		return "a file stays open";
	if (now.ids != had.ids)
		return "an id of HDF5 stays open";
	if (rc && !name)
		return "failed without a failure";
	if (rc)
		return wrong_error(rc, name);
	return !name || may_be_swallowed(p, name) ? NULL : "its failure is told to nobody";
}

/* One k. Returns how many calls there were on the victim; counts what is wrong. */
static long once(const struct part *p, int victim, long k, int *nbad)
{
	struct err e = ERR_INIT, again = ERR_INIT;
	struct torture_owed had;
	const char *name = NULL, *why;
	struct err other;
	long calls = 0;
	int rc, bad, any;

	sweep();
	if (p->before)
		p->before(&again);
	had = torture_owed();
	alarm(HANG_S);
	torture_begin(rank == victim ? k : 0);
	rc = p->run(&e);
	calls = torture_end(&name);
	why = judge(p, rc, &e, name, had);
	other = e;
	if (p->collective) {
		MPI_Bcast(&other, sizeof other, MPI_BYTE, 0, comm);
		/* A name that only one rank has struck is no failure that the others could not explain. */
		if (why && !strcmp(why, "failed without a failure") && rank != victim)
			why = NULL;
		if (other.code != e.code || strcmp(other.text, e.text) != 0)
			why = "the ranks do not agree";
	}
	sweep();
	bad = why != NULL;
	MPI_Allreduce(&bad, &any, 1, MPI_INT, MPI_MAX, comm);
	if (!any && ((p->before && p->before(&again)) || p->run(&again)))
		why = again.text;
	bad = why != NULL;
	if (bad)
		fprintf(stderr, "# rank %d of %d, %s: call %ld (%s) on rank %d: %s (%s)\n", rank, size, p->name, k,
			name ? name : "-", victim, why, e.text);
	*nbad += bad;
	MPI_Bcast(&calls, 1, MPI_LONG, victim, comm);
	return calls;
}

static void torture(const struct part *p, long stride)
{
	/* Local parts do not know of ranks: one victim will do. */
	int nvictims = p->collective ? size : 1, nbad = 0;
	long tried = 0, all;
	const char *struck;
	char name[128];
	struct err first = ERR_INIT;

	/* What is kept for good once it was needed, as the memory of a shard's image, is no loss. */
	if (p->before)
		p->before(&first);
	torture_begin(0);
	p->run(&first);
	all = torture_end(&struck);
	MPI_Bcast(&all, 1, MPI_LONG, 0, comm);
	if (all < FEW)
		stride = 1;
	sweep();
	for (int v = 0; v < nvictims; v++)
		for (long k = 1;; k += stride) {
			long calls = once(p, v, k, &nbad);

			tried++;
			if (k > calls)
				break;
		}
	snprintf(name, sizeof name, "%s: %ld failures, one at a time", p->name, tried - nvictims);
	ok_all(comm, nbad == 0, name);
	sweep();
}

int main(int argc, char **argv)
{
	long stride = argc > 1 ? atol(argv[1]) : 1, only = argc > 2 ? atol(argv[2]) : 0;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(comm, &rank);
	MPI_Comm_size(comm, &size);
	/* In memory where there is such a folder: hundreds of syncs are not what is tested. */
	snprintf(top, sizeof top, "%s/hubcensus-test-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (rank == 0 && !mkdtemp(top))
		MPI_Abort(comm, 1);
	agree_bcast(comm, top, sizeof top);
	snprintf(dir, sizeof torture_dir, "%s/%d", top, rank);
	if (mkdir(dir, 0700))
		MPI_Abort(comm, 1);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (!only || only == (long)i + 1)
			torture(&parts[i], stride > 0 ? stride : 1);
	torture_forget();
	rmdir(dir);
	MPI_Barrier(comm);
	if (rank == 0)
		rmdir(top);
	return tap_finalize();
}
