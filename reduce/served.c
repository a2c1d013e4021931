// SPDX-License-Identifier: Apache-2.0
#include "reduce/served.h"

int served_counter(const struct census *c, int kind, enum counter_of counter, int64_t n, struct figure_table *t)
{
	if (n > 0)
		return 1;
	if (c->kind[kind].total == 0)
		figure_status(t, FIGURE_PARTIAL, "the census has no %s", kind_name[kind]);
	else if (!(c->snap.fields >> counter_field[counter] & 1))
		figure_status(t, FIGURE_PARTIAL, "%s was not asked for", counter_member[counter]);
	else
		figure_status(t, FIGURE_PARTIAL, "the Hub served no %s for %s", counter_member[counter],
			      kind_name[kind]);
	return 0;
}

/* All but tags are one; the summary counts the figures that say the same. */
static const char *was(enum field f)
{
	return f == F_TAGS ? "were" : "was";
}

int served_field(const struct census *c, int kind, enum field f, struct figure_table *t)
{
	if (!census_has(c, kind))
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take %s", kind_name[kind]);
	else if (!(c->snap.fields >> f & 1) && !(schema[f].flags & COL_IMPLICIT))
		figure_status(t, FIGURE_NOT_AVAILABLE, "%s %s not asked for", schema[f].expand, was(f));
	return t->status != FIGURE_NOT_AVAILABLE;
}

int served_part(const struct census *c, enum field f, const char *so, struct figure_table *t)
{
	if (c->snap.fields >> f & 1)
		return 1;
	figure_status(t, FIGURE_PARTIAL, "%s %s not asked for%s", schema[f].expand, was(f), so);
	return 0;
}
