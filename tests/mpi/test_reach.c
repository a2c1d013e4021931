// SPDX-License-Identifier: Apache-2.0
/* Labels and roots upstream, on any number of ranks: chains and their rounds, cycles, random graphs against a naive
 * closure, limits that force passes and keep the stride. */
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/ask.h"
#include "reduce/reach.h"
#include "tests/mpi/tap_mpi.h"

#define PLENTY (1u << 24)

static int rank, nranks;

/* The whole graph, the same on every rank. */
struct whole {
	uint32_t n, nedge;
	uint32_t *child, *base; /* in order of the child */
	uint32_t *label;
};

static void whole_init(struct whole *w, uint32_t n, uint32_t room)
{
	w->n = n;
	w->nedge = 0;
	w->child = calloc((size_t)room + 1, sizeof *w->child);
	w->base = calloc((size_t)room + 1, sizeof *w->base);
	w->label = malloc(((size_t)n + 1) * sizeof *w->label);
	if (!w->child || !w->base || !w->label)
		MPI_Abort(MPI_COMM_WORLD, 1);
	for (uint32_t i = 0; i < n && w->label; i++)
		w->label[i] = REACH_NONE;
}

static void whole_release(struct whole *w)
{
	free(w->child);
	free(w->base);
	free(w->label);
}

static void add_edge(struct whole *w, uint32_t child, uint32_t base)
{
	w->child[w->nedge] = child;
	w->base[w->nedge++] = base;
}

/* This rank's part: an uneven share, for rank 1 of several nothing. */
static void deal(const struct whole *w, struct graph *g, const uint32_t **label)
{
	uint64_t share = w->n / (uint64_t)nranks, first = 0, *of_ranks;
	struct err e = ERR_INIT;
	uint32_t at = 0;

	g->comm = MPI_COMM_WORLD;
	g->n = nranks == 1 ? w->n : rank == 0 ? 2 * share : rank == 1 ? 0 : share;
	if (rank == nranks - 1 && nranks > 1)
		g->n = nranks == 2 ? w->n - 2 * share : w->n - share * (uint64_t)(nranks - 1);
	if (ask_first(&of_ranks, MPI_COMM_WORLD, 0, g->n, &e) || sets_init(&g->base, g->n))
		MPI_Abort(MPI_COMM_WORLD, 1);
	g->first = of_ranks;
	first = g->first ? g->first[rank] : 0;
	for (uint64_t i = 0; i < g->n; i++) {
		while (at < w->nedge && w->child[at] < first + i)
			at++;
		for (; at < w->nedge && w->child[at] == first + i; at++)
			sets_put(&g->base, &w->base[at], 1);
		sets_end(&g->base);
	}
	*label = w->label + first;
}

static void graph_release(struct graph *g)
{
	free(g->first);
	sets_release(&g->base);
}

/* The truth, by relaxing until nothing changes: has[v * nlabel + l], depth[v]. */
static void naive(const struct whole *w, uint32_t nlabel, uint8_t *has, uint32_t *depth)
{
	int changed = 1;

	for (uint32_t i = 0; i < w->n; i++)
		depth[i] = 0;
	for (uint32_t k = 0; k < w->nedge; k++)
		depth[w->child[k]] = REACH_NONE;
	while (changed) {
		changed = 0;
		for (uint32_t k = 0; k < w->nedge; k++) {
			uint32_t c = w->child[k], b = w->base[k];

			for (uint32_t l = 0; l < nlabel; l++)
				if ((w->label[b] == l || has[b * nlabel + l]) && !has[c * nlabel + l])
					changed = has[c * nlabel + l] = 1;
			if (depth[b] != REACH_NONE && depth[b] + 1 < depth[c]) {
				depth[c] = depth[b] + 1;
				changed = 1;
			}
		}
	}
}

/* What reach_passes() brings: has[v * nlabel + l] for own v. */
struct seen {
	uint8_t *has;
	uint64_t n;
	uint32_t nlabel;
	int passes, bad;
};

