// SPDX-License-Identifier: Apache-2.0
#include "reduce/previous.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/agree.h"
#include "io/utc.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/report.h"
#include "reduce/wire.h"

const enum field then_field[NTHEN] = { F_DOWNLOADS, F_DOWNLOADS_ALL, F_LIKES };

void previous_release(struct previous_list *l)
{
	for (int i = 0; i < l->n; i++)
		for (int k = 0; k < NKINDS; k++) {
			cover_release(&l->at[i].hole[k]);
			free(l->at[i].lost[k]);
		}
	free(l->at);
	*l = (struct previous_list){ NULL, 0 };
}

/* ---- which they are ---- */

static int find_file(struct previous *p, const char *name, struct err *e)
{
	struct stat st;
	int n;

	if (stat(name, &st))
		return err_set(e, errno == ENOENT ? E_USAGE : E_IO, "cannot open the earlier census '%s': %s", name,
			       strerror(errno));
	n = snprintf(p->path, sizeof p->path, "%s%s", name, S_ISDIR(st.st_mode) ? "/census.h5" : "");
	if ((size_t)n >= sizeof p->path)
		return err_set(e, E_USAGE, "the name of an earlier census is too long");
	if (stat(p->path, &st))
		return err_set(e, errno == ENOENT ? E_USAGE : E_IO,
			       "cannot open the earlier census '%s': %s; make it with hubreduce", p->path,
			       strerror(errno));
	return E_OK;
}

static int check_head(const struct previous *p, const struct census *c, struct err *e)
{
	char *filters = snapshot_is_partial(&c->snap) ? report_filters(&c->snap) : strdup("");
	char a[32], b[32];

	if (!filters)
		return err_set(e, E_NOMEM, "out of memory for the filters");
	if (strcmp(p->head.hub, c->snap.hub) != 0)
		err_set(e, E_USAGE, "--previous: '%s' is a census of another Hub, '%s', not of '%s'", p->path,
			p->head.hub, c->snap.hub);
	else if (strcmp(p->head.filters, filters) != 0)
		err_set(e, E_USAGE, "--previous: '%s' is a census with other filters, %s, than this one: %s", p->path,
			*p->head.filters ? p->head.filters : "none", *filters ? filters : "none");
	else if (p->head.t0 >= c->snap.t0)
		err_set(e, E_USAGE, "--previous: '%s' is of %s, which is not before this census, of %s", p->path,
			utc_format(p->head.t0, a), utc_format(c->snap.t0, b));
	free(filters);
	return e->code;
}

static int look_at(struct previous *p, const char *name, const struct census *c, struct err *e)
{
	struct h5in *in = NULL;

	if (!find_file(p, name, e) && !h5in_open(&in, p->path, 1, &p->head, e) && !check_head(p, c, e) &&
	    !h5in_holes(in, p->hole, e))
		h5in_lost(in, p->lost, p->nlost, e);
	h5in_close(&in);
	return e->code;
}

static int by_t0(const void *a, const void *b)
{
	const struct previous *x = a, *y = b;

	return (x->head.t0 > y->head.t0) - (x->head.t0 < y->head.t0);
}

static int look_at_all(struct previous_list *l, const struct opt_texts *paths, const struct census *c, struct err *e)
{
	char t0[32];

	for (int i = 0; i < l->n && !e->code; i++)
		look_at(&l->at[i], paths->at[i], c, e);
	if (!e->code)
		qsort(l->at, (size_t)l->n, sizeof *l->at, by_t0);
	for (int i = 1; i < l->n && !e->code; i++)
		if (l->at[i].head.t0 == l->at[i - 1].head.t0)
			err_set(e, E_USAGE, "--previous: '%s' and '%s' are both of %s; give one of them",
				l->at[i - 1].path, l->at[i].path, utc_format(l->at[i].head.t0, t0));
	return e->code;
}

/* Rank 0's array of spans or _ids to all. */
static int share_array(MPI_Comm comm, int rc, void **x, uint64_t n, size_t size, struct err *e)
{
	uint64_t nbytes = n * size;

	return wire_share(comm, rc, x, &nbytes, e);
}

