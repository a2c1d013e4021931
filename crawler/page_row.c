// SPDX-License-Identifier: Apache-2.0
#include "crawler/page_row.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/page_label.h"
#include "io/utc.h"

/* A member of the reply and the columns that are made from it. */
struct member {
	const char *name;
	size_t len;
	uint64_t first[2], mask[2]; /* its first 16 bytes; which of them count */
	int nfields;
	enum field field[4];
	struct member *next; /* the one that came behind it */
	uint64_t seen;       /* the last record that had it: of a name that comes twice the first counts */
};

struct page_row {
	enum kind kind;
	unsigned fields;   /* wanted, as given and the implicit ones */
	unsigned required; /* bit per field without which there is no row */
	int64_t observed;
	struct member member[NFIELDS];
	int nmembers;
	uint64_t nrecords;
	struct member *first; /* the one that a record began with */
	struct page_row_counts counts;
	struct page_label label[NFIELDS];
	/* Of the record at hand. */
	struct shard *to;
	struct oid oid;
	unsigned set; /* bit per field that has a value */
};

static int has_labels(enum field f)
{
	return schema[f].type == COL_CAT || schema[f].type == COL_LIST;
}

struct page_row *page_row_create(void)
{
	struct page_row *r = calloc(1, sizeof(struct page_row));
	int bad = !r;

	for (int f = 0; f < NFIELDS && !bad; f++)
		bad = has_labels((enum field)f) && page_label_init(r->label + f);
	if (!bad)
		return r;
	page_row_free(r);
	return NULL;
}

void page_row_free(struct page_row *r)
{
	for (int f = 0; r && f < NFIELDS; f++)
		page_label_release(r->label + f);
	free(r);
}

static void add_member(struct page_row *r, enum field f)
{
	const char *name = schema[f].expand;
	size_t len = strlen(name);
	struct member *m;

	for (int i = 0; i < r->nmembers; i++) {
		m = r->member + i;
		if (m->len == len && !memcmp(m->name, name, len)) {
			if (m->nfields < (int)(sizeof m->field / sizeof *m->field))
				m->field[m->nfields++] = f;
			return;
		}
	}
	m = r->member + r->nmembers++;
	*m = (struct member){ .name = name, .len = len, .nfields = 1, .field = { f }, .next = r->member };
	memcpy(m->first, name, len < sizeof m->first ? len : sizeof m->first);
	memset(m->mask, 0xFF, len < sizeof m->mask ? len : sizeof m->mask);
}

void page_row_begin(struct page_row *r, enum kind kind, unsigned fields, int64_t observed)
{
	r->kind = kind;
	r->observed = observed;
	r->fields = fields;
	r->nmembers = 0;
	r->first = r->member;
	r->required = 0;
	r->nrecords = 0;
	r->counts = (struct page_row_counts){ 0, 0 };
	for (int f = 0; f < NFIELDS; f++) {
		page_label_begin(r->label + f);
		if (schema[f].flags & COL_IMPLICIT)
			r->fields |= 1u << f;
		if (r->fields >> f & 1 && schema_has(kind, (enum field)f) && schema[f].expand)
			add_member(r, (enum field)f);
		if (schema[f].flags & COL_REQUIRED && schema_has(kind, (enum field)f))
			r->required |= 1u << f;
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

#define EACH(byte) ((byte)*0x0101010101010101u)

/* Of eight bytes: is one of them below 0x20, 0x7F or not ASCII? */
static int is_plain(const char *s)
{
	uint64_t x;

	memcpy(&x, s, sizeof x);
	return !((x | (x - EACH(0x20u)) | (x + EACH(1u))) & EACH(0x80u));
}

int page_row_has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (i + 8 <= n && is_plain(s + i))
			i += 7;
		else if (c < 0x20 || c == 0x7F || (c == 0xC2 && i + 1 < n && (unsigned char)s[i + 1] < 0xA0))
			return 1;
	}
	return 0;
}

/* --- members --- */

/* The member goes to the quarantine, the row goes on without it. */
static int refuse_field(struct page_row *r, enum field f, const struct js_item *v, const char *why)
{
	char raw[REFUSAL_RAW_MAX + 1];
	size_t n = js_write(v->v, raw, sizeof raw);

	r->counts.fields_refused++;
	return shard_add_refusal(r->to, (int)f, r->observed, r->oid, why, raw,
				 n < REFUSAL_RAW_MAX ? n : REFUSAL_RAW_MAX);
}

