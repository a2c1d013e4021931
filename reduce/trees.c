// SPDX-License-Identifier: Apache-2.0
#include "reduce/trees.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/ask.h"
#include "reduce/wire.h"

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for lineage");
}

void trees_release(struct trees *t)
{
	texts_release(&t->name);
	memset(t, 0, sizeof *t);
}

/* What this rank's nodes add to the trees. */
struct parts {
	struct tree *x;
	uint64_t n;
};

static int by_node(const void *a, const void *b)
{
	uint32_t x = ((const struct tree *)a)->node, y = ((const struct tree *)b)->node;

	return x < y ? -1 : x > y;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* One part per root that nodes of ours derive from. */
static int take_parts(void *arg, const struct sets *label, uint32_t lo, uint32_t hi)
{
	struct parts *p = arg;
	uint64_t n = sets_total(label);
	uint32_t *x = malloc((size_t)(n + 1) * sizeof *x);
	struct tree *more = realloc(p->x, (size_t)(p->n + n + 1) * sizeof *more);

	(void)lo;
	(void)hi;
	p->x = more ? more : p->x;
	if (x && more && n) {
		memcpy(x, label->item, (size_t)n * sizeof *x);
		qsort(x, (size_t)n, sizeof *x, ascending);
		for (uint64_t i = 0; i < n; i++) {
			if (i == 0 || x[i] != x[i - 1])
				p->x[p->n++] = (struct tree){ x[i], 0, 0 };
			p->x[p->n - 1].all++;
		}
	}
	free(x);
	return x && more ? 0 : -1;
}

/* The parts to the owners of the roots; all[i] becomes the size of own node i's tree. */
static int add_up(const struct nodes *x, int rc, struct parts *p, int64_t *all, struct err *e)
{
	struct parcel out, in = { 0 };
	int me, nranks, rc2 = parcel_init(&out, x->comm, sizeof *p->x, e);

	MPI_Comm_rank(x->comm, &me);
	MPI_Comm_size(x->comm, &nranks);
	if (!rc)
		rc = rc2;
	if (!rc && p->n)
		qsort(p->x, (size_t)p->n, sizeof *p->x, by_node);
	for (uint64_t i = 0; i < p->n && !rc; i++)
		out.n[ask_owner(x->first, nranks, p->x[i].node)]++;
	out.data = p->x;
	out.total = p->n;
	p->x = NULL;
	rc = wire_exchange(x->comm, rc, &out, &in, e);
	for (uint64_t i = 0; i < in.total && !rc; i++) {
		const struct tree *t = (const struct tree *)in.data + i;

		all[t->node - x->first[me]] += t->all;
	}
	parcel_release(&out);
	parcel_release(&in);
	return rc;
}

/* Of as many the oldest _id; what is not in the census comes last. */
static int larger(const struct tree *a, const struct tree *b)
{
	if (a->all != b->all)
		return a->all > b->all;
	return a->row != b->row ? a->row - 1 < b->row - 1 : a->node < b->node;
}

static void insert(struct tree *top, int *n, int room, struct tree t)
{
	int at = *n;

	while (at > 0 && larger(&t, &top[at - 1]))
		at--;
	if (at == room)
		return;
	*n += *n < room;
	memmove(top + at + 1, top + at, (size_t)(*n - at - 1) * sizeof *top);
	top[at] = t;
}

/* The largest of all ranks, to all ranks. */
static int choose(struct trees *t, const struct nodes *x, int rc, const int64_t *all, struct err *e)
{
	struct parcel came;
	struct tree mine[TREES_TOP];
	int me, n = 0;

	MPI_Comm_rank(x->comm, &me);
	for (uint64_t i = 0; i < x->n && !rc && all; i++)
		if (all[i])
			insert(mine, &n, TREES_TOP, (struct tree){ (uint32_t)(x->first[me] + i), x->row[i], all[i] });
	rc = wire_gather(x->comm, rc, mine, (uint64_t)n, sizeof *mine, &came, e);
	for (uint64_t i = 0; i < came.total && !rc; i++)
		insert(t->top, &t->n, TREES_TOP, ((const struct tree *)came.data)[i]);
	parcel_release(&came);
	if (!rc) {
		agree_bcast(x->comm, &t->n, sizeof t->n);
		agree_bcast(x->comm, t->top, sizeof t->top);
	}
	return rc;
}

#define WIDTH 1024 /* bytes of a name; the schema's caps are far below */

/* Put the name of a node, if it is one of the largest, and a model or not. */
static void put_name(const struct trees *t, char *name, uint32_t node, int is_model, const char *s, size_t len)
{
	for (int i = 0; i < t->n; i++)
		if (t->top[i].node == node && (t->top[i].row != 0) == is_model)
			base_lower(name + (size_t)i * WIDTH, s, len < WIDTH ? len : WIDTH - 1);
}

/* Which nodes are among the largest, for a quick look. */
static int is_top(const uint32_t *sorted, int n, uint32_t node)
{
	uint64_t at = sets_find(sorted, (uint64_t)n, node);

	return at < (uint64_t)n && sorted[at] == node;
}

/* A model's name is its own, for tags may still tell a former one; the others' is what tags tell, all the same. */
static void find_names(const struct trees *t, const struct nodes *x, const struct table *models, char *name)
{
	uint32_t sorted[TREES_TOP];
	size_t len;

	for (int i = 0; i < t->n; i++)
		sorted[i] = t->top[i].node;
	sets_sort(sorted, (uint64_t)t->n);
	for (uint64_t i = 0; i < models->n; i++)
		if (is_top(sorted, t->n, x->of_row[i])) {
			const char *s = texts_get(&models->col[F_ID].str, i, &len);

			put_name(t, name, x->of_row[i], 1, s, len);
		}
	for (uint64_t i = 0; i < x->names.name.text.n; i++)
		if (is_top(sorted, t->n, x->of_name[i])) {
			const char *s = texts_get(&x->names.name.text, i, &len);

			put_name(t, name, x->of_name[i], 0, s, len);
		}
}

static int name_trees(struct trees *t, const struct nodes *x, const struct table *models, int rc, struct err *e)
{
	char *name = calloc(TREES_TOP, WIDTH);
	int me;

	MPI_Comm_rank(x->comm, &me);
	if (!(rc = err_agree(x->comm, name ? rc : no_memory(e), e))) {
		find_names(t, x, models, name);
		MPI_Allreduce(MPI_IN_PLACE, name, TREES_TOP * WIDTH, MPI_BYTE, MPI_BOR, x->comm);
		for (int i = 0; i < t->n && !rc; i++)
			if (texts_add(&t->name, name + (size_t)i * WIDTH, strlen(name + (size_t)i * WIDTH)))
				rc = no_memory(e);
	}
	free(name);
	return err_agree(x->comm, rc, e);
}

int trees_build(struct trees *t, const struct kin *k, const struct nodes *x, const struct table *models, int rc,
		uint64_t limit, struct err *e)
{
	uint32_t *own = malloc((size_t)(x->n + 1) * sizeof *own), end = 0;
	int64_t *all = calloc((size_t)x->n + 1, sizeof *all);
	struct parts p = { NULL, 0 };
	int nranks, me, rounds = 0;

	memset(t, 0, sizeof *t);
	MPI_Comm_size(x->comm, &nranks);
	MPI_Comm_rank(x->comm, &me);
	if (!rc && (!own || !all))
		rc = no_memory(e);
	for (uint64_t i = 0; i < x->n && !rc; i++)
		own[i] = k->is_base[i] && sets_size(&k->g.base, i) == 0 ? (uint32_t)(x->first[me] + i) : REACH_NONE;
	if (!(rc = err_agree(x->comm, rc, e)))
		end = (uint32_t)x->first[nranks];
	rc = reach_passes(&k->g, rc, own, 0, end, limit, take_parts, &p, &rounds, e);
	free(own);
	rc = add_up(x, rc, &p, all, e);
	free(p.x);
	rc = choose(t, x, rc, all, e);
	free(all);
	return name_trees(t, x, models, rc, e);
}
