// SPDX-License-Identifier: Apache-2.0
/* How many repositories derive from the models of each namespace. */
#ifndef REDUCE_FAMILIES_H
#define REDUCE_FAMILIES_H

#include "reduce/kin.h"

#define FAMILIES_TOP 100
#define FAMILY_NONE  UINT32_MAX

enum family_count { FAM_DIRECT, FAM_ALL, FAM_OTHERS, FAM_RELATION, FAM_COUNTS = FAM_RELATION + NRELATIONS };

struct families {
	uint32_t n; /* namespaces that something derives from */
	uint32_t
		*of_space; /* per namespace (code in nodes.spaces): number of its family, in their order; FAMILY_NONE */
	int32_t *space;    /* per family: its namespace */
	int64_t *count;    /* FAM_COUNTS per family, of all ranks */
	int rounds;        /* of the closure */

	/* The largest by FAM_ALL, ties by name; the same on all ranks. */
	uint32_t ntop, top[FAMILIES_TOP];
	struct texts name;           /* of top */
	int64_t named[FAMILIES_TOP]; /* see families_named() */
};

/* Collective. `f` is overwritten, to be released, also on error. limit: of reach_passes(). Errors: rc of any rank,
 * E_NOMEM. */
int families_build(struct families *f, const struct kin *k, const struct nodes *x, int rc, uint64_t limit,
		   struct err *e);
void families_release(struct families *f);

/* Collective: f->named[i] becomes the number of repositories outside the family top[i], owned by others, that have a
 * tag which names it: a tag without a colon that contains the namespace as a word. A word begins where no letter or
 * digit stands before it, and ends where no letter follows ("qwen3_moe" names qwen). Letter case aside. */
int families_named(struct families *f, const struct kin *k, const struct nodes *x, const struct table *t, int rc,
		   uint64_t limit, struct err *e);

/* Does a tag name a namespace (in lower case)? Local, pure. */
int families_is_named(const char *tag, size_t ntag, const char *space, size_t nspace);

/* The family of an own node, FAMILY_NONE. Local. */
static inline uint32_t families_of(const struct families *f, const struct nodes *x, uint64_t i)
{
	return x->space[i] < 0 ? FAMILY_NONE : f->of_space[x->space[i]];
}

/* That of the owner of an own node. */
static inline uint32_t families_of_owner(const struct families *f, const struct nodes *x, uint64_t i)
{
	return x->owner[i] < 0 ? FAMILY_NONE : f->of_space[x->owner[i]];
}

#endif
