// SPDX-License-Identifier: Apache-2.0
/* The two orders of the reduce: texts by their bytes, rows by ObjectId. Local, pure. */
#ifndef REDUCE_ORDER_H
#define REDUCE_ORDER_H

#include <stdint.h>

#include "io/oid.h"
#include "io/table.h"

/* perm[i] becomes the index of the i-th smallest text, bytewise, a shorter one before what it begins; equal ones in any
 * order. Returns 0, or -1 when memory is short. */
int order_texts(const struct texts *t, uint32_t *perm);

/* Compare as order_texts() does. */
int order_text_cmp(const char *a, size_t na, const char *b, size_t nb);

/* A row's place in the order. */
struct order_key {
	uint64_t place; /* oid_place() */
	uint32_t tail;  /* the four bytes behind it */
	uint32_t at;    /* index of the row */
};

struct order_key order_key_of(struct oid o, uint32_t at);

static inline int order_same(const struct order_key *a, const struct order_key *b)
{
	return a->place == b->place && a->tail == b->tail;
}

/* Sort n keys by ObjectId; equal ones keep their order. Fast where the input consists of few ascending runs, as shards
 * do. Returns 0, or -1 when memory is short. */
int order_keys(struct order_key *k, uint64_t n);

/* perm[n] becomes the order of n records of `size` bytes at x, which begin with a uint64_t hash, spread evenly between
 * the least and the largest. cmp, as qsort_r() calls it with two elements of perm and x, orders by that hash first. */
int order_spread(uint32_t *perm, uint64_t n, void *x, size_t size, int (*cmp)(const void *, const void *, void *));

#endif