static int take(void *arg, const struct sets *label, uint32_t lo, uint32_t hi)
{
	struct seen *s = arg;

	s->passes++;
	for (uint64_t i = 0; i < s->n; i++) {
		uint64_t n;
		const uint32_t *x = sets_get(label, i, &n);

		for (uint64_t j = 0; j < n; j++) {
			s->bad += x[j] < lo || x[j] >= hi || s->has[i * s->nlabel + x[j]];
			s->has[i * s->nlabel + x[j]] = 1;
		}
	}
	return 0;
}

/* Does it all come out as the naive closure has it? Returns the passes, or -1. */
static int agrees(const struct whole *w, uint32_t nlabel, uint64_t limit, int *doubled)
{
	struct graph g;
	struct reach r;
	struct err e = ERR_INIT;
	const uint32_t *label;
	uint8_t *has = calloc((size_t)w->n * nlabel + 1, 1);
	uint32_t *depth = malloc(((size_t)w->n + 1) * sizeof *depth);
	struct seen s = { .nlabel = nlabel };
	int full, rounds = 0, bad = 0;
	uint64_t first;

	deal(w, &g, &label);
	first = g.first[rank];
	naive(w, nlabel, has, depth);
	s.n = g.n;
	s.has = calloc((size_t)g.n * nlabel + 1, 1);
	bad |= reach_passes(&g, E_OK, label, 0, nlabel, limit, take, &s, &rounds, &e);
	bad |= s.bad != 0 || memcmp(s.has, has + first * nlabel, (size_t)g.n * nlabel) != 0;
	bad |= reach_find(&r, &g, E_OK, NULL, 0, 0, limit, &full, &e) || full;
	*doubled = r.doubled;
	for (uint64_t i = 0; i < g.n && !bad; i++)
		bad |= r.depth[i] != depth[first + i] || (r.depth[i] == REACH_NONE && sets_size(&r.jump, i) == 0);
	reach_release(&r);
	graph_release(&g);
	free(s.has);
	free(has);
	free(depth);
	MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT, MPI_LOR, MPI_COMM_WORLD);
	return bad ? -1 : s.passes;
}

/* Node i was made of node i - 1, but numbered so that neighbours are far apart. */
static void check_chain(uint32_t n, int most)
{
	struct whole w;
	struct graph g;
	struct reach r;
	struct err e = ERR_INIT;
	const uint32_t *label;
	const uint32_t step = 7919; /* a prime that divides no n here */
	uint32_t *place = malloc(n * sizeof *place), *at = malloc(n * sizeof *at);
	int full, good;
	uint64_t first;
	char name[128];

	whole_init(&w, n, n);
	for (uint32_t i = 0; i < n; i++) {
		at[i] = (uint32_t)((uint64_t)i * step % n);
		place[at[i]] = i;
	}
	for (uint32_t v = 0; v < n; v++)
		if (place[v] > 0)
			add_edge(&w, v, at[place[v] - 1]);
	w.label[at[0]] = 42;
	deal(&w, &g, &label);
	first = g.first[rank];
	good = !reach_find(&r, &g, E_OK, label, 0, 100, PLENTY, &full, &e) && !full;
	for (uint64_t i = 0; i < g.n && good; i++) {
		uint32_t up = place[first + i];

		good = r.depth[i] == up && sets_size(&r.label, i) == (up > 0) && (up == 0 || sets_has(&r.label, i, 42));
	}
	snprintf(name, sizeof name, "a chain of %u: all labels and depths", n);
	ok_all(MPI_COMM_WORLD, good, name);
	snprintf(name, sizeof name, "in %d rounds, at most %d", r.rounds, most);
	ok_all(MPI_COMM_WORLD, r.rounds <= most, name);
	reach_release(&r);
	graph_release(&g);
	whole_release(&w);
	free(place);
	free(at);
}

