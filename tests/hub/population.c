/* SPDX-License-Identifier: Apache-2.0 */
#include "population.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"

/* Rows of one value up to which a group is collected and sorted; a larger one has a row in every few, so scanning is
 * cheap. */
enum { GROUP_MAX = 32768 };

int population_init(struct population *p, const char *dir, const struct synth_opts *o, char *text, size_t ntext)
{
	memset(p, 0, sizeof *p);
	p->recorded = dir != NULL;
	if (!dir) {
		synth_init(&p->synth, o);
		memcpy(p->n, o->n, sizeof p->n);
		graph_init(&p->graph, &p->synth);
		return 0;
	}
	for (enum kind k = MODELS; k < NKIND; k++) {
		if (replay_load(&p->replay[k], dir, k, text, ntext))
			return -1;
		p->n[k] = p->replay[k].n;
	}
	return 0;
}

void population_release(struct population *p)
{
	graph_release(&p->graph);
	for (enum kind k = MODELS; k < NKIND; k++)
		replay_release(&p->replay[k]);
}

void run_init(struct run *r, const struct population *p, enum kind kind, const uint64_t *i, size_t n, bool trending)
{
	r->p = p;
	r->kind = kind;
	r->i = i;
	if (!p->recorded)
		synth_ranks(&p->synth, kind, i, n, trending, r->ranks);
}

void run_row(const struct run *r, size_t k, struct row *row, struct row_space *space)
{
	if (r->p->recorded)
		*row = r->p->replay[r->kind].rows[r->i[k]];
	else
		synth_row(&r->p->synth, r->kind, r->i[k], &r->ranks[k], row, space);
}

void population_row(const struct population *p, enum kind kind, uint64_t i, struct row *row, struct row_space *space)
{
	struct run r;
	run_init(&r, p, kind, &i, 1, true);
	run_row(&r, 0, row, space);
}

void population_oid(const struct population *p, enum kind kind, uint64_t i, char oid[OID_TEXT])
{
	if (p->recorded)
		memcpy(oid, p->replay[kind].rows[i].oid, OID_TEXT);
	else
		synth_oid(&p->synth, kind, i, oid);
}

void population_owner(const struct population *p, enum kind kind, uint64_t i, char owner[OWNER_TEXT])
{
	if (!p->recorded) {
		synth_owner(&p->synth, kind, i, owner);
		return;
	}
	const struct row *r = &p->replay[kind].rows[i];
	const char *slash = strchr(r->id, '/');
	const char *from = r->author ? r->author : slash ? r->id : "";
	size_t n = r->author || !slash ? strlen(from) : (size_t)(slash - r->id);
	n = n < OWNER_TEXT ? n : OWNER_TEXT - 1;
	memcpy(owner, from, n);
	owner[n] = 0;
}

uint64_t population_seek(const struct population *p, enum kind kind, const char *oid, bool *exact)
{
	uint64_t lo = 0, hi = p->n[kind];
	char at[OID_TEXT];
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		population_oid(p, kind, mid, at);
		if (strcmp(at, oid) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*exact = false;
	if (lo < p->n[kind]) {
		population_oid(p, kind, lo, at);
		*exact = !strcmp(at, oid);
	}
	return lo;
}

int population_find(const struct population *p, enum kind kind, const char *id, uint64_t *i)
{
	if (!p->recorded)
		return synth_find(&p->synth, kind, id, i);
	const struct replay *r = &p->replay[kind];
	int found = 0;
	for (uint64_t k = 0; k < r->n; k++) {
		if (!strcmp(r->rows[k].id, id)) {
			*i = k;
			return 1;
		}
		if (!found && !strcasecmp(r->rows[k].id, id)) {
			*i = k;
			found = 1;
		}
	}
	return found;
}

/* ---- orders ---- */

static double key_at(const struct walk *w, uint64_t pos)
{
	if (!w->p->recorded)
		return synth_key(&w->p->synth, w->kind, w->sort, pos);
	const struct replay *r = &w->p->replay[w->kind];
	return row_key(&r->rows[r->order[w->sort][pos]], w->sort);
}

static uint64_t row_at(const struct walk *w, uint64_t pos)
{
	if (!w->p->recorded)
		return synth_at(&w->p->synth, w->kind, w->sort, pos);
	return w->p->replay[w->kind].order[w->sort][pos];
}

static uint64_t pos_of(const struct walk *w, uint64_t i)
{
	if (!w->p->recorded)
		return synth_pos(&w->p->synth, w->kind, w->sort, i);
	return w->p->replay[w->kind].place[w->sort][i];
}

/* First position whose key is below (or, with `equal`, not above) v. */
static uint64_t first_below(const struct walk *w, double v, bool equal)
{
	uint64_t lo = 0, hi = w->p->n[w->kind];
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		double k = key_at(w, mid);
		if (k > v || (!equal && k >= v))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Take up the rows that share the value at position w->next, leaving out those below row `from`. */
static void load_group(struct walk *w, uint64_t from)
{
	w->lo = w->next;
	w->hi = first_below(w, key_at(w, w->lo), false);
	w->next = w->hi;
	w->scan = w->hi - w->lo > GROUP_MAX;
	w->ngroup = w->igroup = 0;
	if (w->scan) {
		w->scan_i = from;
		return;
	}
	w->group = mem_grow(w->group, (w->hi - w->lo) * sizeof *w->group);
	for (uint64_t pos = w->lo; pos < w->hi; pos++) {
		uint64_t i = row_at(w, pos);
		if (i >= from)
			w->group[w->ngroup++] = i;
	}
	qsort(w->group, w->ngroup, sizeof *w->group, cmp_u64);
}

static void start_created(struct walk *w, const struct start *s)
{
	uint64_t lo = 0, hi = w->end;
	bool exact;
	if (s->any && s->above) {
		lo = population_seek(w->p, w->kind, s->oid, &exact);
		lo += exact;
	} else if (s->any) {
		hi = population_seek(w->p, w->kind, s->oid, &exact);
	}
	w->next = w->up ? lo : hi;
	w->end = w->up ? hi : lo;
}

void walk_init(struct walk *w, const struct population *p, enum kind kind, enum sort sort, bool up,
	       const struct start *s)
{
	memset(w, 0, sizeof *w);
	w->p = p;
	w->kind = kind;
	w->sort = sort;
	w->up = up;
	w->end = p->n[kind];
	if (sort == SORT_CREATED) {
		start_created(w, s);
		return;
	}
	if (!s->any)
		return;
	bool exact;
	uint64_t from = population_seek(p, kind, s->oid, &exact);
	w->next = first_below(w, s->key, true);
	if (w->next < w->end && key_at(w, w->next) >= s->key)
		load_group(w, from + exact);
}

static bool next_created(struct walk *w, uint64_t *i)
{
	if (w->up ? w->next >= w->end : w->next <= w->end)
		return false;
	*i = w->up ? w->next++ : --w->next;
	return true;
}

bool walk_next(struct walk *w, uint64_t *i)
{
	if (w->sort == SORT_CREATED)
		return next_created(w, i);
	for (;;) {
		if (w->igroup < w->ngroup) {
			*i = w->group[w->igroup++];
			return true;
		}
		while (w->scan && w->scan_i < w->end) {
			uint64_t pos = pos_of(w, w->scan_i++);
			if (pos >= w->lo && pos < w->hi) {
				*i = w->scan_i - 1;
				return true;
			}
		}
		if (w->next >= w->end)
			return false;
		load_group(w, 0);
	}
}

void walk_release(struct walk *w)
{
	free(w->group);
	memset(w, 0, sizeof *w);
}
