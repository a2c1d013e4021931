// SPDX-License-Identifier: Apache-2.0
#include "crawler/page_row.h"

#include <stdlib.h>
#include <string.h>

#include "io/utc.h"

/* A member of the reply and the columns that are made from it. */
struct member {
	const char *name;
	size_t len;
	int nfields;
	enum field field[4];
	int seen; /* in this record: of a name that comes twice the first counts */
};

struct page_row {
	enum kind kind;
	unsigned fields; /* wanted, as given and the implicit ones */
	int64_t observed;
	struct member member[NFIELDS];
	int nmembers;
	struct page_row_counts counts;
	/* Of the record at hand. */
	struct shard *to;
	struct oid oid;
	unsigned set; /* bit per field that has a value */
};

struct page_row *page_row_create(void)
{
	return calloc(1, sizeof(struct page_row));
}

void page_row_free(struct page_row *r)
{
	free(r);
}

static void add_member(struct page_row *r, enum field f)
{
	const char *name = schema[f].expand;
	struct member *m;

	for (int i = 0; i < r->nmembers; i++) {
		m = r->member + i;
		if (!strcmp(m->name, name)) {
			if (m->nfields < (int)(sizeof m->field / sizeof *m->field))
				m->field[m->nfields++] = f;
			return;
		}
	}
	r->member[r->nmembers++] = (struct member){ .name = name, .len = strlen(name), .nfields = 1, .field = { f } };
}

void page_row_begin(struct page_row *r, enum kind kind, unsigned fields, int64_t observed)
{
	r->kind = kind;
	r->observed = observed;
	r->fields = fields;
	r->nmembers = 0;
	r->counts = (struct page_row_counts){ 0, 0 };
	for (int f = 0; f < NFIELDS; f++) {
		if (schema[f].flags & COL_IMPLICIT)
			r->fields |= 1u << f;
		if (r->fields >> f & 1 && schema_has(kind, (enum field)f) && schema[f].expand && f != F_OID)
			add_member(r, (enum field)f);
	}
}

struct page_row_counts page_row_counts(const struct page_row *r)
{
	return r->counts;
}

const char *page_row_why(struct js_value record)
{
	struct js_value id;
	struct oid oid;
	const char *s;
	size_t n;

	if (js_type(record) != JS_OBJECT)
		return "not an object";
	if (!js_member(record, schema[F_OID].expand, &id))
		return "without _id";
	if (js_type(id) != JS_STRING)
		return "_id is not a text";
	s = js_string(id, &n);
	return oid_parse(&oid, s, n) ? "_id is not an ObjectId" : "_id lies in the future";
}

/* --- texts --- */

int page_row_has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c == 0x7F || (c == 0xC2 && i + 1 < n && (unsigned char)s[i + 1] < 0xA0))
			return 1;
	}
	return 0;
}

size_t page_row_cut(const char *s, size_t n, size_t cap)
{
	if (n <= cap)
		return n;
	while (cap > 0 && ((unsigned char)s[cap] & 0xC0) == 0x80)
		cap--;
	return cap;
}

/* --- members --- */

/* The member goes to the quarantine, the row goes on without it. */
static int refuse_field(struct page_row *r, enum field f, struct js_value v, const char *why)
{
	char raw[REFUSAL_RAW_MAX + 1];
	size_t n = js_write(v, raw, sizeof raw);

	r->counts.fields_refused++;
	return shard_add_refusal(r->to, (int)f, r->observed, r->oid, why, raw,
				 n < REFUSAL_RAW_MAX ? n : REFUSAL_RAW_MAX);
}

/* A label within its cap. *n is shortened; NULL: fine, else why not. Control characters stay (there are tags with a
 * tab), but for NUL, which no text of census.h5 can hold. */
static const char *label_check(struct page_row *r, enum field f, const char *s, size_t *n)
{
	if (memchr(s, '\0', *n))
		return "a NUL in it";
	if (*n > schema[f].cap) {
		*n = page_row_cut(s, *n, schema[f].cap);
		r->counts.labels_cut++;
	}
	return NULL;
}

static int take_text(struct page_row *r, enum field f, struct js_value v)
{
	const char *s, *why = NULL;
	size_t n;

	if (js_type(v) != JS_STRING)
		return refuse_field(r, f, v, "not a text");
	s = js_string(v, &n);
	if (n == 0)
		why = "empty";
	else if (n > schema[f].cap)
		why = "too long";
	else if (page_row_has_control(s, n))
		why = "control characters";
	if (why)
		return refuse_field(r, f, v, why);
	r->set |= 1u << f;
	return table_set_text(&r->to->rows, f, s, n);
}

static int take_label(struct page_row *r, enum field f, struct js_value v)
{
	enum js_type type = js_type(v);
	const char *s, *why;
	size_t n;

	if (type == JS_BOOL) {
		s = js_bool(v) ? "true" : "false";
		n = strlen(s);
	} else if (type == JS_STRING) {
		s = js_string(v, &n);
	} else {
		return refuse_field(r, f, v, "not a text");
	}
	why = label_check(r, f, s, &n);
	if (why)
		return refuse_field(r, f, v, why);
	r->set |= 1u << f;
	return table_set_label(&r->to->rows, f, s, n);
}