static void check_shapes(void)
{
	struct whole w;
	int doubled;

	whole_init(&w, 0, 0);
	ok_all(MPI_COMM_WORLD, agrees(&w, 3, PLENTY, &doubled) >= 0, "no node");
	whole_release(&w);
	whole_init(&w, 1, 0);
	w.label[0] = 1;
	ok_all(MPI_COMM_WORLD, agrees(&w, 3, PLENTY, &doubled) >= 0, "one node");
	whole_release(&w);
	whole_init(&w, 50, 50);
	for (uint32_t i = 0; i < 50; i++) {
		add_edge(&w, i, (i + 49) % 50);
		w.label[i] = i / 20;
	}
	ok_all(MPI_COMM_WORLD, agrees(&w, 3, PLENTY, &doubled) >= 0, "a cycle of 50: everybody derives from all");
	whole_release(&w);
	/* Layers of ten, each node made of the whole layer above. */
	whole_init(&w, 400, 4000);
	for (uint32_t i = 0; i < 400; i++) {
		w.label[i] = i % 7;
		for (uint32_t b = 0; b < 10 && i >= 10; b++)
			add_edge(&w, i, i / 10 * 10 - 10 + b);
	}
	ok_all(MPI_COMM_WORLD, agrees(&w, 7, PLENTY, &doubled) == 1 && doubled, "40 layers of ten: one pass");
	ok_all(MPI_COMM_WORLD, agrees(&w, 7, 100, &doubled) > 1 && !doubled,
	       "the same with room for 100 items: passes over the labels, steps of one length");
	whole_release(&w);
}

static void check_random(void)
{
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : 20261122;
	char name[128];
	int bad = 0, passes = 0;

	srand(seed);
	for (int round = 0; round < 60; round++) {
		uint32_t n = 1 + (uint32_t)rand() % 60, most = (uint32_t)rand() % 4, nlabel = 1 + (uint32_t)rand() % 9;
		uint64_t limit = rand() % 3 ? PLENTY : 20;
		struct whole w;
		int doubled, got;

		whole_init(&w, n, n * 4);
		for (uint32_t i = 0; i < n; i++) {
			w.label[i] = rand() % 2 ? (uint32_t)rand() % nlabel : REACH_NONE;
			for (uint32_t k = 0; k < most; k++) {
				/* Mostly upwards, sometimes into a cycle. */
				uint32_t b = rand() % 8 ? (uint32_t)rand() % (i + 1) : (uint32_t)rand() % n;

				if (b != i)
					add_edge(&w, i, b);
			}
		}
		got = agrees(&w, nlabel, limit, &doubled);
		bad += got < 0;
		passes += got;
		whole_release(&w);
	}
	snprintf(name, sizeof name, "60 random graphs, %d passes, seed %u", passes, seed);
	ok_all(MPI_COMM_WORLD, bad == 0, name);
}

/* One rank has failed before: all return its error, nobody waits. */
static void check_failure(void)
{
	struct whole w;
	struct graph g;
	struct reach r;
	struct err e = ERR_INIT;
	const uint32_t *label;
	int full, rc;

	whole_init(&w, 10, 10);
	add_edge(&w, 3, 2);
	deal(&w, &g, &label);
	rc = rank == nranks - 1 ? err_set(&e, E_IO, "a disk is full") : E_OK;
	rc = reach_find(&r, &g, rc, label, 0, 5, PLENTY, &full, &e);
	ok_all(MPI_COMM_WORLD, rc == E_IO && !strcmp(e.text, "a disk is full"), "one rank fails, all return its error");
	reach_release(&r);
	graph_release(&g);
	whole_release(&w);
}

int main(int argc, char **argv)
{
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &nranks);
	check_chain(2, 1);
	check_chain(100, 8);
	check_chain(10000, 15);
	check_shapes();
	check_random();
	check_failure();
	return tap_finalize();
}
