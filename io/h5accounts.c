// SPDX-License-Identifier: Apache-2.0
/* The shard of accounts in memory. Its file: h5accounts_file.c. */
#include "io/h5accounts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void account_shard_init(struct account_shard *s, const char *snapshot, int rank, int64_t session, const char *key_id)
{
	memset(s, 0, sizeof *s);
	snprintf(s->snapshot, sizeof s->snapshot, "%s", snapshot);
	snprintf(s->key_id, sizeof s->key_id, "%s", key_id);
	s->rank = rank;
	s->session = session;
}

void account_shard_clear(struct account_shard *s)
{
	s->n = s->nlist = 0;
	texts_truncate(&s->name, 0);
	texts_truncate(&s->whose, 0);
	texts_truncate(&s->next, 0);
	texts_truncate(&s->why, 0);
	texts_truncate(&s->raw, 0);
	memset(s->counter, 0, sizeof s->counter);
	memset(s->asked, 0, sizeof s->asked);
	sketch_init(&s->sketch);
}

void account_shard_release(struct account_shard *s)
{
	free(s->row);
	free(s->list);
	texts_release(&s->name);
	texts_release(&s->whose);
	texts_release(&s->next);
	texts_release(&s->why);
	texts_release(&s->raw);
	s->row = NULL;
	s->list = NULL;
	s->n = s->cap = s->nlist = s->list_cap = 0;
}

/* Room for one more of `size` bytes. */
static void *grow(void *p, uint64_t n, uint64_t *cap, size_t size)
{
	uint64_t more = *cap ? 2 * *cap : 256;
	void *a;

	if (n < *cap)
		return p;
	a = realloc(p, (size_t)more * size);
	if (a)
		*cap = more;
	return a;
}

int account_shard_add(struct account_shard *s, const struct account *a, const char *name, size_t n)
{
	struct account *row = grow(s->row, s->n, &s->cap, sizeof *row);

	if (!row)
		return -1;
	s->row = row;
	if (texts_add(&s->name, name, n))
		return -1;
	s->row[s->n++] = *a;
	return 0;
}

int account_shard_add_list(struct account_shard *s, const struct account_list_row *l, const char *whose, size_t nwhose,
			   const char *next, size_t nnext)
{
	struct account_list_row *list = grow(s->list, s->nlist, &s->list_cap, sizeof *list);

	if (!list)
		return -1;
	s->list = list;
	if (texts_add(&s->whose, whose, nwhose))
		return -1;
	if (texts_add(&s->next, next, nnext)) {
		texts_truncate(&s->whose, s->nlist);
		return -1;
	}
	s->list[s->nlist++] = *l;
	return 0;
}

int account_shard_add_refusal(struct account_shard *s, const char *why, const char *raw, size_t nraw)
{
	if (texts_add(&s->why, why, strlen(why)))
		return -1;
	if (texts_add(&s->raw, raw, nraw < REFUSAL_RAW_MAX ? nraw : REFUSAL_RAW_MAX)) {
		texts_truncate(&s->why, s->why.n - 1);
		return -1;
	}
	return 0;
}

int account_shard_is_empty(const struct account_shard *s)
{
	if (s->n || s->nlist || s->why.n)
		return 0;
	for (int i = 0; i < NCOUNTERS; i++)
		if (s->counter[i])
			return 0;
	return 1;
}

int account_shard_name_parse(const char *path, int *rank, int64_t *seq)
{
	const char *name = strrchr(path, '/');
	int len = 0;

	name = name ? name + 1 : path;
	return sscanf(name, "users-r%6d-%12" SCNd64 ".h5%n", rank, seq, &len) == 2 && len > 0 && name[len] == '\0' &&
	     *rank >= 0 && *seq >= 0;
}

static int is_account_shard(const char *name)
{
	int64_t seq;
	int rank;

	return account_shard_name_parse(name, &rank, &seq);
}

int account_shard_list(struct shard_list *l, const char *dir, struct err *e)
{
	return shard_list_where(l, dir, is_account_shard, e);
}

static int raise_number(const char *dir, int64_t *next, struct err *e)
{
	struct shard_list l;
	int rc = account_shard_list(&l, dir, e);

	for (size_t i = 0; i < l.n && !rc; i++) {
		int64_t seq = 0;
		int rank = 0;

		account_shard_name_parse(l.path[i], &rank, &seq);
		*next = seq >= *next ? seq + 1 : *next;
	}
	shard_list_release(&l);
	return rc;
}

int account_shard_number(const char *dir, int64_t *next, struct err *e)
{
	char damaged[4200];

	if (snprintf(damaged, sizeof damaged, "%s/damaged", dir) >= (int)sizeof damaged)
		return err_set(e, E_USAGE, "the path '%.60s...' is too long", dir);
	return raise_number(dir, next, e) ? e->code : raise_number(damaged, next, e);
}
