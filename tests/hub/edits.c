/* SPDX-License-Identifier: Apache-2.0 */
#include "edits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mix.h"
#include "population.h"

enum { WEEK = 604800, SPAN = 12 /* weeks in which everything happens */ };

/* What happens to one repository in a hundred of these, at a time of its own. */
enum event { GONE, PUBLISHED, RENAMED, TRANSFERRED, RECASED, CORRECTED, UNLIKED, UNCOUNTED, NEVENT };
static const double chance[NEVENT] = { 0.04, 0.02, 0.04, 0.03, 0.01, 0.06, 0.05, 0.02 };

struct view {
	const struct edit_opts *o;
	const struct population *p;
	struct replay *to;
	struct row_space *space;
	int64_t now;
	enum kind kind;
	uint64_t h; /* of the row */
};

int64_t edits_time(const struct edit_opts *o)
{
	return o->until - o->ago * WEEK;
}

/* Does it happen to this row at all? Then *at says when. */
static bool happens(const struct view *v, enum event e, int64_t *at)
{
	uint64_t h = mix_nth(v->h, 10 + (uint64_t)e);
	*at = v->o->until - (int64_t)(mix_unit(mix_nth(h, 1)) * SPAN * WEEK);
	return mix_unit(h) < chance[e];
}

static bool is_before(const struct view *v, enum event e)
{
	int64_t at;
	return happens(v, e, &at) && v->now < at;
}

static bool is_there(const struct view *v, const struct row *row)
{
	int64_t at;
	return row->created <= v->now && !is_before(v, PUBLISHED) && !(happens(v, GONE, &at) && v->now >= at);
}

static const char *keep(struct view *v, const char *s)
{
	return s ? replay_own(v->to, mem_str(s)) : NULL;
}

/* OWNER/NAME of the view: what comes later is not known yet. */
static void name(struct view *v, struct row *row)
{
	char owner[OWNER_TEXT], id[512];
	const char *slash = strchr(row->id, '/');
	if (!slash)
		return;
	snprintf(owner, sizeof owner, "%.*s", (int)(slash - row->id), row->id);
	if (is_before(v, TRANSFERRED))
		population_owner(v->p, v->kind, mix_below(mix_nth(v->h, 30), v->p->n[v->kind]), owner);
	else if (is_before(v, RECASED))
		for (char *c = owner; *c; c++)
			*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
	snprintf(id, sizeof id, "%s/%s%s", owner, is_before(v, RENAMED) ? "was-" : "", slash + 1);
	if (strcmp(id, row->id) == 0)
		return;
	row->id = keep(v, id);
	row->author = row->author ? keep(v, owner) : NULL;
}

/* Lifetime downloads grow towards what they are at the end; some were once more. */
static void count(struct view *v, struct row *row)
{
	double whole = (double)(v->o->until - row->created + 1), left = (double)(v->o->until - v->now) / whole;
	uint64_t week = mix_nth(v->h, 100 + (uint64_t)v->o->ago);
	if (row->all_time >= 0) {
		row->all_time -= (int64_t)((double)row->all_time * left * mix_unit(mix_nth(v->h, 40)));
		if (is_before(v, CORRECTED))
			row->all_time += 1 + (int64_t)mix_below(mix_nth(v->h, 41), 5000);
		if (is_before(v, UNCOUNTED))
			row->all_time = -1;
	}
	if (row->downloads >= 0 && v->o->ago > 0)
		row->downloads = (int64_t)((double)row->downloads * (0.6 + 0.7 * mix_unit(week)));
	if (row->likes >= 0) {
		row->likes -= (int64_t)((double)row->likes * left * mix_unit(mix_nth(v->h, 42)));
		row->likes += is_before(v, UNLIKED) ? 3 : 0;
	}
}

/* Members of a recorded element that differ now. */
static void rewrite(struct view *v, struct row *row, const struct row *was)
{
	struct member *m = mem_new((size_t)(row->nmembers + 1) * sizeof *m);
	int n = 0;
	for (int k = 0; k < row->nmembers; k++) {
		const char *key = was->members[k].key;
		struct buf b;
		buf_init(&b);
		m[n] = was->members[k];
		if (!strcmp(key, "id") || !strcmp(key, "modelId"))
			buf_json(&b, row->id);
		else if (!strcmp(key, "author") && row->author)
			buf_json(&b, row->author);
		else if (!strcmp(key, "downloads"))
			buf_int(&b, row->downloads);
		else if (!strcmp(key, "downloadsAllTime"))
			buf_int(&b, row->all_time);
		else if (!strcmp(key, "likes"))
			buf_int(&b, row->likes);
		if (b.n) {
			m[n].nraw = b.n;
			m[n].raw = keep(v, buf_cstr(&b));
		}
		buf_release(&b);
		n += strcmp(key, "downloadsAllTime") != 0 || row->all_time >= 0;
	}
	row->members = replay_own(v->to, m);
	row->nmembers = n;
}

/* Strings of their own, for the row's space is used again. */
static void copy_strings(struct view *v, struct row *row)
{
	const char **tags = replay_own(v->to, mem_new((size_t)(row->ntags + 1) * sizeof *tags));
	row->id = keep(v, row->id);
	row->author = keep(v, row->author);
	row->pipeline = keep(v, row->pipeline);
	row->library = keep(v, row->library);
	row->sdk = keep(v, row->sdk);
	row->arch = keep(v, row->arch);
	row->relation = keep(v, row->relation);
	for (int k = 0; k < row->nbase; k++)
		row->base[k].id = keep(v, row->base[k].id);
	for (int k = 0; k < row->ntags; k++)
		tags[k] = keep(v, row->tags[k]);
	row->tags = tags;
	row->tags_json = NULL;
}

static void take(struct view *v, uint64_t i)
{
	struct row *row = &v->to->rows[v->to->n], was;
	population_row(v->p, v->kind, i, row, v->space);
	v->h = mix_nth(mix64(v->o->seed + v->kind), i);
	if (!is_there(v, row))
		return;
	was = *row;
	copy_strings(v, row);
	name(v, row);
	count(v, row);
	if (row->members)
		rewrite(v, row, &was);
	v->to->n++;
}

void edits_apply(struct population *p, const struct edit_opts *o)
{
	static struct replay view[NKIND];
	struct view v = { .o = o, .p = p, .now = edits_time(o), .space = mem_new(sizeof(struct row_space)) };
	for (enum kind k = MODELS; k < NKIND; k++) {
		memset(&view[k], 0, sizeof view[k]);
		v.kind = k;
		v.to = &view[k];
		v.to->rows = mem_new((p->n[k] + 1) * sizeof *v.to->rows);
		for (uint64_t i = 0; i < p->n[k]; i++)
			take(&v, i);
		replay_order(v.to);
	}
	for (enum kind k = MODELS; k < NKIND; k++) {
		/* Lines of recorded elements are still pointed into. */
		view[k].below = p->recorded ? p->replay[k].owned : NULL;
		view[k].nbelow = p->recorded ? p->replay[k].nowned : 0;
		p->replay[k].owned = NULL;
		p->replay[k].nowned = 0;
		replay_release(&p->replay[k]);
		p->replay[k] = view[k];
		p->n[k] = view[k].n;
	}
	p->recorded = true;
	free(v.space);
}
