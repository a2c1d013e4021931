// SPDX-License-Identifier: Apache-2.0
#include "crawler/source.h"

#include <stdlib.h>
#include <string.h>

/* What is expected of a kind of which nothing is known: much, or it would not be tried. A page has up to 500. */
#define HOPE 200.0
/* Requests that one saves, if nothing is known: one of the two lists of a user is empty. */
#define HOPE_SAVED 1.0
/* Requests that the expectation of the kind, and that hope, weigh as much as. */
#define WEIGHT 2.0
/* By what a request makes the ones before count less: 256 of them are remembered, so to say. */
#define MEMORY (1.0 - 1.0 / 256)

int sources_init(struct sources *s, int nclass, int nkind)
{
	memset(s, 0, sizeof *s);
	s->of_class = calloc((size_t)nclass, sizeof *s->of_class);
	s->of_kind = calloc((size_t)nkind, sizeof *s->of_kind);
	s->nclass = nclass;
	s->nkind = nkind;
	return s->of_class && s->of_kind ? 0 : -1;
}

void sources_release(struct sources *s)
{
	free(s->of_class);
	free(s->of_kind);
	memset(s, 0, sizeof *s);
}

static void asked(struct source *x)
{
	x->ever_tried++;
	x->tried = x->tried * MEMORY + 1;
	x->gained *= MEMORY;
	x->saved *= MEMORY;
}

void sources_asked(struct sources *s, int class, int kind)
{
	asked(s->of_class + class);
	asked(s->of_kind + kind);
}

static void gained(struct source *x, double naccounts)
{
	x->gained += naccounts;
	x->ever_gained += naccounts;
}

void sources_gained(struct sources *s, int class, int kind, double naccounts)
{
	gained(s->of_class + class, naccounts);
	gained(s->of_kind + kind, naccounts);
}

void sources_saved(struct sources *s, int class, int kind, int64_t nrequests)
{
	s->of_class[class].saved += (double)nrequests;
	s->of_kind[kind].saved += (double)nrequests;
}

static double expect(double got, double tried, double prior)
{
	return (got + WEIGHT * prior) / (tried + WEIGHT);
}

/* Lately, drawn to what it always was: of sources that bring hardly anything any more those come first that brought
 * most. */
static double yield(const struct source *x, double prior)
{
	return expect(x->gained, x->tried, expect(x->ever_gained, x->ever_tried, prior));
}

double sources_yield(const struct sources *s, int class, int kind)
{
	return yield(s->of_class + class, yield(s->of_kind + kind, HOPE));
}

double sources_saving(const struct sources *s, int class, int kind)
{
	const struct source *c = s->of_class + class, *k = s->of_kind + kind;

	return expect(c->saved, c->tried, expect(k->saved, k->tried, HOPE_SAVED));
}
