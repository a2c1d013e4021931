// SPDX-License-Identifier: Apache-2.0
#include "reduce/gating.h"

#include <stdlib.h>
#include <string.h>

#include "reduce/served.h"

const struct figure_col gating_cols[4] = {
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces" },
	{ "property", CELL_TEXT, FIGURE_KEY, NULL, "gated or disabled" },
	{ "state", CELL_TEXT, FIGURE_KEY, NULL, "as served, or absent" },
	{ "value", CELL_I64, 0, "repositories", "repositories in this state" },
};

#define KEY_MAX 512

/* kind, property and state, one NUL between them. */
static int count_state(struct tally *t, int kind, const char *property, const char *state, size_t nstate, int64_t n)
{
	char key[KEY_MAX];
	size_t a = strlen(kind_name[kind]) + 1, b = strlen(property) + 1;
	int64_t *x;

	if (n == 0)
		return 0;
	if (nstate > sizeof key - a - b)
		nstate = sizeof key - a - b;
	memcpy(key, kind_name[kind], a);
	memcpy(key + a, property, b);
	memcpy(key + a + b, state, nstate);
	x = tally_at(t, key, a + b + nstate);
	if (x)
		*x += n;
	return x ? 0 : -1;
}

static int count_gated(struct tally *t, const struct rows *r, int kind)
{
	const struct column *c = &r->t.col[F_GATED];
	uint64_t nlabel = c->labels.text.n;
	int64_t *n = calloc((size_t)nlabel + 1, sizeof *n);
	int rc = n ? 0 : -1;

	/* Slot 0 is for those without the member. */
	for (uint64_t i = 0; i < r->t.n && !rc; i++)
		n[c->code[i] + 1]++;
	for (uint64_t l = 0; l < nlabel && !rc; l++) {
		size_t len;
		const char *s = texts_get(&c->labels.text, l, &len);

		rc = count_state(t, kind, "gated", s, len, n[l + 1]);
	}
	if (!rc)
		rc = count_state(t, kind, "gated", "absent", 6, n[0]);
	free(n);
	return rc;
}

static int count_disabled(struct tally *t, const struct rows *r, int kind)
{
	static const char *const state[3] = { "absent", "false", "true" };
	int64_t n[3] = { 0 };
	int rc = 0;

	for (uint64_t i = 0; i < r->t.n; i++)
		n[r->t.col[F_DISABLED].flag[i] + 1]++;
	for (int s = 0; s < 3 && !rc; s++)
		rc = count_state(t, kind, "disabled", state[s], strlen(state[s]), n[s]);
	return rc;
}

static int is_asked(const struct census *c, int kind, enum field f)
{
	return schema_has((enum kind)kind, f) && c->snap.fields >> f & 1;
}

int gating_prepare(struct facts *f, int rc, struct err *e)
{
	tally_init(&f->gating, 1);
	for (int k = 0; k < NKINDS && !rc; k++) {
		if (!census_has(f->c, k))
			continue;
		if ((is_asked(f->c, k, F_DISABLED) && count_disabled(&f->gating, &f->c->kind[k], k)) ||
		    (is_asked(f->c, k, F_GATED) && count_gated(&f->gating, &f->c->kind[k], k)))
			rc = err_set(e, E_NOMEM, "out of memory for a tally");
	}
	return tally_reduce(&f->gating, f->c->comm, rc, e);
}

void gating_make(const struct facts *f, struct figure_table *t)
{
	int has_disabled = served_part(f->c, F_DISABLED, "", t);
	int has_gated = !(schema[F_GATED].kinds & f->c->snap.kinds) || served_part(f->c, F_GATED, "", t);

	if (!has_disabled && !has_gated)
		figure_status(t, FIGURE_NOT_AVAILABLE, "neither gated nor disabled was asked for");
	for (uint64_t i = 0; i < f->gating.key.text.n; i++) {
		size_t len;
		const char *s = texts_get(&f->gating.key.text, i, &len), *property = s + strlen(s) + 1,
			   *state = property + strlen(property) + 1;

		figure_row(t);
		figure_name(t, 0, s);
		figure_name(t, 1, property);
		figure_text(t, 2, state, len - (size_t)(state - s));
		figure_i64(t, 3, f->gating.x[i]);
	}
}