static int take_time(struct page_row *r, enum field f, struct js_value v)
{
	const char *s;
	int64_t t;
	size_t n;

	if (js_type(v) != JS_STRING)
		return refuse_field(r, f, v, "not a time");
	s = js_string(v, &n);
	if (utc_parse(s, n, &t) || t < 0)
		return refuse_field(r, f, v, "not a time");
	table_set_i64(&r->to->rows, f, t);
	r->set |= 1u << f;
	return 0;
}

static int take_count(struct page_row *r, enum field f, struct js_value v)
{
	enum js_type type = js_type(v);

	if (type == JS_UINT)
		return refuse_field(r, f, v, "too large");
	if (type == JS_REAL)
		return refuse_field(r, f, v, "not a whole number");
	if (type != JS_INT)
		return refuse_field(r, f, v, "not a number");
	if (js_int(v) < 0)
		return refuse_field(r, f, v, "negative");
	table_set_i64(&r->to->rows, f, js_int(v));
	r->set |= 1u << f;
	return 0;
}

static int take_flag(struct page_row *r, enum field f, struct js_value v)
{
	if (js_type(v) != JS_BOOL)
		return refuse_field(r, f, v, "neither true nor false");
	table_set_flag(&r->to->rows, f, js_bool(v));
	r->set |= 1u << f;
	return 0;
}

static int take_element(struct page_row *r, enum field f, struct js_value v)
{
	const char *s, *why;
	struct oid oid;
	size_t n;

	if (schema[f].parse == PARSE_OIDS) {
		struct js_value id;

		if (!js_member(v, schema[F_OID].expand, &id) || js_type(id) != JS_STRING)
			return refuse_field(r, f, v, "an element without _id");
		s = js_string(id, &n);
		if (oid_parse(&oid, s, n))
			return refuse_field(r, f, v, "an element's _id is not an ObjectId");
	} else {
		if (js_type(v) != JS_STRING)
			return refuse_field(r, f, v, "an element that is not a text");
		s = js_string(v, &n);
	}
	why = label_check(r, f, s, &n);
	if (why)
		return refuse_field(r, f, v, why);
	return table_add_element(&r->to->rows, f, s, n);
}

static int take_list(struct page_row *r, enum field f, struct js_value v)
{
	struct js_iter it;
	struct js_value x;

	if (js_type(v) != JS_ARRAY)
		return refuse_field(r, f, v, "not a list");
	for (it = js_begin(v); js_next(&it, NULL, NULL, &x);)
		if (take_element(r, f, x))
			return -1;
	r->set |= 1u << f;
	return 0;
}

static int take_field(struct page_row *r, enum field f, struct js_value v)
{
	if (js_type(v) == JS_NULL)
		return 0;
	if (schema[f].member) {
		struct js_value whole = v;

		if (js_type(whole) != JS_OBJECT)
			return refuse_field(r, f, v, "not an object");
		if (!js_member(whole, schema[f].member, &v) || js_type(v) == JS_NULL)
			return 0;
	}
	switch (schema[f].parse) {
	case PARSE_TEXT:
		return take_text(r, f, v);
	case PARSE_LABEL:
		return take_label(r, f, v);
	case PARSE_TIME:
		return take_time(r, f, v);
	case PARSE_COUNT:
		return take_count(r, f, v);
	case PARSE_FLAG:
		return take_flag(r, f, v);
	case PARSE_TEXTS:
	case PARSE_OIDS:
		return take_list(r, f, v);
	case PARSE_OID:
	case PARSE_NONE:
		break;
	}
	return 0;
}

/* --- records --- */

static struct member *member_find(struct page_row *r, const char *key, size_t n)
{
	for (int i = 0; i < r->nmembers; i++)
		if (r->member[i].len == n && !memcmp(r->member[i].name, key, n))
			return r->member + i;
	return NULL;
}

static int take_members(struct page_row *r, struct js_value record)
{
	struct js_iter it;
	struct js_value v;
	const char *key;
	size_t n;

	for (int i = 0; i < r->nmembers; i++)
		r->member[i].seen = 0;
	for (it = js_begin(record); js_next(&it, &key, &n, &v);) {
		struct member *m = member_find(r, key, n);

		if (!m || m->seen++)
			continue;
		for (int i = 0; i < m->nfields; i++)
			if (take_field(r, m->field[i], v))
				return -1;
	}
	return 0;
}

/* The first required column that the record has not given, as a reason. */
static const char *missing(const struct page_row *r)
{
	static const char *const why[NFIELDS] = { [F_OID] = "without a usable _id", [F_ID] = "without a usable id" };

	for (int f = 0; f < NFIELDS; f++)
		if (schema[f].flags & COL_REQUIRED && schema_has(r->kind, (enum field)f) && !(r->set >> f & 1))
			return why[f] ? why[f] : "without a required member";
	return NULL;
}

int page_row_take(struct page_row *r, struct js_value record, struct oid oid, struct shard *to, const char **why)
{
	struct table *t = &to->rows;

	r->to = to;
	r->oid = oid;
	r->set = 1u << F_OID;
	*why = NULL;
	if (table_begin_row(t))
		return -1;
	table_set_oid(t, F_OID, oid);
	table_set_i64(t, F_OBSERVED, r->observed);
	if (take_members(r, record)) {
		table_truncate(t, t->n);
		return -1;
	}
	*why = missing(r);
	if (*why)
		table_truncate(t, t->n);
	else
		table_end_row(t);
	return 0;
}
