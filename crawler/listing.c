// SPDX-License-Identifier: Apache-2.0
#include "crawler/listing.h"

#include <string.h>

/* Of one of the fastest hashes there are, 64 bits: dispersion is all that is asked of it. */
#define XXH_INLINE_ALL
#include <xxhash.h>

int listing_count(struct account_shard *s, enum account_list list, const struct roll_page *p)
{
	for (size_t i = 0; i < p->nrefused; i++) {
		char why[64];
		size_t nwhy, nraw;
		const char *w = texts_get(p->refused_why, i, &nwhy), *raw = texts_get(p->refused_raw, i, &nraw);

		nwhy = nwhy < sizeof why ? nwhy : sizeof why - 1;
		memcpy(why, w, nwhy);
		why[nwhy] = '\0';
		if (account_shard_add_refusal(s, why, raw, nraw))
			return -1;
	}
	s->counter[CNT_REFUSED] += (int64_t)p->nrefused;
	s->counter[CNT_ROWS] += (int64_t)p->nrow;
	s->counter[CNT_PAGES]++;
	s->asked[list][ASKED_ROWS] += (int64_t)p->nrow;
	s->asked[list][ASKED_PAGES]++;
	return 0;
}

struct account listing_end(enum account_list list, int refused, enum account_type type, int64_t observed)
{
	struct account own = ACCOUNT_INIT;

	own.observed = observed;
	own.type = (uint8_t)type;
	*(refused ? &own.refused : &own.done) = (uint8_t)(1u << list);
	return own;
}

int listing_is_circle(int64_t pages, const char *cursor, uint64_t *mark, int64_t *mark_pages)
{
	uint64_t hash = XXH3_64bits(cursor, strlen(cursor));

	if (*mark_pages > 0 && *mark == hash)
		return 1;
	if (pages >= 2 * *mark_pages) {
		*mark = hash;
		*mark_pages = pages;
	}
	return 0;
}

enum listing_step listing_step(int64_t pages, size_t nrow, unsigned flags, enum hub_next next, const char *cursor,
			       uint64_t *mark, int64_t *mark_pages)
{
	if (next == HUB_NEXT_NONE)
		return LISTING_END;
	if (next != HUB_NEXT_OK || (nrow == 0 && flags & LISTING_DRY) ||
	    listing_is_circle(pages, cursor, mark, mark_pages))
		return LISTING_STUCK;
	return LISTING_MORE;
}