/* Look up what was kept of a column, for the rows before `end`. */
static int flush(struct page_row *r, enum field f, struct shard *to, uint64_t end)
{
	struct page_label_counts counts = { 0 };
	int rc = page_label_flush(r->label + f, f, to, end, r->observed, &counts);

	r->counts.fields_refused += counts.refused;
	r->counts.labels_cut += counts.cut;
	return rc;
}

/* Room for one more label of the row at hand. */
static int make_room(struct page_row *r, enum field f)
{
	return r->label[f].n == PAGE_LABEL_MAX ? flush(r, f, r->to, r->to->rows.n + 1) : 0;
}

static int add_label(struct page_row *r, enum field f, struct text t)
{
	if (make_room(r, f))
		return -1;
	page_label_add(r->label + f, &r->to->rows, t);
	return 0;
}

static int take_text(struct page_row *r, enum field f, const struct js_item *v)
{
	struct text t = v->as.text;
	const char *why = NULL;

	if (v->type != JS_STRING)
		return refuse_field(r, f, v, "not a text");
	if (t.len == 0)
		why = "empty";
	else if (t.len > schema[f].cap)
		why = "too long";
	else if (page_row_has_control(t.s, t.len))
		why = "control characters";
	if (why)
		return refuse_field(r, f, v, why);
	r->set |= 1u << f;
	return table_set_text(&r->to->rows, f, t.s, t.len);
}

static int take_label(struct page_row *r, enum field f, const struct js_item *v)
{
	static const struct {
		char s[5 + TEXT_PADDING];
		size_t len;
	} truth[] = { { "false", 5 }, { "true", 4 } };

	if (v->type != JS_BOOL && v->type != JS_STRING)
		return refuse_field(r, f, v, "not a text");
	r->set |= 1u << f;
	if (v->type == JS_BOOL)
		return add_label(r, f, (struct text){ truth[v->as.flag].s, truth[v->as.flag].len });
	return add_label(r, f, v->as.text);
}

static int take_time(struct page_row *r, enum field f, const struct js_item *v)
{
	int64_t t;

	if (v->type != JS_STRING || utc_parse(v->as.text.s, v->as.text.len, &t) || t < 0)
		return refuse_field(r, f, v, "not a time");
	table_set_i64(&r->to->rows, f, t);
	r->set |= 1u << f;
	return 0;
}

static int take_count(struct page_row *r, enum field f, const struct js_item *v)
{
	if (v->type == JS_UINT)
		return refuse_field(r, f, v, "too large");
	if (v->type == JS_REAL)
		return refuse_field(r, f, v, "not a whole number");
	if (v->type != JS_INT)
		return refuse_field(r, f, v, "not a number");
	if (v->as.i < 0)
		return refuse_field(r, f, v, "negative");
	table_set_i64(&r->to->rows, f, v->as.i);
	r->set |= 1u << f;
	return 0;
}

static int take_flag(struct page_row *r, enum field f, const struct js_item *v)
{
	if (v->type != JS_BOOL)
		return refuse_field(r, f, v, "neither true nor false");
	table_set_flag(&r->to->rows, f, v->as.flag);
	r->set |= 1u << f;
	return 0;
}

/* *n: how many of the list were before. */
static int refuse_element(struct page_row *r, enum field f, const struct js_item *v, const char *why, uint32_t *n)
{
	why = page_refused_why((*n)++, why);
	if (why)
		return refuse_field(r, f, v, why);
	r->counts.fields_refused++;
	return 0;
}

static int take_element(struct page_row *r, enum field f, const struct js_item *v, uint32_t *nrefused)
{
	const char *s;
	struct oid oid;
	size_t n;

	if (schema[f].parse == PARSE_OIDS) {
		struct js_value id;

		if (!js_member(v->v, schema[F_OID].expand, &id) || js_type(id) != JS_STRING)
			return refuse_element(r, f, v, "an element without _id", nrefused);
		s = js_string(id, &n);
		if (oid_parse(&oid, s, n))
			return refuse_element(r, f, v, "an element's _id is not an ObjectId", nrefused);
		return add_label(r, f, (struct text){ s, n });
	}
	if (v->type != JS_STRING)
		return refuse_element(r, f, v, "an element that is not a text", nrefused);
	return add_label(r, f, v->as.text);
}

