// SPDX-License-Identifier: Apache-2.0
#include "reduce/labels.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/order.h"
#include "reduce/wire.h"

#define SAMPLES_PER_RANK 256

void labels_release(struct labels *l)
{
	texts_release(&l->own);
	free(l->global);
	free(l->nsend);
	free(l->nrecv);
	free(l->slot);
	memset(l, 0, sizeof *l);
}

void labels_forget(struct labels *l)
{
	uint64_t n = l->own.n;

	texts_release(&l->own);
	l->own.n = n;
	free(l->slot);
	l->slot = NULL;
}

int labels_sort(struct texts *t, int32_t **map)
{
	uint32_t *perm = malloc((size_t)(t->n + 1) * sizeof *perm);
	struct texts sorted = { 0 };
	int rc = -1;

	*map = malloc((size_t)(t->n + 1) * sizeof **map);
	if (!perm || !*map || order_texts(t, perm))
		goto out;
	sorted.off = malloc((size_t)(t->n + 2) * sizeof *sorted.off);
	sorted.bytes = malloc((size_t)texts_nbytes(t) + 1);
	if (!sorted.off || !sorted.bytes)
		goto out;
	sorted.cap = t->n + 1;
	sorted.bytes_cap = texts_nbytes(t) + 1;
	sorted.off[0] = 0;
	for (uint64_t i = 0; i < t->n; i++) {
		size_t len;
		const char *s = texts_get(t, perm[i], &len);

		memcpy(sorted.bytes + sorted.off[i], s, len);
		sorted.off[i + 1] = sorted.off[i] + len;
		(*map)[perm[i]] = (int32_t)i;
	}
	sorted.n = t->n;
	texts_release(t);
	*t = sorted;
	sorted = (struct texts){ 0 };
	rc = 0;
out:
	if (rc) {
		free(*map);
		*map = NULL;
	}
	texts_release(&sorted);
	free(perm);
	return rc;
}

/* Lengths of texts [0, n), as they travel. */
static int lengths(const struct texts *t, uint32_t **len)
{
	*len = malloc((size_t)(t->n + 1) * sizeof **len);
	if (!*len)
		return -1;
	for (uint64_t i = 0; i < t->n; i++)
		(*len)[i] = (uint32_t)(t->off[i + 1] - t->off[i]);
	return 0;
}

/* Texts out of what two exchanges brought; `bytes` goes over to t. */
static int texts_from(struct texts *t, const struct parcel *len, struct parcel *bytes)
{
	const uint32_t *l = len->data;

	memset(t, 0, sizeof *t);
	t->off = malloc((size_t)(len->total + 1) * sizeof *t->off);
	if (!t->off)
		return -1;
	t->off[0] = 0;
	for (uint64_t i = 0; i < len->total; i++)
		t->off[i + 1] = t->off[i] + l[i];
	t->n = t->cap = len->total;
	t->bytes = bytes->data;
	t->bytes_cap = bytes->total;
	bytes->data = NULL;
	return 0;
}

/* Send nsend[r] of our texts to rank r, one range behind the other. */
static int swap_texts(MPI_Comm comm, int rc, const struct texts *mine, const uint64_t *nsend, struct texts *all,
		      uint64_t *nrecv, struct err *e)
{
	struct parcel len, bytes, rlen = { 0 }, rbytes = { 0 };
	uint64_t at = 0;
	int n, rc2;

	MPI_Comm_size(comm, &n);
	rc2 = parcel_init(&len, comm, sizeof(uint32_t), e) | parcel_init(&bytes, comm, 1, e);
	if (!rc && (rc2 || lengths(mine, (uint32_t **)&len.data)))
		rc = err_set(e, E_NOMEM, "out of memory for labels");
	for (int r = 0; !rc && r < n; r++) {
		len.n[r] = nsend[r];
		bytes.n[r] = nsend[r] ? mine->off[at + nsend[r]] - mine->off[at] : 0;
		at += nsend[r];
		len.total += len.n[r];
		bytes.total += bytes.n[r];
	}
	bytes.data = mine->bytes;
	rc = wire_exchange(comm, rc, &len, &rlen, e);
	parcel_release(&len);
	rc = wire_exchange(comm, rc, &bytes, &rbytes, e);
	bytes.data = NULL;
	if (!rc && texts_from(all, &rlen, &rbytes))
		rc = err_set(e, E_NOMEM, "out of memory for labels");
	if (!rc)
		memcpy(nrecv, rlen.n, (size_t)n * sizeof *nrecv);
	parcel_release(&bytes);
	parcel_release(&rlen);
	parcel_release(&rbytes);
	return rc;
}

