// SPDX-License-Identifier: Apache-2.0
#include "crawler/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FLAGS_MAX 7u

static const char *const order_name[] = { [HUB_ASC] = "asc", [HUB_DESC] = "desc" };

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
	if ((strncmp(text, "page ", 5) ? parse_other(n, text) : parse_page(n, text)) == 0 &&
	    !strcmp(note_format(n, again), text))
		return 0;
	*n = (struct note){ .what = NOTE_NOTHING };
	return -1;
}