/* The texts that come next. */
static int take_texts(struct page_row *r, enum field f, struct js_iter *it)
{
	struct page_label *l = r->label + f;
	size_t n, room;

	do {
		if (make_room(r, f))
			return -1;
		room = PAGE_LABEL_MAX - l->n;
		n = js_next_texts(it, l->text + l->n, room);
		page_label_added(l, &r->to->rows, n);
	} while (n == room);
	return 0;
}

static int take_list(struct page_row *r, enum field f, const struct js_item *v)
{
	struct js_iter it = js_begin(v->v);
	uint32_t nrefused = 0;
	struct js_value x;

	if (v->type != JS_ARRAY)
		return refuse_field(r, f, v, "not a list");
	for (;;) {
		struct js_item item;

		if (schema[f].parse == PARSE_TEXTS && take_texts(r, f, &it))
			return -1;
		if (!js_next(&it, NULL, NULL, &x))
			break;
		item = js_look(x);
		if (take_element(r, f, &item, &nrefused))
			return -1;
	}
	r->set |= 1u << f;
	return 0;
}

static int take_value(struct page_row *r, enum field f, const struct js_item *v)
{
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
	case PARSE_OID: /* page.c has it already */
	case PARSE_NONE:
		break;
	}
	return 0;
}

static int take_field(struct page_row *r, enum field f, const struct js_item *v)
{
	struct js_value part;
	struct js_item item;

	if (v->type == JS_NULL)
		return 0;
	if (!schema[f].member)
		return take_value(r, f, v);
	if (v->type != JS_OBJECT)
		return refuse_field(r, f, v, "not an object");
	if (!js_member(v->v, schema[f].member, &part))
		return 0;
	item = js_look(part);
	return item.type == JS_NULL ? 0 : take_value(r, f, &item);
}

/* --- records --- */

static int is_named(const struct member *m, const struct text *key)
{
	uint64_t x[2];

	if (m->len != key->len)
		return 0;
	memcpy(x, key->s, sizeof x); /* JS_TEXT_PADDING */
	if ((x[0] ^ m->first[0]) & m->mask[0] || (x[1] ^ m->first[1]) & m->mask[1])
		return 0;
	return m->len <= sizeof x || !memcmp(m->name, key->s, m->len);
}

/* The Hub sends members in the same order in every record, though not all in each: they are looked for in the order
 * learned, from **guess on, where *guess goes then to where the next one should be. */
static struct member *member_find(struct page_row *r, struct member ***guess, const struct text *key)
{
	struct member *m = **guess, *end = r->member + r->nmembers;
	int i = r->nmembers;

	while (!is_named(m, key) && --i > 0)
		m = m->next;
	if (i <= 0) {
		for (m = r->member; m < end && !is_named(m, key); m++)
			;
		if (m >= end)
			return NULL;
		**guess = m;
	}
	*guess = &m->next;
	return m;
}

static int take_member(struct page_row *r, struct member ***guess, const struct js_member *x)
{
	struct member *m = member_find(r, guess, &x->key);

	if (!m || m->seen == r->nrecords)
		return 0;
	m->seen = r->nrecords;
	for (int i = 0; i < m->nfields; i++)
		if (take_field(r, m->field[i], &x->value))
			return -1;
	return 0;
}

#define MEMBERS 24 /* at a time */

static int take_members(struct page_row *r, struct js_value record)
{
	struct js_member x[MEMBERS];
	struct js_iter it = js_begin(record);
	struct member **guess = &r->first;
	size_t n;

	r->nrecords++;
	do {
		n = js_next_members(&it, x, MEMBERS);
		for (size_t i = 0; i < n; i++)
			if (take_member(r, &guess, x + i))
				return -1;
	} while (n == MEMBERS);
	return 0;
}

/* The first required column that the record has not given, as a reason. */
static const char *missing(const struct page_row *r)
{
	static const char *const why[NFIELDS] = { [F_OID] = "without a usable _id", [F_ID] = "without a usable id" };

	if (!(r->required & ~r->set))
		return NULL;
	for (int f = 0; f < NFIELDS; f++)
		if ((r->required & ~r->set) >> f & 1 && why[f])
			return why[f];
	return "without a required member";
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
	if (!*why) {
		table_end_row(t);
		return 0;
	}
	for (int f = 0; f < NFIELDS; f++)
		page_label_drop(r->label + f, t);
	table_truncate(t, t->n);
	return 0;
}

int page_row_end(struct page_row *r, struct shard *to)
{
	for (int f = 0; f < NFIELDS; f++)
		if (r->label[f].n > 0 && flush(r, (enum field)f, to, to->rows.n))
			return -1;
	return 0;
}
