// SPDX-License-Identifier: Apache-2.0
#include "crawler/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crawler/listing.h"

#define FLAGS_MAX 7u

static const char *const order_name[] = { [HUB_ASC] = "asc", [HUB_DESC] = "desc" };

static void format_list(const struct note_list *l, char dst[NOTE_MAX])
{
	snprintf(dst, NOTE_MAX,
		 "list %s %s %" PRId64 " %d %" PRId64 " %" PRId64 " %" PRId64 " %u %u %" PRId64 " %016" PRIx64 " %u",
		 account_list_name[l->list], l->whose, l->session, l->rank, l->seq, l->pages, l->rows, l->type, l->busy,
		 l->mark_pages, l->mark, l->flags);
}

char *note_format(const struct note *n, char dst[NOTE_MAX])
{
	const char *kind = kind_name[n->window.kind];
	char lo[OID_HEX + 1], hi[OID_HEX + 1];

	dst[0] = '\0';
	switch (n->what) {
	case NOTE_NOTHING:
		break;
	case NOTE_PAGE:
		snprintf(dst, NOTE_MAX, "page %s %s %s %s %d %u %d", kind, order_name[n->window.order],
			 oid_hex(n->window.left.lo, lo), oid_hex(n->window.left.hi, hi), n->limit, n->flags,
			 n->chain != 0);
		break;
	case NOTE_TOTAL:
		snprintf(dst, NOTE_MAX, "total %s", kind);
		break;
	case NOTE_AUDIT:
		snprintf(dst, NOTE_MAX, "audit %s %" PRId64, kind, n->place);
		break;
	case NOTE_LIST:
		format_list(&n->list, dst);
		break;
	}
	return dst;
}

static int parse_page(struct note *n, const char *text)
{
	char kind[16], order[8], lo[OID_HEX + 1], hi[OID_HEX + 1];
	int k;

	n->what = NOTE_PAGE;
	if (sscanf(text, "page %15s %7s %24s %24s %4d %1u %1d", kind, order, lo, hi, &n->limit, &n->flags, &n->chain) !=
		    7 ||
	    (k = kind_find(kind)) < 0 || oid_parse(&n->window.left.lo, lo, strlen(lo)) ||
	    oid_parse(&n->window.left.hi, hi, strlen(hi)) || n->limit < 1 || n->limit > HUB_PAGE_ROWS ||
	    n->flags > FLAGS_MAX)
		return -1;
	n->window.kind = (enum kind)k;
	n->window.order = strcmp(order, order_name[HUB_DESC]) ? HUB_ASC : HUB_DESC;
	return 0;
}

static int parse_other(struct note *n, const char *text)
{
	char what[8], kind[16];
	int k, fields = sscanf(text, "%7s %15s %9" SCNd64, what, kind, &n->place);

	if (fields < 2 || (k = kind_find(kind)) < 0 || n->place < 0)
		return -1;
	n->what = fields == 3 ? NOTE_AUDIT : NOTE_TOTAL;
	n->window.kind = (enum kind)k;
	return 0;
}

static int find_list(const char *name)
{
	for (int l = 0; l < NACCOUNT_LISTS; l++)
		if (!strcmp(name, account_list_name[l]))
			return l;
	return -1;
}

static int parse_list(struct note *n, const char *text)
{
	struct note_list *l = &n->list;
	char list[32];
	struct oid oid;
	int k;

	n->what = NOTE_LIST;
	if (sscanf(text,
		   "list %31s %96s %15" SCNd64 " %9d %12" SCNd64 " %15" SCNd64 " %15" SCNd64 " %1u %3u %15" SCNd64
		   " %16" SCNx64 " %1u",
		   list, l->whose, &l->session, &l->rank, &l->seq, &l->pages, &l->rows, &l->type, &l->busy,
		   &l->mark_pages, &l->mark, &l->flags) != 12 ||
	    (k = find_list(list)) < 0 || l->session < 0 || l->rank < 0 || l->seq < 0 || l->pages < 0 || l->rows < 0 ||
	    l->mark_pages < 0 || l->type >= NACCOUNT_TYPES || l->busy >> NACCOUNT_OWN ||
	    l->flags & ~(unsigned)(ROLL_FORCE | LISTING_DRY))
		return -1;
	l->list = (enum account_list)k;
	return k < NACCOUNT_OWN ? !account_name_is_valid(l->whose, strlen(l->whose))
				: oid_parse(&oid, l->whose, strlen(l->whose));
}

static int parse(struct note *n, const char *text)
{
	if (!strncmp(text, "page ", 5))
		return parse_page(n, text);
	return strncmp(text, "list ", 5) ? parse_other(n, text) : parse_list(n, text);
}

int note_parse(struct note *n, const char *s, size_t len)
{
	char text[NOTE_MAX], again[NOTE_MAX];

	*n = (struct note){ .what = NOTE_NOTHING };
	if (len == 0 || len >= sizeof text || memchr(s, '\0', len))
		return -1;
	memcpy(text, s, len);
	text[len] = '\0';
	/* Only what would be written so: blanks, signs, leading zeros and what follows are found by writing it again.
	 */
	if (parse(n, text) == 0 && !strcmp(note_format(n, again), text))
		return 0;
	*n = (struct note){ .what = NOTE_NOTHING };
	return -1;
}
