// SPDX-License-Identifier: Apache-2.0
#include "reduce/complete.h"

#include <string.h>

#include "reduce/users.h"

const struct figure_col complete_cols[8] = {
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces" },
	{ "covered", CELL_F64, 0, "share", "share of the time from 2022-03-02 to t0 whose repositories were listed" },
	{ "field_errors", CELL_I64, 0, "1",
	  "members of records that were not understood, the records taken, as "
	  "/quarantine lists them: of a list with many its first" },
	{ "gaps", CELL_I64, 0, "1", "spans of the axis that were not listed" },
	{ "hub_total", CELL_I64, 0, "repositories", "repositories that the Hub itself says it has" },
	{ "quarantined", CELL_I64, 0, "1", "records that were not understood and are missing" },
	{ "rows", CELL_I64, 0, "repositories", "repositories in the census" },
	{ "suspect_windows", CELL_I64, 0, "1", "spans whose pages broke order or bounds: taken, but may have holes" },
};

const struct figure_col complete_account_cols[2] = {
	{ "ended", CELL_TEXT, 0, NULL, "how the discovery of accounts ended" },
	{ "lists_given_up", CELL_I64, 0, "lists", "lists of accounts that the Hub did not give" },
};

const struct figure_col complete_window_cols[4] = {
	{ "kind", CELL_TEXT, 0, NULL, "models, datasets or spaces" },
	{ "lo", CELL_TEXT, 0, NULL, "the span begins behind this ObjectId" },
	{ "hi", CELL_TEXT, 0, NULL, "and ends with this one" },
	{ "state", CELL_TEXT, 0, NULL, "covered, suspect (taken, may have holes) or gap (not taken)" },
};

const struct figure_col complete_quarantine_cols[5] = {
	{ "kind", CELL_TEXT, 0, NULL, "models, datasets or spaces" },
	{ "_id", CELL_TEXT, 0, NULL, "ObjectId, zeros where it could not be read" },
	{ "field", CELL_TEXT, 0, NULL, "column whose member was not understood; empty: the whole record is missing" },
	{ "why", CELL_TEXT, 0, NULL, "reason" },
	{ "raw", CELL_TEXT, 0, NULL, "the record's JSON, cut" },
};

#define RAW_TOTAL_MAX (64u << 20)
#define RAW_MIN       256u

void complete_make(const struct facts *f, struct figure_table *t)
{
	const struct load *l = &f->c->load;

	for (int k = 0; k < NKINDS; k++) {
		uint64_t length, whole;

		if (!census_has(f->c, k))
			continue;
		coverage_share(&l->cover[k], f->c->snap.t0, &length, &whole);
		figure_row(t);
		figure_name(t, 0, kind_name[k]);
		figure_share(t, 1, (double)length, (double)whole);
		figure_i64(t, 2, l->nfields[k]);
		figure_i64(t, 3, (int64_t)l->cover[k].gap.n);
		if (l->hub_total[k] >= 0)
			figure_i64(t, 4, l->hub_total[k]);
		figure_i64(t, 5, l->nlost[k]);
		figure_i64(t, 6, (int64_t)f->c->kind[k].total);
		figure_i64(t, 7, (int64_t)l->cover[k].suspect.n);
	}
}

void complete_accounts(const struct facts *f, struct figure_table *t)
{
	const struct users_end *x = &f->c->discovery;

	if (!f->c->snap.users) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take users");
		return;
	}
	users_tell_likes(f, t);
	figure_row(t);
	figure_name(t, 0, x->ending == END_NONE ? "it is not over" : ending_name[x->ending]);
	figure_i64(t, 1, x->given_up);
}

static void put_window(struct figure_table *t, int kind, struct span s, const char *state)
{
	char hex[OID_HEX + 1];

	figure_row(t);
	figure_name(t, 0, kind_name[kind]);
	figure_name(t, 1, oid_hex(s.lo, hex));
	figure_name(t, 2, oid_hex(s.hi, hex));
	figure_name(t, 3, state);
}

/* The three are disjoint and sorted: walk them together, along the axis. */
static void put_windows(struct figure_table *t, int kind, const struct coverage *c)
{
	static const char *const state[3] = { "covered", "suspect", "gap" };
	const struct cover *of[3] = { &c->clean, &c->suspect, &c->gap };
	size_t at[3] = { 0 };

	for (;;) {
		int next = -1;

		for (int i = 0; i < 3; i++)
			if (at[i] < of[i]->n &&
			    (next < 0 || oid_cmp(of[i]->at[at[i]].lo, of[next]->at[at[next]].lo) < 0))
				next = i;
		if (next < 0)
			return;
		put_window(t, kind, of[next]->at[at[next]++], state[next]);
	}
}

void complete_windows(const struct census *c, struct figure_table *t)
{
	for (int k = 0; k < NKINDS; k++)
		if (census_has(c, k))
			put_windows(t, k, &c->load.cover[k]);
}

void complete_quarantine(const struct census *c, struct figure_table *t)
{
	const struct quarantine *q = &c->load.quarantine;
	uint64_t width = q->n && RAW_TOTAL_MAX / q->n < REFUSAL_RAW_MAX ? RAW_TOTAL_MAX / q->n : REFUSAL_RAW_MAX;

	width = width < RAW_MIN ? RAW_MIN : width;
	for (uint64_t i = 0; i < q->n; i++) {
		const struct refused *r = &q->row[i];
		const char *s = q->text + r->at;
		char hex[OID_HEX + 1];

		figure_row(t);
		figure_name(t, 0, kind_name[r->kind]);
		figure_name(t, 1, oid_hex(r->oid, hex));
		if (r->field >= 0)
			figure_name(t, 2, schema[r->field].name);
		figure_text(t, 3, s, r->nwhy);
		figure_text(t, 4, s + r->nwhy, r->nraw < width ? r->nraw : width);
	}
}
