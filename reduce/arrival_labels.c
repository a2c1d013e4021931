// SPDX-License-Identifier: Apache-2.0
#include "reduce/arrival.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/arrival_parts.h"
#include "reduce/labels.h"

/* A labelled column travels as the labels that a destination needs, and codes into them. */
struct coded {
	struct parts label; /* lengths and bytes of the labels */
	struct parts code;  /* len: elements per row, of lists; body: codes, counted per sender */
};

/* Labels of one destination, numbered as they are met. */
struct picker {
	struct texts list; /* those of all destinations so far */
	int32_t *seen;     /* per label of the chunk: its number, or -1 */
	int32_t *used;     /* the labels of the chunk that have one */
	uint64_t nused;
};

static int pick_label(struct picker *p, const struct column *c, int32_t code, uint64_t base, int32_t *out)
{
	size_t len;
	const char *s;

	if (code >= 0 && p->seen[code] < 0) {
		s = dict_get(&c->labels, code, &len);
		if (p->list.n - base >= INT32_MAX || texts_add(&p->list, s, len))
			return -1;
		p->seen[code] = (int32_t)(p->list.n - 1 - base);
		p->used[p->nused++] = code;
	}
	*out = code < 0 ? -1 : p->seen[code];
	return 0;
}

/* Codes of the rows of one chunk for one destination. Returns where the next go, NULL when memory is short. */
static int32_t *pick_codes(struct picker *p, const struct deal *d, size_t c, int to, enum field f, uint64_t base,
			   int32_t *out)
{
	const struct column *x = &d->chunk[c].col[f];
	int is_list = schema[f].type == COL_LIST;

	for (uint64_t i = d->start[c][to]; i < d->start[c][to + 1]; i++) {
		uint64_t row = d->row[c][i], at = is_list ? x->off[row] : row,
			 end = is_list ? x->off[row + 1] : row + 1;

		for (; at < end; at++)
			if (pick_label(p, x, x->code[at], base, out++))
				return NULL;
	}
	while (p->nused)
		p->seen[p->used[--p->nused]] = -1;
	return out;
}

static int picker_init(struct picker *p, const struct deal *d, enum field f)
{
	size_t most = 0;

	memset(p, 0, sizeof *p);
	for (size_t c = 0; c < d->nchunk; c++)
		if (d->chunk[c].col[f].labels.text.n > most)
			most = (size_t)d->chunk[c].col[f].labels.text.n;
	p->seen = malloc((most + 1) * sizeof *p->seen);
	p->used = malloc((most + 1) * sizeof *p->used);
	if (!p->seen || !p->used)
		return -1;
	memset(p->seen, 0xFF, (most + 1) * sizeof *p->seen);
	return 0;
}

static void picker_release(struct picker *p)
{
	texts_release(&p->list);
	free(p->seen);
	free(p->used);
}

/* The list becomes lengths and bytes; label.len.n holds the labels per destination. */
static int send_list(struct picker *p, struct parts *label, MPI_Comm comm, int nranks, struct err *e)
{
	uint64_t i = 0;
	uint32_t *len;

	if (parcel_alloc(&label->len, comm, e))
		return e->code;
	if (!p->list.off)
		return E_OK; /* no row has a label */
	len = label->len.data;
	for (int to = 0; to < nranks; to++)
		for (uint64_t n = 0; n < label->len.n[to]; n++, i++) {
			len[i] = (uint32_t)(p->list.off[i + 1] - p->list.off[i]);
			label->body.n[to] += len[i];
		}
	label->body.total = texts_nbytes(&p->list);
	label->body.data = p->list.bytes;
	p->list.bytes = NULL;
	return E_OK;
}

static void drop_labelled(const struct deal *d, enum field f)
{
	for (size_t c = 0; c < d->nchunk; c++) {
		struct column *x = &d->chunk[c].col[f];

		dict_release(&x->labels);
		free(x->code);
		free(x->off);
		x->code = NULL;
		x->off = NULL;
	}
}

static int pack_labels(const struct deal *d, MPI_Comm comm, enum field f, struct coded *out, struct err *e)
{
	struct picker p;
	int32_t *at;
	int rc = picker_init(&p, d, f) ? arrival_no_memory(e, f) : E_OK;

	if (!rc && schema[f].type == COL_LIST)
		rc = parts_pack_lengths(d, comm, f, &out->code, e);
	else if (!rc)
		memcpy(out->code.body.n, d->nsend, (size_t)d->nranks * sizeof *d->nsend);
	rc = rc ? rc : parcel_alloc(&out->code.body, comm, e);
	at = out->code.body.data;
	for (int to = 0; to < d->nranks && !rc; to++) {
		uint64_t base = p.list.n;

		for (size_t c = 0; c < d->nchunk && !rc; c++)
			if (!(at = pick_codes(&p, d, c, to, f, base, at)))
				rc = arrival_no_memory(e, f);
		out->label.len.n[to] = p.list.n - base;
	}
	if (!rc)
		drop_labelled(d, f);
	rc = rc ? rc : send_list(&p, &out->label, comm, d->nranks, e);
	picker_release(&p);
	return rc;
}