static int share_one(struct previous *p, MPI_Comm comm, int rc, struct err *e)
{
	int me;

	MPI_Comm_rank(comm, &me);
	for (int k = 0; k < NKINDS; k++) {
		void *spans = p->hole[k].at, *lost = p->lost[k];

		agree_bcast(comm, &p->hole[k].n, sizeof p->hole[k].n);
		agree_bcast(comm, &p->nlost[k], sizeof p->nlost[k]);
		rc = share_array(comm, rc, &spans, p->hole[k].n, sizeof *p->hole[k].at, e);
		rc = share_array(comm, rc, &lost, p->nlost[k], sizeof *p->lost[k], e);
		if (me != 0) {
			p->hole[k].at = spans;
			p->hole[k].cap = p->hole[k].n;
			p->lost[k] = lost;
		}
	}
	return rc;
}

int previous_open(struct previous_list *l, const struct census *c, const struct opt_texts *paths, struct err *e)
{
	int rc = E_OK;

	l->n = paths->n;
	l->at = calloc((size_t)paths->n + 1, sizeof *l->at);
	if (!l->at) {
		l->n = 0;
		rc = err_set(e, E_NOMEM, "out of memory for earlier censuses");
	}
	if (!rc && c->rank == 0)
		rc = look_at_all(l, paths, c, e);
	if ((rc = err_agree(c->comm, rc, e))) {
		e->rank = -1; /* whichever rank has looked */
		return rc;
	}
	for (int i = 0; i < l->n && !rc; i++) {
		agree_bcast(c->comm, l->at[i].path, sizeof l->at[i].path);
		agree_bcast(c->comm, &l->at[i].head, sizeof l->at[i].head);
		rc = share_one(&l->at[i], c->comm, rc, e);
	}
	return rc;
}

/* ---- their rows ---- */

void then_release(struct then *t)
{
	free(t->oid);
	for (int i = 0; i < NTHEN; i++)
		free(t->counter[i]);
	texts_release(&t->id);
	memset(t, 0, sizeof *t);
}

static int no_memory(const struct previous *p, struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for the rows of '%s'; use more ranks", p->path);
}

static int read_slice(const struct previous *p, struct h5in *in, enum kind k, int me, int nranks, struct then *t,
		      struct err *e)
{
	uint64_t total = p->head.nrows[k], first, n;
	__extension__ unsigned __int128 all = total; /* the product may not fit into 64 bits */

	first = (uint64_t)(all * (unsigned)me / (unsigned)nranks);
	n = (uint64_t)(all * (unsigned)(me + 1) / (unsigned)nranks) - first;
	/* What claims more than memory holds has to be in the file, too: look before allocating. */
	if (h5in_oids(in, k, total, 0, NULL, e))
		return e->code;
	t->oid = malloc((size_t)(n + 1) * sizeof *t->oid);
	for (int i = 0; i < NTHEN; i++)
		t->counter[i] = malloc((size_t)(n + 1) * sizeof **t->counter);
	for (int i = 0; i < NTHEN; i++)
		if (!t->oid || !t->counter[i])
			return no_memory(p, e);
	t->n = n;
	if (h5in_oids(in, k, first, n, t->oid, e) || h5in_ids(in, k, first, n, &t->id, e))
		return e->code;
	for (int i = 0; i < NTHEN && !e->code; i++)
		h5in_counter(in, k, then_field[i], first, n, t->counter[i], e);
	return e->code;
}

/* What a rank has of the axis now. */
struct part {
	struct oid first;
	uint32_t any;
};

/* Rows of this slice, which ascend, per rank: each goes to the last rank with rows that begins at or before it, and the
 * first ones to the first that has any. Where nobody has rows they stay. */
static void deal(const struct part *part, int nranks, int me, const struct then *t, uint64_t *nsend)
{
	uint64_t at = 0;
	int any = 0;

	for (int r = 0; r < nranks; r++) {
		int next = r + 1;
		uint64_t from = at;

		if (!part[r].any)
			continue;
		any = 1;
		while (next < nranks && !part[next].any)
			next++;
		while (at < t->n && (next == nranks || oid_cmp(t->oid[at], part[next].first) < 0))
			at++;
		nsend[r] = at - from;
	}
	if (!any)
		nsend[me] = t->n;
}

/* A column of `size` bytes per row; it becomes what arrives. */
static int swap(MPI_Comm comm, int rc, uint64_t *nsend, uint64_t n, void **x, size_t size, uint64_t *nrecv,
		struct err *e)
{
	struct parcel send = { *x, nsend, size, n }, in = { 0 };

