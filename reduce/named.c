// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/ask.h"
#include "reduce/families.h"
#include "reduce/wire.h"

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for families");
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Bytes beyond ASCII are letters. */
static int is_letter(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (unsigned char)c >= 0x80;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int begins_word(const char *tag, size_t at)
{
	return at == 0 || !(is_letter(tag[at - 1]) || is_digit(tag[at - 1]));
}

static int matches(const char *tag, size_t ntag, size_t at, const char *space, size_t nspace)
{
	if (nspace == 0 || ntag - at < nspace)
		return 0;
	for (size_t i = 0; i < nspace; i++)
		if (lower(tag[at + i]) != space[i])
			return 0;
	return at + nspace == ntag || !is_letter(tag[at + nspace]);
}

int families_is_named(const char *tag, size_t ntag, const char *space, size_t nspace)
{
	if (memchr(tag, ':', ntag))
		return 0;
	for (size_t at = 0; at < ntag; at++)
		if (begins_word(tag, at) && matches(tag, ntag, at, space, nspace))
			return 1;
	return 0;
}

/* Which of the largest families a tag names. */
static int find_named(struct sets *s, const struct families *f, const struct texts *tags)
{
	uint8_t starts[256] = { 0 }; /* what namespaces begin with: most words need no further look */

	for (uint32_t k = 0; k < f->ntop; k++) {
		size_t n;
		const char *space = texts_get(&f->name, k, &n);

		starts[(unsigned char)space[0]] = 1;
	}
	if (sets_init(s, tags->n))
		return -1;
	for (uint64_t i = 0; i < tags->n; i++) {
		size_t len;
		const char *tag = texts_get(tags, i, &len);
		int any = 0;

		for (size_t at = 0; at < len && !any; at++)
			any = starts[(unsigned char)lower(tag[at])] && begins_word(tag, at);
		for (uint32_t k = 0; k < f->ntop && any; k++) {
			size_t n;
			const char *space = texts_get(&f->name, k, &n);

			if (families_is_named(tag, len, space, n) && sets_put(s, &k, 1))
				return -1;
		}
		sets_end(s);
	}
	return 0;
}

/* A model that names a family. */
struct mention {
	uint32_t node, top;
};

static int by_node(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->top < y->top ? -1 : x->top > y->top;
}

/* All mentions of our rows. Returns how many, or -1. */
static int64_t list_mentions(const struct families *f, const struct nodes *x, const struct table *t,
			     struct mention **out)
{
	const struct column *tags = &t->col[F_TAGS];
	struct sets of_tag, of_row;
	int64_t n = 0;
	int rc = find_named(&of_tag, f, &tags->labels.text);

	rc = sets_init(&of_row, t->n) || rc ? -1 : 0;
	for (uint64_t i = 0; i < t->n && !rc; i++) {
		for (uint64_t j = tags->off[i]; j < tags->off[i + 1] && !rc; j++) {
			uint64_t m;
			const uint32_t *top = sets_get(&of_tag, (uint64_t)tags->code[j], &m);

			rc = sets_put(&of_row, top, m);
		}
		sets_end(&of_row);
	}
	*out = rc ? NULL : malloc((size_t)(sets_total(&of_row) + 1) * sizeof **out);
	for (uint64_t i = 0; i < t->n && *out; i++) {
		uint64_t m;
		const uint32_t *top = sets_get(&of_row, i, &m);

		for (uint64_t j = 0; j < m; j++)
			(*out)[n++] = (struct mention){ x->of_row[i], top[j] };
	}
	sets_release(&of_tag);
	sets_release(&of_row);
	return *out ? n : -1;
}

/* Mentions to the owners of the nodes; there sorted, each once. */
static int send_mentions(const struct families *f, const struct nodes *x, const struct table *t, int rc,
			 struct parcel *in, struct err *e)
{
	struct mention *m = NULL, *came;
	struct parcel out;
	int nranks, rc2 = parcel_init(&out, x->comm, sizeof *m, e);
	int64_t n = 0;
	uint64_t kept = 0;

	MPI_Comm_size(x->comm, &nranks);
	if (!rc && (rc2 || (n = list_mentions(f, x, t, &m)) < 0))
		rc = no_memory(e);
	if (!rc && n)
		qsort(m, (size_t)n, sizeof *m, by_node);
	for (int64_t i = 0; i < n && !rc; i++)
		out.n[ask_owner(x->first, nranks, m[i].node)]++;
	out.data = m;
	out.total = (uint64_t)(n > 0 ? n : 0);
	rc = wire_exchange(x->comm, rc, &out, in, e);
	parcel_release(&out);
	came = in->data;
	if (!rc && in->total)
		qsort(came, (size_t)in->total, sizeof *came, by_node);
	for (uint64_t i = 0; i < in->total && !rc; i++)
		if (kept == 0 || by_node(&came[kept - 1], &came[i]) != 0)
			came[kept++] = came[i];
	in->total = kept;
	return rc;
}

struct naming {
	struct families *f;
	const struct kin *k;
	const struct nodes *x;
	const struct mention *m;
	uint64_t n;
	uint32_t first;
};

/* Those that are outside the family, of this pass's families. */
static int take_named(void *arg, const struct sets *label, uint32_t lo, uint32_t hi)
{
	const struct naming *c = arg;

	for (uint64_t i = 0; i < c->n; i++) {
		uint64_t node = c->m[i].node - c->first;
		uint32_t top = c->m[i].top, family = c->f->top[top];

		if (top < lo || top >= hi || sets_has(label, node, top) ||
		    families_of_owner(c->f, c->x, node) == family ||
		    (c->k->loop[node] && families_of(c->f, c->x, node) == family))
			continue;
		c->f->named[top]++;
	}
	return 0;
}

/* The place of every own node's family among the largest. */
static uint32_t *places(const struct families *f, const struct nodes *x)
{
	uint32_t *own = malloc((size_t)(x->n + 1) * sizeof *own), *place = malloc(((size_t)f->n + 1) * sizeof *place);

	for (uint32_t i = 0; i < f->n && place; i++)
		place[i] = REACH_NONE;
	for (uint32_t i = 0; i < f->ntop && place; i++)
		place[f->top[i]] = i;
	for (uint64_t i = 0; i < x->n && own && place; i++) {
		uint32_t family = families_of(f, x, i);

		own[i] = family == FAMILY_NONE ? REACH_NONE : place[family];
	}
	if (!place) {
		free(own);
		own = NULL;
	}
	free(place);
	return own;
}

int families_named(struct families *f, const struct kin *k, const struct nodes *x, const struct table *t, int rc,
		   uint64_t limit, struct err *e)
{
	struct parcel in = { 0 };
	struct naming c = { f, k, x, NULL, 0, 0 };
	uint32_t *own = NULL;
	int me, rounds = 0;

	MPI_Comm_rank(x->comm, &me);
	rc = send_mentions(f, x, t, rc, &in, e);
	if (!rc && !(own = places(f, x)))
		rc = no_memory(e);
	c.m = in.data;
	c.n = in.total;
	c.first = rc ? 0 : (uint32_t)x->first[me];
	rc = reach_passes(&k->g, rc, own, 0, f->ntop, limit, take_named, &c, &rounds, e);
	free(own);
	parcel_release(&in);
	if (!rc)
		wire_sum(x->comm, f->named, FAMILIES_TOP);
	return rc;
}