/* Our texts to rank 0; nothing comes elsewhere. */
static int gather_texts(MPI_Comm comm, int rc, const struct texts *mine, struct texts *all, struct err *e)
{
	struct parcel len = { 0 }, bytes = { 0 };
	uint32_t *l = NULL;

	if (!rc && lengths(mine, &l))
		rc = err_set(e, E_NOMEM, "out of memory for labels");
	rc = wire_gather(comm, rc, l, mine->n, sizeof *l, &len, e);
	rc = wire_gather(comm, rc, mine->bytes, texts_nbytes(mine), 1, &bytes, e);
	if (!rc && texts_from(all, &len, &bytes))
		rc = err_set(e, E_NOMEM, "out of memory for labels");
	free(l);
	parcel_release(&len);
	parcel_release(&bytes);
	return rc;
}

/* Rank 0's texts to all ranks. */
static int share_texts(MPI_Comm comm, int rc, struct texts *t, struct err *e)
{
	uint64_t noff = t->n * sizeof *t->off, nbytes = texts_nbytes(t);
	void *off = t->n ? t->off + 1 : NULL, *bytes = t->bytes;
	int me;

	MPI_Comm_rank(comm, &me);
	rc = wire_share(comm, rc, &off, &noff, e);
	rc = wire_share(comm, rc, &bytes, &nbytes, e);
	if (me == 0)
		return rc;
	if (!rc) {
		const uint64_t *end = off;
		uint64_t at = 0;

		for (uint64_t i = 0; i < noff / sizeof *end && !rc; i++) {
			if (texts_add(t, (char *)bytes + at, end[i] - at))
				rc = err_set(e, E_NOMEM, "out of memory for labels");
			at = end[i];
		}
	}
	free(off);
	free(bytes);
	return rc;
}

/* On rank 0: at most nranks - 1 of the sampled texts, dividing them evenly. */
static int choose_splitters(const struct texts *sample, uint64_t nranks, struct texts *split)
{
	uint32_t *perm = malloc((size_t)(sample->n + 1) * sizeof *perm);
	int rc = !perm || order_texts(sample, perm) ? -1 : 0;

	for (uint64_t r = 1; r < nranks && sample->n && !rc; r++) {
		size_t len;
		const char *s = texts_get(sample, perm[r * sample->n / nranks], &len);

		rc = texts_add(split, s, len);
	}
	free(perm);
	return rc;
}

/* Splitters from a regular sample of all ranks' texts: they decide who owns what, never what comes out. */
static int find_splitters(MPI_Comm comm, int rc, const struct texts *local, struct texts *split, struct err *e)
{
	struct texts sample = { 0 }, all = { 0 };
	uint64_t total, stride;
	int n, me;

	MPI_Comm_size(comm, &n);
	MPI_Comm_rank(comm, &me);
	wire_before(comm, local->n, &total);
	stride = total / ((uint64_t)n * SAMPLES_PER_RANK) + 1;
	for (uint64_t i = stride / 2; i < local->n && !rc; i += stride) {
		size_t len;
		const char *s = texts_get(local, i, &len);

		if (texts_add(&sample, s, len))
			rc = err_set(e, E_NOMEM, "out of memory for labels");
	}
	rc = gather_texts(comm, rc, &sample, &all, e);
	if (!rc && me == 0 && choose_splitters(&all, (uint64_t)n, split))
		rc = err_set(e, E_NOMEM, "out of memory for labels");
	/* Where a rank has no room for them the others must not go on to the next exchange without it. */
	rc = err_agree(comm, share_texts(comm, rc, split, e), e);
	texts_release(&sample);
	texts_release(&all);
	return rc;
}

