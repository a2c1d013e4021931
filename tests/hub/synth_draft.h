/* SPDX-License-Identifier: Apache-2.0 */
/* A synthetic row while it is drawn; for synth_*.c only.
 *
 * A tag is needed twice, as a string and as JSON, and rows have about twenty: so the texts that are known when this is
 * compiled are kept in both forms, and are moved by a fixed number of bytes. */
#ifndef HUB_SYNTH_DRAFT_H
#define HUB_SYNTH_DRAFT_H

#include <string.h>

#include "synth.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct draft {
	struct kin kin;
	uint64_t h; /* kin.h */
	struct row *row;
	struct row_space *space;
};

/* The values that belong to the row, by number. */
static inline double unit(const struct draft *d, uint64_t salt)
{
	return mix_unit(mix_nth(d->h, salt));
}

static inline uint64_t below(const struct draft *d, uint64_t salt, uint64_t n)
{
	return mix_below(mix_nth(d->h, salt), n);
}

/* ---- strings that are put together ---- */

/* Room for a string of less than ROW_WORD bytes in the row's space, or NULL; keep() takes what was written of it. */
static inline char *room(struct row_space *sp)
{
	return sp->used + ROW_WORD <= ROW_TEXT ? sp->text + sp->used : NULL;
}

/* end: behind the string, where its NUL goes. */
static inline const char *keep(struct row_space *sp, char *end)
{
	const char *s = sp->text + sp->used;
	*end = 0;
	sp->used = (size_t)(end + 1 - sp->text);
	return s;
}

static inline char *put_number(char *p, uint64_t v)
{
	char t[24];
	size_t at = sizeof t;
	do
		t[--at] = (char)('0' + v % 10);
	while (v /= 10);
	memcpy(p, t + at, sizeof t - at);
	return p + sizeof t - at;
}

/* ---- tags ---- */

enum { TAG_PAD = 56 };
struct tag {
	const char *text;
	char json[TAG_PAD]; /* with a comma before it */
	uint8_t njson;
};
#define TAG(s) TAG_ESCAPED(s, s)
#define TAG_ESCAPED(s, json)                                                                                           \
	{                                                                                                              \
		s, ",\"" json "\"", sizeof(json) + 2                                                                   \
	}

/* Without a branch, for nobody can foretell a coin: the tag is written, and counts or not. */
static inline void tag_if(struct draft *d, bool yes, const struct tag *t)
{
	struct row_space *sp = d->space;
	yes &= d->row->ntags < ROW_TAGS;
	sp->tags[d->row->ntags] = t->text;
	memcpy(sp->json + sp->njson, t->json, TAG_PAD);
	d->row->ntags += yes;
	sp->njson += yes ? t->njson : 0;
}

static inline void tag(struct draft *d, const struct tag *t)
{
	tag_if(d, true, t);
}

/* A text of which JSON escapes nothing, n < ROW_WORD bytes; so many that `owned` can be read of it. */
static inline void tag_text(struct draft *d, const char *text, size_t n, size_t owned)
{
	struct row_space *sp = d->space;
	char *p = sp->json + sp->njson;
	if (d->row->ntags == ROW_TAGS)
		return;
	sp->tags[d->row->ntags++] = text;
	memcpy(p, ",\"", 2);
	if (n <= TAG_PAD && owned >= TAG_PAD)
		memcpy(p + 2, text, TAG_PAD);
	else
		memcpy(p + 2, text, n);
	p[n + 2] = '"';
	sp->njson += n + 3;
}

/* Ends a tag that was put together in room(). */
static inline void tag_keep(struct draft *d, char *end)
{
	const char *text = keep(d->space, end);
	tag_text(d, text, (size_t)(end - text), ROW_WORD);
}

/* What all kinds have. */
void draft_languages(struct draft *d, const struct tag *list);
void draft_papers(struct draft *d, double chance);
void draft_tail(struct draft *d, double licensed); /* odd ones, sciences, the licence */
void draft_region(struct draft *d);
enum { NLANGUAGE = 22 };

void draft_model(struct draft *d);

#endif