	rc = wire_exchange(comm, rc, &send, &in, e);
	free(*x);
	*x = in.data;
	in.data = NULL;
	*nrecv = in.total;
	parcel_release(&in);
	return rc;
}

static int swap_texts(MPI_Comm comm, int rc, const struct previous *p, uint64_t *nsend, struct texts *t, struct err *e)
{
	struct parcel body, in = { 0 };
	uint32_t *len = malloc((size_t)(t->n + 1) * sizeof *len);
	void *x = len;
	uint64_t n = t->n, nrecv = 0, at = 0;
	int nranks, rc2 = parcel_init(&body, comm, 1, e);

	MPI_Comm_size(comm, &nranks);
	if (!rc && (rc2 || !len))
		rc = no_memory(p, e);
	for (uint64_t i = 0; i < n && !rc; i++)
		len[i] = (uint32_t)(t->off[i + 1] - t->off[i]);
	for (int r = 0; r < nranks && !rc; at += nsend[r++]) {
		body.n[r] = n ? t->off[at + nsend[r]] - t->off[at] : 0;
		body.total += body.n[r];
	}
	body.data = t->bytes;
	t->bytes = NULL;
	rc = swap(comm, rc, nsend, n, &x, sizeof *len, &nrecv, e);
	len = x;
	rc = wire_exchange(comm, rc, &body, &in, e);
	texts_release(t);
	if (!rc && !(t->off = malloc((size_t)(nrecv + 1) * sizeof *t->off)))
		rc = no_memory(p, e);
	if (!rc) {
		t->off[0] = 0;
		for (uint64_t i = 0; i < nrecv; i++)
			t->off[i + 1] = t->off[i] + len[i];
		t->n = t->cap = nrecv;
		t->bytes = in.data;
		t->bytes_cap = in.total;
		in.data = NULL;
	}
	free(len);
	parcel_release(&body);
	parcel_release(&in);
	return rc;
}

static int bring_home(const struct previous *p, MPI_Comm comm, int rc, const struct rows *now, struct then *t,
		      struct err *e)
{
	struct part mine = { .any = now->t.n > 0 }, *all;
	uint64_t *nsend, n = t->n, nrecv = 0;
	void *x = t->oid;
	int me, nranks;

	MPI_Comm_rank(comm, &me);
	MPI_Comm_size(comm, &nranks);
	all = calloc((size_t)nranks, sizeof *all);
	nsend = calloc((size_t)nranks, sizeof *nsend);
	if (!rc && (!all || !nsend))
		rc = no_memory(p, e);
	if (!(rc = err_agree(comm, rc, e))) {
		if (mine.any)
			mine.first = now->t.col[F_OID].oid[0];
		MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, comm);
		deal(all, nranks, me, t, nsend);
		/* Slices are in the order of the ranks, and so is what arrives: it ascends. */
		rc = swap(comm, rc, nsend, n, &x, sizeof *t->oid, &nrecv, e);
		t->oid = x;
		for (int i = 0; i < NTHEN; i++) {
			x = t->counter[i];
			rc = swap(comm, rc, nsend, n, &x, sizeof **t->counter, &nrecv, e);
			t->counter[i] = x;
		}
		rc = swap_texts(comm, rc, p, nsend, &t->id, e);
		t->n = rc ? 0 : nrecv;
	}
	free(all);
	free(nsend);
	return rc;
}

int previous_rows(const struct previous *p, struct h5in *in, MPI_Comm comm, int rc, enum kind k, const struct rows *now,
		  struct then *out, struct err *e)
{
	int me, nranks;

	memset(out, 0, sizeof *out);
	MPI_Comm_rank(comm, &me);
	MPI_Comm_size(comm, &nranks);
	if (!rc && p->head.kinds >> k & 1)
		rc = read_slice(p, in, k, me, nranks, out, e);
	rc = bring_home(p, comm, rc, now, out, e);
	return err_agree(comm, rc, e);
}

int hole_has(const struct cover *hole, const struct oid *lost, uint64_t nlost, struct oid o)
{
	uint64_t lo = 0, hi = hole->n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (oid_cmp(hole->at[mid].hi, o) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < hole->n && oid_cmp(hole->at[lo].lo, o) < 0)
		return 1;
	lo = 0;
	hi = nlost;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (oid_cmp(lost[mid], o) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < nlost && oid_cmp(lost[lo], o) == 0;
}
