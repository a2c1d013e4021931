// SPDX-License-Identifier: Apache-2.0
#include "reduce/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reduce/figures.h"
#include "tests/tap.h"

static void check(const struct figure_table *t, const char *want, const char *name)
{
	json_t *j = figure_json(t);
	char *got = j ? json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY) : NULL;

	if (!ok(got && !strcmp(got, want), "%s", name))
		diag("got %s\n# want %s", got ? got : "nothing", want);
	free(got);
	json_decref(j);
}

static void check_scalar(void)
{
	static const struct figure_col col[] = { { "value", CELL_I64, 0, NULL, "" } };
	struct figure_table t;

	figure_init(&t, col, 1);
	check(&t, "null", "no row is null");
	figure_row(&t);
	check(&t, "null", "a missing value is null");
	figure_i64(&t, 0, 3117871);
	check(&t, "3117871", "a figure without keys is its value");
	figure_release(&t);
}

static void check_reals(void)
{
	static const struct figure_col col[] = { { "k", CELL_TEXT, FIGURE_KEY, NULL, "" },
						 { "x", CELL_F64, 0, NULL, "" } };
	static const struct {
		const char *key;
		double x;
	} cell[] = {
		{ "a", 1.0 },
		{ "b", 0.1234567894999 },
		{ "c", 0.1234567896 },
		{ "d", INFINITY },
		{ "e", NAN },
		{ "f", 2.0 / 3 },
		{ "g", 0 },
	};
	struct figure_table t;

	figure_init(&t, col, 2);
	check(&t, "{}", "an empty table is an empty object");
	for (size_t i = 0; i < sizeof cell / sizeof *cell; i++) {
		figure_row(&t);
		figure_name(&t, 0, cell[i].key);
		figure_f64(&t, 1, cell[i].x);
	}
	figure_row(&t);
	figure_name(&t, 0, "h");
	figure_share(&t, 1, 0, 0);
	check(&t,
	      "{\"a\":1.0,\"b\":0.123456789,\"c\":0.12345679,\"d\":\"from "
	      "none\",\"e\":null,\"f\":0.666666667,\"g\":0.0,\"h\":null}",
	      "reals have 9 decimals");
	figure_release(&t);
}

static void check_nested(void)
{
	static const struct figure_col col[] = {
		{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "" },
		{ "period", CELL_TEXT, FIGURE_KEY, NULL, "" },
		{ "new", CELL_I64, 0, NULL, "" },
		{ "ratio", CELL_F64, FIGURE_BESIDE, NULL, "" },
	};
	struct figure_table t;

	figure_init(&t, col, 4);
	figure_row(&t);
	figure_name(&t, 0, "models");
	figure_name(&t, 1, "2024");
	figure_i64(&t, 2, 0);
	figure_omit(&t, 3);
	figure_row(&t);
	figure_name(&t, 0, "models");
	figure_name(&t, 1, "2025");
	figure_i64(&t, 2, 105);
	figure_f64(&t, 3, INFINITY);
	figure_row(&t);
	figure_name(&t, 0, "spaces");
	figure_omit(&t, 3);
	check(&t, "{\"models\":{\"2024\":0,\"2025\":105,\"ratio_2025\":\"from none\"},\"spaces\":null}",
	      "a column may stand beside the leaf, a key may be missing");
	figure_release(&t);
}

static void check_objects(void)
{
	static const struct figure_col col[] = {
		{ "k", CELL_TEXT, FIGURE_KEY, NULL, "" },
		{ "n", CELL_I64, 0, NULL, "" },
		{ "lump", CELL_BOOL, 0, NULL, "" },
		{ "s", CELL_TEXT, 0, NULL, "" },
	};
	struct figure_table t;

	figure_init(&t, col, 4);
	figure_row(&t);
	figure_text(&t, 0,
		    "\xff\0"
		    "a",
		    3);
	figure_i64(&t, 1, 7);
	figure_bool(&t, 2, 5);
	check(&t, "{\"\xc3\xbf\\u0000a\":{\"lump\":true,\"n\":7,\"s\":null}}",
	      "several value columns are an object; bytes that are no UTF-8 are shown");
	figure_release(&t);
}

static void check_members(void)
{
	static const struct figure_col col[] = {
		{ "k", CELL_TEXT, FIGURE_KEY, NULL, "" },
		{ "n", CELL_I64, 0, NULL, "" },
		{ "from/a", CELL_I64, 0, NULL, "" },
		{ "from/b", CELL_I64, 0, NULL, "" },
	};
	struct figure_table t;

	figure_init(&t, col, 4);
	for (int i = 0; i < 2; i++) {
		figure_row(&t);
		figure_name(&t, 0, i ? "y" : "x");
		figure_i64(&t, 1, 7);
		figure_i64(&t, 2, 1);
		figure_omit(&t, 3);
	}
	figure_i64(&t, 3, 2);
	check(&t, "{\"x\":{\"from\":{\"a\":1},\"n\":7},\"y\":{\"from\":{\"a\":1,\"b\":2},\"n\":7}}",
	      "a name with a slash is a member of a member");
	figure_release(&t);
}

static void check_status(void)
{
	static const struct figure_col col[] = { { "value", CELL_I64, 0, NULL, "" } };
	struct figure_table t;

	figure_init(&t, col, 1);
	figure_status(&t, FIGURE_PARTIAL, "%s", "first");
	figure_status(&t, FIGURE_PARTIAL, "%s", "second");
	ok(t.status == FIGURE_PARTIAL && !strcmp(t.why, "first"), "of reasons of one weight the first stays");
	figure_status(&t, FIGURE_NOT_AVAILABLE, "none");
	ok(t.status == FIGURE_NOT_AVAILABLE && !strcmp(t.why, "none"), "the worse one replaces it");
	figure_release(&t);
}

static int count(const unsigned char *chosen)
{
	int n = 0;

	for (int i = 0; i < figure_count; i++)
		n += chosen[i];
	return n;
}

static void check_select(void)
{
	unsigned char *chosen = calloc((size_t)figure_count, 1);
	struct err e = ERR_INIT;
	int whole = 1;

	ok(figures_select(NULL, chosen, &e) == E_OK && count(chosen) == figure_count, "no list: all figures");
	ok(figures_select("totals.models", chosen, &e) == E_OK && count(chosen) == 1 &&
		   chosen[figures_find("totals.models", 13)],
	   "one figure");
	ok(figures_select("totals,gating", chosen, &e) == E_OK && count(chosen) == 13, "a group and a figure");
	ok(figures_select("growth.org", chosen, &e) == E_USAGE && strstr(e.text, "'growth.org'"),
	   "half a name is none");
	err_clear(&e);
	ok(figures_select("", chosen, &e) == E_USAGE, "an empty list");
	err_clear(&e);
	ok(figures_select("gating,,totals", chosen, &e) == E_USAGE, "an empty name in a list");
	for (int i = 0; i < figure_count; i++) {
		const struct figure *f = &figure_list[i];

		whole &= f->key && f->unit && strlen(f->definition) > 20 && f->make && f->ncol <= FIGURE_COLS;
		for (int c = 1; c < f->ncol; c++)
			whole &= !(f->col[c].flags & FIGURE_KEY) || f->col[c - 1].flags & FIGURE_KEY;
	}
	ok(whole, "every figure has a definition and a unit; keys come first");
	free(chosen);
}

int main(void)
{
	check_scalar();
	check_reals();
	check_nested();
	check_objects();
	check_members();
	check_status();
	check_select();
	return plan_done();
}