/* The elements of kept rows become those of out; of lists, out->off is set, too. Codes stay as they arrived. */
static int place_codes(const struct arrival *a, const struct coded *in, enum field f, struct column *out)
{
	const int32_t *code = in->code.body.data;
	int is_list = schema[f].type == COL_LIST;
	uint64_t *off = is_list ? parts_offsets(&in->code.len) : NULL, n = is_list ? 0 : a->nkeep;

	if (is_list && (!off || !(out->off = malloc((size_t)(a->nkeep + 1) * sizeof *out->off))))
		goto fail;
	for (uint64_t i = 0; i < a->nkeep && is_list; i++) {
		out->off[i] = n;
		n += off[a->keep[i] + 1] - off[a->keep[i]];
	}
	out->code_cap = n + 1;
	if (!(out->code = calloc((size_t)n + 1, sizeof *out->code)))
		goto fail;
	if (!is_list)
		arrival_pick((char *)out->code, (const char *)code, a->keep, n, sizeof *code);
	for (uint64_t i = 0; i < a->nkeep && is_list; i++) {
		const int32_t *from = code + off[a->keep[i]];
		uint64_t m = off[a->keep[i] + 1] - off[a->keep[i]];

		for (uint64_t j = 0; j < m; j++)
			out->code[out->off[i] + j] = from[j];
	}
	if (is_list)
		out->off[a->nkeep] = n;
	free(off);
	return 0;
fail:
	free(off);
	return -1;
}

/* Codes that arrived count from the first label of their sender: make them count from the first of all. */
static void shift_codes(int nranks, const struct coded *in)
{
	int32_t *code = in->code.body.data;
	uint64_t base = 0;

	for (int r = 0; r < nranks; r++) {
		for (uint64_t i = 0; i < in->code.body.n[r] && base; i++)
			if (code[i] >= 0)
				code[i] += (int32_t)base;
		code += in->code.body.n[r];
		base += in->label.len.n[r];
	}
}

/* n <= DICT_BATCH labels into d: to[] becomes their codes. Returns 0, or -1 when memory is short.
 */
static int enter_labels(struct dict *d, const char *bytes, const uint64_t *off, const uint64_t *which, size_t n,
			int32_t *to)
{
	struct text t[DICT_BATCH];
	int32_t code[DICT_BATCH];

	for (size_t i = 0; i < n; i++)
		t[i] = (struct text){ bytes + off[which[i]], (size_t)(off[which[i] + 1] - off[which[i]]) };
	/* Most are known from another shard, and waited for together. */
	dict_find_all(d, t, n, code);
	for (size_t i = 0; i < n; i++) {
		if (code[i] < 0 && dict_add(d, t[i].s, t[i].len, &code[i]))
			return -1;
		to[which[i]] = code[i];
	}
	return 0;
}

/* to[i] becomes the code of label i among the labels that rows use, sorted: `text`. is_used: NULL: all are. */
static int number_labels(const struct parts *label, const uint8_t *is_used, struct texts *text, int32_t *to)
{
	uint64_t *off = parts_offsets(&label->len), n = label->len.total, which[DICT_BATCH];
	struct dict d = { .nslot = 0 };
	int32_t *map = NULL;
	size_t m = 0;
	int rc = off ? 0 : -1;

	for (uint64_t i = 0; i < n && !rc; i++) {
		to[i] = -1;
		if (!is_used || is_used[i])
			which[m++] = i;
		if (m == DICT_BATCH || (m && i + 1 == n)) {
			rc = enter_labels(&d, label->body.data, off, which, m, to);
			m = 0;
		}
	}
	free(off);
	dict_close(&d);
	rc = rc ? rc : labels_sort(&d.text, &map);
	for (uint64_t i = 0; i < n && !rc; i++)
		if (to[i] >= 0)
			to[i] = map[to[i]];
	free(map);
	*text = d.text;
	return rc;
}

/* Give the elements of out their final codes. What a row brought that was not kept is no label. */
static int settle(const struct arrival *a, const struct coded *in, uint64_t ncodes, struct column *out)
{
	uint64_t nlabel = in->label.len.total;
	int32_t *to = malloc((size_t)(nlabel + 1) * sizeof *to);
	uint8_t *is_used = a->nkeep < a->nraw ? calloc((size_t)nlabel + 1, 1) : NULL;
	int rc = to && (is_used || a->nkeep == a->nraw) ? 0 : -1;

	for (uint64_t i = 0; i < ncodes && is_used; i++)
		if (out->code[i] >= 0)
			is_used[out->code[i]] = 1;
	rc = rc ? rc : number_labels(&in->label, is_used, &out->labels.text, to);
	for (uint64_t i = 0; i < ncodes && !rc; i++)
		if (out->code[i] >= 0)
			out->code[i] = to[out->code[i]];
	free(to);
	free(is_used);
	return rc;
}

static int place_labels(const struct arrival *a, struct coded *in, int nranks, enum field f, struct column *out)
{
	if (in->label.len.total >= INT32_MAX)
		return -1;
	shift_codes(nranks, in);
	if (place_codes(a, in, f, out))
		return -1;
	parts_release(&in->code);
	return settle(a, in, schema[f].type == COL_LIST ? out->off[a->nkeep] : a->nkeep, out);
}

int arrival_labels(const struct arrival *a, const struct deal *d, MPI_Comm comm, int rc, enum field f,
		   struct column *out, struct err *e)
{
	struct coded send, in;
	int rc2 = parts_init(&send.label, comm, 1, e), rc3 = parts_init(&send.code, comm, sizeof(int32_t), e);

	memset(&in, 0, sizeof in);
	rc = rc ? rc : rc2 ? rc2 : rc3;
	rc = rc ? rc : pack_labels(d, comm, f, &send, e);
	rc = parts_swap(comm, rc, &send.label, &in.label, e);
	rc = parts_swap(comm, rc, &send.code, &in.code, e);
	if (!rc && place_labels(a, &in, d->nranks, f, out))
		rc = arrival_no_memory(e, f);
	parts_release(&in.label);
	parts_release(&in.code);
	return rc;
}
