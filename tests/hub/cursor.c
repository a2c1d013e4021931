/* SPDX-License-Identifier: Apache-2.0 */
#include "cursor.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "when.h"

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' || c == ' ' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static int base64_decode(const char *s, struct buf *out)
{
	size_t n = strlen(s);
	unsigned acc = 0, bits = 0;
	for (int pad = 0; pad < 2 && n && s[n - 1] == '='; pad++)
		n--;
	if (n % 4 == 1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int v = sextet(s[i]);
		if (v < 0)
			return -1;
		acc = (acc << 6 | (unsigned)v) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_char(out, (char)(acc >> bits & 255));
		}
	}
	return 0;
}

static void base64_encode(struct buf *out, const unsigned char *p, size_t n)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		unsigned v =
			(unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0u);
		buf_char(out, abc[v >> 18]);
		buf_char(out, abc[v >> 12 & 63]);
		buf_char(out, i + 1 < n ? abc[v >> 6 & 63] : '=');
		buf_char(out, i + 2 < n ? abc[v & 63] : '=');
	}
}

/* {"_id":{"$gt":"…"}}, also as a part of an arm of "$or". */
static int parse_id(json_t *o, struct start *s)
{
	json_t *id = json_object_get(o, "_id");
	const char *gt = json_string_value(json_object_get(id, "$gt")),
		   *lt = json_string_value(json_object_get(id, "$lt"));
	s->above = gt != NULL;
	return json_object_size(id) == 1 && (gt || lt) ? oid_parse(s->oid, gt ? gt : lt) : -1;
}

static int parse_key(json_t *v, enum sort sort, double *key)
{
	int64_t t;
	int ms;
	if (json_is_null(v)) {
		*key = -INFINITY;
		return 0;
	}
	if (sort != SORT_MODIFIED) {
		*key = json_number_value(v);
		return json_is_number(v) ? 0 : -1;
	}
	if (!json_is_string(v) || !when_parse(json_string_value(v), &t, &ms))
		return -1;
	*key = (double)t * 1000 + ms;
	return 0;
}

static int parse_filter(json_t *o, enum sort sort, struct start *s)
{
	if (sort == SORT_CREATED)
		return json_object_size(o) == 1 ? parse_id(o, s) : -1;
	json_t *arms = json_object_get(o, "$or"), *first = json_array_get(arms, 0);
	json_t *key = json_object_get(first, sort_name[sort]);
	if (!key || json_object_size(first) != 2 || json_array_size(arms) > 3)
		return -1;
	return parse_key(key, sort, &s->key) || parse_id(first, s) || !s->above ? -1 : 0;
}

int cursor_parse(const char *text, enum sort sort, struct start *s)
{
	struct buf b;
	int rc = -1;
	buf_init(&b);
	memset(s, 0, sizeof *s);
	if (base64_decode(text, &b) == 0 && b.n > 0) {
		json_t *o = json_loadb(b.p, b.n, 0, NULL);
		rc = json_is_object(o) ? parse_filter(o, sort, s) : -1;
		json_decref(o);
	}
	s->any = rc == 0;
	buf_release(&b);
	return rc;
}

static void write_key(struct buf *b, enum sort sort, double key)
{
	if (isinf(key))
		buf_lit(b, "null");
	else if (sort == SORT_MODIFIED)
		buf_json_time(b, (int64_t)(key / 1000));
	else
		buf_fmt(b, "%.15g", key);
}

void cursor_write(struct buf *out, enum sort sort, bool up, const struct row *row)
{
	struct buf b;
	buf_init(&b);
	if (sort == SORT_CREATED) {
		buf_fmt(&b, "{\"_id\":{\"%s\":\"%s\"}}", up ? "$gt" : "$lt", row->oid);
	} else {
		const char *name = sort_name[sort];
		double key = row_key(row, sort);
		buf_fmt(&b, "{\"$or\":[{\"%s\":", name);
		write_key(&b, sort, key);
		buf_fmt(&b, ",\"_id\":{\"$gt\":\"%s\"}}", row->oid);
		if (!isinf(key)) {
			buf_fmt(&b, ",{\"%s\":{\"$lt\":", name);
			write_key(&b, sort, key);
			buf_fmt(&b, "}},{\"%s\":null}", name);
		}
		buf_lit(&b, "]}");
	}
	base64_encode(out, (const unsigned char *)b.p, b.n);
	buf_release(&b);
}
