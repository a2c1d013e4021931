// SPDX-License-Identifier: Apache-2.0
#include "crawler/users_load.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/stop.h"
#include "io/agree.h"
#include "io/h5known.h"
#include "io/h5shard.h"

/* --- earlier sessions --- */

static int tell_shard(struct users_load *l, const struct account_shard *s)
{
	for (uint64_t i = 0; i < s->n; i++) {
		size_t n;
		const char *name = texts_get(&s->name, i, &n);

		if (asker_tell(l->asker, ITEM_KNOWN, name, n, s->row + i))
			return -1;
	}
	for (uint64_t i = 0; i < s->nlist; i++) {
		size_t nwhose, nnext;
		const char *whose = texts_get(&s->whose, i, &nwhose), *next = texts_get(&s->next, i, &nnext);

		if (asker_tell_list(l->asker, s->list + i, whose, nwhose, next, nnext))
			return -1;
	}
	l->requests += s->counter[CNT_REQUESTS];
	l->pages += s->counter[CNT_PAGES];
	return 0;
}

static int load_accounts(struct users_load *l, struct err *e)
{
	struct shard_list list = { NULL, 0 };
	int rc = account_shard_list(&list, l->names, e);

	for (size_t i = (size_t)l->rank; i < list.n && !rc; i += (size_t)l->nranks) {
		struct account_shard s;

		if ((rc = stop_check(l->is_stopped, e)))
			break;
		rc = account_shard_read(&s, list.path[i], l->snapshot->id, e);
		if (!rc && tell_shard(l, &s))
			rc = err_set(e, E_NOMEM, "no memory for the accounts of '%s'", list.path[i]);
		account_shard_release(&s);
	}
	shard_list_release(&list);
	return rc;
}

/* --- repositories --- */

/* Who owns row i: its author, or what stands before the slash of its id. */
static const char *owner_of(const struct table *t, uint64_t i, size_t *n)
{
	int32_t code = t->col[F_AUTHOR].code[i];
	const char *id, *slash;

	if (code >= 0)
		return dict_get(&t->col[F_AUTHOR].labels, code, n);
	id = texts_get(&t->col[F_ID].str, i, n);
	slash = memchr(id, '/', *n);
	*n = slash ? (size_t)(slash - id) : 0;
	return id;
}

/* Every owner of the shard once, as far as a label tells it. */
static int tell_owners(struct users_load *l, const struct table *t)
{
	uint64_t nlabel = t->col[F_AUTHOR].labels.text.n;
	char *told = calloc(1, (size_t)nlabel + 1);
	int rc = told ? 0 : -1;

	for (uint64_t i = 0; i < t->n && !rc; i++) {
		struct account x = ACCOUNT_INIT;
		int32_t code = t->col[F_AUTHOR].code[i];
		size_t n;
		const char *name = owner_of(t, i, &n);

		if (code >= 0 && told[code])
			continue;
		if (code >= 0)
			told[code] = 1;
		if (!account_name_is_valid(name, n)) {
			l->no_owners += n > 0;
			continue;
		}
		x.sources = 1u << SOURCE_OWNER;
		x.observed = t->col[F_OBSERVED].i64[i];
		rc = asker_tell(l->asker, ITEM_OWNER, name, n, &x);
	}
	free(told);
	return rc;
}

static int tell_repos(struct users_load *l, const struct table *t)
{
	for (uint64_t i = 0; i < t->n; i++) {
		int64_t likes = t->col[F_LIKES].i64 ? t->col[F_LIKES].i64[i] : -1;
		size_t n;
		const char *id = texts_get(&t->col[F_ID].str, i, &n);

		if (likes > 0 && account_repo_is_askable(id, n) &&
		    asker_tell_repo(l->asker, t->kind, t->col[F_OID].oid[i], id, n, likes))
			return -1;
	}
	return 0;
}

static int load_repos(struct users_load *l, struct err *e)
{
	struct shard_list list = { NULL, 0 };
	int rc = shard_list(&list, l->shards, e);

	for (size_t i = (size_t)l->rank; i < list.n && !rc; i += (size_t)l->nranks) {
		struct shard s;
		uint64_t nrows;

		if ((rc = stop_check(l->is_stopped, e)))
			break;
		rc = shard_read(&s, list.path[i], l->snapshot->id, 1, &nrows, e);
		if (!rc && (tell_owners(l, &s.rows) || tell_repos(l, &s.rows)))
			rc = err_set(e, E_NOMEM, "no memory for the owners in '%s'", list.path[i]);
		shard_release(&s);
	}
	shard_list_release(&list);
	return rc;
}

/* --- an earlier census --- */

static int take_known(void *arg, const char *name, size_t n, struct oid oid, enum account_type type)
{
	struct users_load *l = arg;
	struct account x = ACCOUNT_INIT;

	if (stop_check(l->is_stopped, &l->stop))
		return -1;
	if (!account_name_is_valid(name, n))
		return 0;
	x.oid = oid;
	x.type = (uint8_t)type;
	x.sources = 1u << SOURCE_EARLIER;
	x.observed = clock_wall_ms() / 1000;
	return asker_tell(l->asker, ITEM_OWNER, name, n, &x);
}

/* Of one that is not there, or cannot be read, what to do is still to be said. */
int users_check_known(const char *path, struct err *e)
{
	struct err x = ERR_INIT;
	int rc = known_check(path, &x);

	return rc ? err_set(e, rc, "%s%s", x.text, strchr(x.text, ';') ? "" : "; make it with hubreduce") : E_OK;
}

static int check_known(struct users_load *l, struct err *e)
{
	return l->known && l->rank == 0 ? users_check_known(l->known, e) : E_OK;
}

static int load_known(struct users_load *l, struct err *e)
{
	struct err own = ERR_INIT;
	int rc = l->known ? known_read(l->known, l->rank, l->nranks, take_known, l, &own) : E_OK;

	/* known_read() knows of no other reason to end it than memory. */
	if (l->stop.code)
		return err_set(e, l->stop.code, "%s", l->stop.text);
	return rc ? err_set(e, rc, "%s", own.text) : E_OK;
}

/* --- all --- */

static void take(void *arg, int rank, const void *bytes, size_t n)
{
	asker_parcel(arg, rank, bytes, n);
}

/* One of them on every rank, and all that it told has arrived. */
static int stage(struct users_load *l, int (*load)(struct users_load *, struct err *), struct err *e)
{
	int rc = load(l, e);

	if (asker_flush(l->asker) && !rc)
		rc = err_set(e, E_NOMEM, "no memory for the accounts that are known");
	post_settle(l->post, take, l->asker);
	return err_agree(l->comm, rc, e);
}

/* Lists that were asked come before the repositories whose they may be. */
int users_load(struct users_load *l, struct err *e)
{
	int64_t mine[2], all[2];

	if (stage(l, load_accounts, e) || stage(l, load_repos, e) || stage(l, check_known, e) ||
	    stage(l, load_known, e))
		return e->code;
	mine[0] = l->requests;
	mine[1] = l->pages;
	agree_sum(l->comm, mine, all, 2);
	l->requests = all[0];
	l->pages = all[1];
	return err_agree(l->comm,
			 asker_begin(l->asker) ? err_set(e, E_NOMEM, "no memory for what is to be asked") : E_OK, e);
}