/* First text of t that is not below (s, len). */
static uint64_t lower_bound(const struct texts *t, const char *s, size_t len)
{
	uint64_t lo = 0, hi = t->n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		size_t n;
		const char *x = texts_get(t, mid, &n);

		if (order_text_cmp(x, n, s, len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void deal_local(const struct texts *local, const struct texts *split, uint64_t *nsend, int nranks)
{
	uint64_t at = 0;

	for (int r = 0; r < nranks; r++) {
		uint64_t end = local->n;
		size_t len;

		if ((uint64_t)r < split->n) {
			const char *s = texts_get(split, (uint64_t)r, &len);

			end = lower_bound(local, s, len);
		}
		nsend[r] = end - at;
		at = end;
	}
}

/* Sort what came, drop the repeated, and note for each that came which it is. */
static int merge_own(struct labels *l, const struct texts *came)
{
	uint32_t *perm = malloc((size_t)(came->n + 1) * sizeof *perm);
	const char *last = NULL;
	size_t nlast = 0;
	int rc = -1;

	l->slot = malloc((size_t)(came->n + 1) * sizeof *l->slot);
	if (!perm || !l->slot || order_texts(came, perm))
		goto out;
	for (uint64_t i = 0; i < came->n; i++) {
		size_t len;
		const char *s = texts_get(came, perm[i], &len);

		if (!last || len != nlast || memcmp(s, last, len)) {
			if (texts_add(&l->own, s, len))
				goto out;
			l->width = len > l->width ? len : l->width;
		}
		last = s;
		nlast = len;
		l->slot[perm[i]] = (uint32_t)(l->own.n - 1);
	}
	rc = 0;
out:
	free(perm);
	return rc;
}

/* Tell every rank the codes of its texts. */
static int return_codes(struct labels *l, MPI_Comm comm, int rc, uint64_t ncame, struct err *e)
{
	struct parcel send = { NULL, l->nrecv, sizeof(int32_t), ncame }, recv = { 0 };
	int32_t *code = malloc((size_t)(ncame + 1) * sizeof *code);

	if (!rc && !code)
		rc = err_set(e, E_NOMEM, "out of memory for labels");
	for (uint64_t i = 0; i < ncame && !rc; i++)
		code[i] = (int32_t)(l->first + l->slot[i]);
	send.data = code;
	rc = wire_exchange(comm, rc, &send, &recv, e);
	free(code);
	if (!rc) {
		l->global = recv.data;
		recv.data = NULL;
	}
	parcel_release(&recv);
	return rc;
}

int(labels_build)(struct labels *l, MPI_Comm comm, int rc, const struct texts *local, struct err *e)
{
	struct texts split = { 0 }, came = { 0 };
	int n;

	MPI_Comm_size(comm, &n);
	memset(l, 0, sizeof *l);
	l->nlocal = local->n;
	l->nsend = calloc((size_t)n, sizeof *l->nsend);
	l->nrecv = calloc((size_t)n, sizeof *l->nrecv);
	if (!l->nsend || !l->nrecv)
		rc = err_set(e, E_NOMEM, "out of memory for labels");
	if ((rc = find_splitters(comm, err_agree(comm, rc, e), local, &split, e)))
		goto out;
	deal_local(local, &split, l->nsend, n);
	if ((rc = swap_texts(comm, rc, local, l->nsend, &came, l->nrecv, e)))
		goto out;
	if (merge_own(l, &came))
		rc = err_set(e, E_NOMEM, "out of memory for labels");
out:
	texts_release(&split);
	if ((rc = err_agree(comm, rc, e))) {
		texts_release(&came);
		return rc;
	}
	l->first = wire_before(comm, l->own.n, &l->total);
	l->width = wire_max(comm, l->width);
	if (l->total >= INT32_MAX)
		rc = err_set(e, E_FORMAT, "more than 2^31 - 2 distinct labels in a column");
	rc = return_codes(l, comm, rc, came.n, e);
	texts_release(&came);
	return rc;
}

int(labels_sum)(const struct labels *l, MPI_Comm comm, int rc, const int64_t *x, uint32_t width, int64_t *own,
		struct err *e)
{
	union {
		const int64_t *in;
		void *out;
	} data = { x };
	struct parcel send = { data.out, l->nsend, width * sizeof *x, l->nlocal }, recv = { 0 };

	rc = wire_exchange(comm, rc, &send, &recv, e);
	if (!rc) {
		const int64_t *in = recv.data;

		memset(own, 0, (size_t)l->own.n * width * sizeof *own);
		for (uint64_t i = 0; i < recv.total; i++)
			for (uint32_t j = 0; j < width; j++) {
				int64_t *y = &own[(uint64_t)l->slot[i] * width + j];

				*y = wire_add(*y, in[i * width + j]);
			}
	}
	parcel_release(&recv);
	return rc;
}
