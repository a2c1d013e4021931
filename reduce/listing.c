// SPDX-License-Identifier: Apache-2.0
#include "reduce/listing.h"

#include <stdlib.h>
#include <string.h>

#include "io/h5accounts.h"

static int reserve(struct listing *l)
{
	uint64_t cap = l->cap ? 2 * l->cap : 256;
	uint8_t *state;
	int64_t *pages;

	if (l->key.text.n < l->cap)
		return 0;
	if (!(state = realloc(l->state, (size_t)cap)))
		return -1;
	l->state = state;
	if (!(pages = realloc(l->pages, (size_t)cap * sizeof *pages)))
		return -1;
	l->pages = pages;
	l->cap = cap;
	return 0;
}

int listing_add(struct listing *l, const struct account_list_row *row, const char *whose, size_t len)
{
	char key[1 + ACCOUNT_NAME_MAX];
	uint64_t n = l->key.text.n;
	int32_t i;

	if (len > ACCOUNT_NAME_MAX || reserve(l))
		return -1;
	key[0] = (char)row->list;
	account_key(key + 1, whose, len);
	if (dict_add(&l->key, key, len + 1, &i))
		return -1;
	if ((uint64_t)i < n && (row->pages < l->pages[i] || (row->pages == l->pages[i] && row->state < l->state[i])))
		return 0;
	l->pages[i] = row->pages;
	l->state[i] = row->state;
	return 0;
}

/* Lists that an account has or had. An unknown one's are those that would settle what it is; that one of them was
 * refused may say only that it is of the other type. */
static void count_account(const struct roster *r, uint64_t i, struct list_count *count)
{
	unsigned known = account_lists((enum account_type)r->type[i]) | r->done[i];

	for (int l = 0; l < NACCOUNT_OWN; l++) {
		if (!(known >> l & 1))
			continue;
		count[l].known++;
		count[l].done += r->done[i] >> l & 1;
		count[l].refused += (r->refused[i] & ~r->done[i]) >> l & 1;
	}
}

static int is_over(const struct roster *r, int list, const char *whose, size_t len)
{
	int64_t i = roster_find(r, whose, len);

	return i < 0 || (r->done[i] | r->refused[i]) >> list & 1 ||
	       !(account_lists((enum account_type)r->type[i]) >> list & 1);
}

void listing_count(const struct listing *l, const struct roster *r, struct list_count *count)
{
	for (uint64_t i = 0; i < r->n; i++)
		count_account(r, i, count);
	for (uint64_t i = 0; i < l->key.text.n; i++) {
		size_t len;
		const char *key = texts_get(&l->key.text, i, &len);
		struct list_count *c = &count[(int)key[0]];

		if (key[0] < NACCOUNT_OWN) {
			c->unfinished += l->state[i] == LIST_MORE && !is_over(r, key[0], key + 1, len - 1);
			continue;
		}
		c->known++;
		c->done += l->state[i] == LIST_DONE;
		c->refused += l->state[i] == LIST_REFUSED;
		c->unfinished += l->state[i] == LIST_MORE;
	}
}

void listing_release(struct listing *l)
{
	dict_release(&l->key);
	free(l->state);
	free(l->pages);
	memset(l, 0, sizeof *l);
}
