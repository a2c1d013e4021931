// SPDX-License-Identifier: Apache-2.0
#include "reduce/owners.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/order.h"
#include "reduce/wire.h"

void owners_release(struct owners *o)
{
	texts_release(&o->name);
	labels_release(&o->all);
	free(o->org);
	memset(o, 0, sizeof *o);
}

/* Code of a name without regard to case, -1 for the empty one. Returns 0, or -1 when memory is short. */
static int add_name(struct dict *d, const char *s, size_t len, int32_t *code)
{
	char lower[1024];

	*code = -1;
	if (len == 0)
		return 0;
	len = len < sizeof lower ? len : sizeof lower; /* the schema's caps are far below */
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
	return dict_add(d, lower, len, code);
}

/* Where the Hub sends no author, the part of the id before the slash. */
static int name_from_id(struct dict *d, const struct table *t, uint64_t row, int32_t *code)
{
	size_t len;
	const char *id = texts_get(&t->col[F_ID].str, row, &len), *slash = memchr(id, '/', len);

	return add_name(d, id, slash ? (size_t)(slash - id) : 0, code);
}

static int name_rows(struct dict *d, struct rows *r)
{
	const struct column *author = &r->t.col[F_AUTHOR];
	uint64_t n = author->labels.text.n;
	int32_t *map = malloc((size_t)(n + 1) * sizeof *map);
	int rc = 0;

	r->owner = malloc((size_t)(r->t.n + 1) * sizeof *r->owner);
	if (!map || !r->owner)
		rc = -1;
	for (uint64_t i = 0; i < n && !rc; i++) {
		size_t len;
		const char *s = texts_get(&author->labels.text, i, &len);

		rc = add_name(d, s, len, &map[i]);
	}
	for (uint64_t i = 0; i < r->t.n && !rc; i++) {
		if (author->code[i] >= 0)
			r->owner[i] = map[author->code[i]];
		else
			rc = name_from_id(d, &r->t, i, &r->owner[i]);
	}
	free(map);
	return rc;
}

static int name_all(struct owners *o, struct rows *rows, unsigned kinds)
{
	struct dict d = { 0 };
	int32_t *map = NULL;
	int rc = 0;

	for (int k = 0; k < NKINDS && !rc; k++)
		if (kinds >> k & 1)
			rc = name_rows(&d, &rows[k]);
	dict_close(&d);
	rc = rc ? rc : labels_sort(&d.text, &map);
	for (int k = 0; k < NKINDS && !rc; k++)
		for (uint64_t i = 0; i < rows[k].t.n && rows[k].owner; i++)
			if (rows[k].owner[i] >= 0)
				rows[k].owner[i] = map[rows[k].owner[i]];
	free(map);
	o->name = d.text;
	return rc;
}

/* Both are sorted by the lower-cased name: one walk finds all. */
static int find_orgs(struct owners *o, const struct orgs *orgs)
{
	size_t row = 0, nrow = orgs_nrow(orgs);

	o->org = malloc((size_t)(o->name.n + 1) * sizeof *o->org);
	for (uint64_t i = 0; i < o->name.n && o->org; i++) {
		size_t len;
		const char *s = texts_get(&o->name, i, &len);
		int c = 1;

		for (; row < nrow; row++) {
			const char *key = orgs_row(orgs, row)->key;

			c = order_text_cmp(key, strlen(key), s, len);
			if (c >= 0)
				break;
		}
		o->org[i] = row < nrow && c == 0 ? (int32_t)row : -1;
	}
	return o->org ? 0 : -1;
}

static int count_distinct(struct owners *o, MPI_Comm comm, int rc, const struct rows *rows, struct err *e)
{
	int64_t *uses = calloc((size_t)(o->name.n + 1) * NKINDS, sizeof *uses);
	int64_t *own = malloc((size_t)(o->all.own.n + 1) * NKINDS * sizeof *own);

	if (!rc && (!uses || !own))
		rc = err_set(e, E_NOMEM, "out of memory for owners");
	for (int k = 0; k < NKINDS && !rc; k++)
		for (uint64_t i = 0; i < rows[k].t.n && rows[k].owner; i++)
			if (rows[k].owner[i] >= 0)
				uses[rows[k].owner[i] * NKINDS + k] = 1;
	rc = labels_sum(&o->all, comm, rc, uses, NKINDS, own, e);
	if (!rc) {
		for (uint64_t i = 0; i < o->all.own.n; i++)
			for (int k = 0; k < NKINDS; k++)
				o->distinct[k] += own[i * NKINDS + (uint64_t)k] > 0;
		wire_sum(comm, o->distinct, NKINDS);
	}
	free(uses);
	free(own);
	return rc;
}

int owners_build(struct owners *o, MPI_Comm comm, int rc, struct rows *rows, unsigned kinds, const struct orgs *orgs,
		 struct err *e)
{
	memset(o, 0, sizeof *o);
	if (!rc && (name_all(o, rows, kinds) || find_orgs(o, orgs)))
		rc = err_set(e, E_NOMEM, "out of memory for owners");
	rc = labels_build(&o->all, comm, rc, &o->name, e);
	return err_agree(comm, count_distinct(o, comm, rc, rows, e), e);
}

const struct org *owners_org(const struct owners *o, const struct orgs *orgs, int32_t owner, int64_t created_s)
{
	size_t row, nrow = orgs_nrow(orgs);
	const char *key;

	if (owner < 0 || o->org[owner] < 0)
		return NULL;
	row = (size_t)o->org[owner];
	key = orgs_row(orgs, row)->key;
	for (; row < nrow; row++) {
		const struct org *r = orgs_row(orgs, row);

		if (r->key != key && strcmp(r->key, key))
			break;
		if (created_s >= r->from_s && created_s < r->to_s)
			return r;
	}
	return NULL;
}
