// SPDX-License-Identifier: Apache-2.0
/* A page of accounts of any bytes: every name that is taken is a valid one, and what is no account is refused with its
 * reason. */
#include <stdlib.h>
#include <string.h>

#include "crawler/roll.h"
#include "io/h5shard.h"
#include "io/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int cond)
{
	if (!cond)
		abort();
}

static void check(enum account_list list, const struct roll_page *p)
{
	require(p->nrow <= ROLL_MAX && (p->is_page || p->nrow == 0) && strlen(p->why) < 64);
	require(p->nfollowing >= -1 && p->own.followers >= -1 && p->own.type < NACCOUNT_TYPES);
	for (size_t i = 0; i < p->nrow; i++) {
		const struct roll_row *r = p->row + i;

		require(account_name_is_valid(r->name, r->n) && r->a.type < NACCOUNT_TYPES && r->a.followers >= -1);
		require(r->a.sources == 1u << roll_source(list) && r->a.done == 0 && r->a.refused == 0);
	}
	require(p->refused_why->n == p->nrefused && p->refused_raw->n == p->nrefused);
	for (size_t i = 0; i < p->nrefused; i++) {
		size_t nwhy, nraw;

		texts_get(p->refused_why, i, &nwhy);
		texts_get(p->refused_raw, i, &nraw);
		require(nwhy > 0 && nwhy < 64 && nraw <= REFUSAL_RAW_MAX);
	}
}

/* First byte: which list, and whether it may be cut. The rest is the page, in a buffer of its own length, so that a
 * sanitizer sees reads beyond the padding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct roll *r;
	struct err e = ERR_INIT;
	struct roll_page p;
	enum account_list list;
	char *text;

	if ((!r && !(r = roll_create())) || n == 0)
		return 0;
	text = malloc(n - 1 + JS_PADDING);
	if (!text)
		return 0;
	memcpy(text, data + 1, n - 1);
	memset(text + n - 1, 0, JS_PADDING);
	list = (enum account_list)(data[0] % NACCOUNT_LISTS);
	if (roll_take(r, list, data[0] & 128 ? ROLL_FORCE : 0, text, n - 1, 1790000000, &p, &e))
		require(e.code == E_NOMEM);
	else
		check(list, &p);
	free(text);
	return 0;
}
