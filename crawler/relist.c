// SPDX-License-Identifier: Apache-2.0
#include "crawler/relist.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/listing.h"
#include "crawler/retry.h"

#define PATH_CAP 512 /* as struct slot has */

/* --- was it asked for? --- */

/* The id of a repository stands in the address alone: /api/models/ID/likers. */
static int repo_path(const struct relist *r, const struct note_list *n, const char *uri, char path[PATH_CAP])
{
	size_t nbase = strlen(r->hub->base), len;
	char frame[64];
	const char *gap;

	if (strncmp(uri, r->hub->base, nbase) != 0)
		return -1;
	uri += nbase;
	len = strcspn(uri, "?");
	/* Its two ends, of the path of no repository. */
	if (hub_account_path(n->list, "", 0, frame, sizeof frame) < 0 || !(gap = strstr(frame, "//")))
		return -1;
	gap++;
	if (len >= PATH_CAP || len <= strlen(frame) || strncmp(uri, frame, (size_t)(gap - frame)) != 0 ||
	    strncmp(uri + len - strlen(gap), gap, strlen(gap)) != 0)
		return -1;
	memcpy(path, uri, len);
	path[len] = '\0';
	return 0;
}

static int path_of(const struct relist *r, const struct note_list *n, const char *uri, char path[PATH_CAP])
{
	if (n->list >= NACCOUNT_OWN)
		return repo_path(r, n, uri, path);
	return hub_account_path(n->list, n->whose, strlen(n->whose), path, PATH_CAP) < 0 ? -1 : 0;
}

int relist_is_own(const struct relist *r, const struct note_list *n, const char *uri)
{
	char path[PATH_CAP], url[HUB_URL_MAX];
	size_t len;

	if (path_of(r, n, uri, path) || hub_account_url(r->hub, n->list, path, NULL, url, sizeof url) < 0)
		return 0;
	len = strlen(url);
	if (strncmp(uri, url, len) != 0)
		return 0;
	/* The Hub's own cursors are what it said. */
	return uri[len] == '\0' || ((uri[len] == '?' || uri[len] == '&') && !strncmp(uri + len + 1, "cursor=", 7));
}

/* --- into the ledger --- */

static struct account_shard *shard_of(struct relist *r)
{
	return &r->ledger.shard;
}

static int keep(struct relist *r, const struct note_list *n, const struct account *a)
{
	return account_shard_add(shard_of(r), a, n->whose, strlen(n->whose));
}

static int keep_list(struct relist *r, const struct note_list *n, const struct account_list_row *l, const char *next)
{
	return account_shard_add_list(shard_of(r), l, n->whose, strlen(n->whose), next, strlen(next));
}

static int end_list(struct relist *r, const struct note_list *n, struct account_list_row *l, int refused,
		    enum account_type type)
{
	struct account own = listing_end(n->list, refused, type, l->observed);

	shard_of(r)->asked[n->list][refused ? ASKED_REFUSED : ASKED_DONE]++;
	l->state = refused ? LIST_REFUSED : LIST_DONE;
	return n->list < NACCOUNT_OWN ? keep(r, n, &own) : keep_list(r, n, l, "");
}

/* As asker_reply.c: of a number that is known to be 0 the list need not be asked, unless it was or is being. */
static int keep_overview(struct relist *r, const struct note_list *n, const struct roll_page *p)
{
	struct account own = p->own;

	own.type = ACCOUNT_USER;
	own.sources = 0;
	if (own.followers == 0)
		own.done |= (uint8_t)(1u << LIST_FOLLOWERS & ~n->busy);
	if (p->nfollowing == 0)
		own.done |= (uint8_t)(1u << LIST_FOLLOWING & ~n->busy);
	return keep(r, n, &own);
}

static int keep_rows(struct relist *r, const struct roll_page *p)
{
	for (size_t i = 0; i < p->nrow; i++)
		if (account_shard_add(shard_of(r), &p->row[i].a, p->row[i].name, p->row[i].n))
			return -1;
	return 0;
}

static int keep_page(struct relist *r, const struct note_list *n, const struct roll_page *p)
{
	r->npages++;
	if (listing_count(shard_of(r), n->list, p))
		return -1;
	return n->list == LIST_OVERVIEW ? keep_overview(r, n, p) : 0;
}

/* What the page is to the account, where it has one: its type. */
static enum account_type type_of(const struct note_list *n)
{
	enum account_type told = n->list == LIST_MEMBERS || n->list == LIST_ORG_FOLLOWERS ? ACCOUNT_ORG : ACCOUNT_USER;

	return n->type > told ? (enum account_type)n->type : told;
}

static int take_page(struct relist *r, const struct warc_record *x, const struct note_list *n,
		     struct account_list_row *l, const char *link, size_t nlink, struct err *e)
{
	char cursor[HUB_CURSOR_MAX], path[PATH_CAP];
	uint64_t mark = n->mark;
	int64_t mark_pages = n->mark_pages;
	enum listing_step step;
	enum hub_next next;
	struct roll_page p;
	int bad;

	if (roll_take(r->roll, n->list, n->flags, x->body, x->nbody, l->observed, &p, e))
		return e->code;
	if (!p.is_page || path_of(r, n, x->uri, path)) {
		shard_of(r)->counter[CNT_NOT_JSON]++;
		return E_OK;
	}
	l->pages++;
	l->rows += (int64_t)p.nrow;
	next = hub_next_path(r->hub, path, link, nlink, cursor);
	step = listing_step(l->pages, p.nrow, n->flags, next, cursor, &mark, &mark_pages);
	bad = keep_rows(r, &p);
	if (step == LISTING_STUCK)
		shard_of(r)->counter[CNT_PAGES_BROKEN]++;
	else
		bad |= keep_page(r, n, &p);
	if (step == LISTING_MORE)
		bad |= keep_list(r, n, l, cursor);
	else if (step == LISTING_END)
		bad |= end_list(r, n, l, 0, type_of(n));
	return bad ? err_set(e, E_NOMEM, "no memory for an archived page of accounts") : E_OK;
}

int relist_record(struct relist *r, const struct warc_record *x, const struct note_list *n, const char *link,
		  size_t nlink, struct err *e)
{
	struct account_list_row l = { .list = (uint8_t)n->list,
				      .state = LIST_MORE,
				      .pages = n->pages,
				      .rows = n->rows,
				      .observed = x->date_ms / 1000 };

	if (!users_sealed_has(r->sealed, n->session, n->rank, n->seq))
		return E_OK;
	shard_of(r)->counter[CNT_REQUESTS]++;
	shard_of(r)->counter[CNT_BYTES] += (int64_t)x->nbody;
	if (retry_outcome(x->status) == OUT_PAGE)
		return take_page(r, x, n, &l, link, nlink, e);
	return end_list(r, n, &l, 1, (enum account_type)n->type)
		     ? err_set(e, E_NOMEM, "no memory for an archived refusal")
		     : E_OK;
}
