// SPDX-License-Identifier: Apache-2.0
#include "crawler/start.h"

#include "crawler/curve.h"

/* Rows that a filtered list is taken to have before anything is known. */
#define PARTIAL_ROWS 5000.0

struct span start_place(const struct cover *gaps, enum kind k)
{
	struct span best = { OID_MIN, OID_MIN };

	for (size_t i = 0; i < gaps->n; i++)
		if (i == 0 || curve_span(k, gaps->at[i]) > curve_span(k, best))
			best = gaps->at[i];
	return best;
}

/* One walk over all that is missing of a kind: from the end of what its own cursors have reached, or from the
 * beginning. */
static int add_chain(struct coordinator *c, const struct snapshot *snap, const struct resume *r, enum kind k,
		     enum hub_order order, const struct cover *gaps)
{
	struct span axis = resume_axis(snap);
	struct window w = { k, order, axis };
	const char *next = NULL;

	if (gaps->n == 0)
		return 0;
	if (order == HUB_ASC && (next = resume_cursor(r, k, 0, gaps->at[0].lo)))
		w.left.lo = gaps->at[0].lo;
	if (order == HUB_DESC && (next = resume_cursor(r, k, 1, gaps->at[gaps->n - 1].hi)))
		w.left.hi = gaps->at[gaps->n - 1].hi;
	return coordinator_add(c, &w, 1, next);
}

int start_windows(struct coordinator *c, const struct snapshot *snap, const struct resume *r, const struct probe *p,
		  struct err *e)
{
	struct cover gaps = COVER_INIT;
	int rc = 0;

	for (int k = 0; k < NKINDS && !rc; k++) {
		enum probe_mode mode = p->mode[k];
		enum hub_order order = mode == PROBE_DESC || mode == PROBE_CHAIN_DESC ? HUB_DESC : HUB_ASC;

		rc = resume_gaps(r, snap, (enum kind)k, &gaps);
		if (rc || mode == PROBE_NONE)
			continue;
		if (mode == PROBE_CHAIN_ASC || mode == PROBE_CHAIN_DESC)
			rc = add_chain(c, snap, r, (enum kind)k, order, &gaps);
		else
			for (size_t i = 0; i < gaps.n && !rc; i++)
				rc = coordinator_add(c, &(struct window){ (enum kind)k, order, gaps.at[i] }, 0, NULL);
	}
	cover_release(&gaps);
	return rc ? err_set(e, E_NOMEM, "no memory for the windows") : E_OK;
}

void start_scale(struct coordinator_setup *s, const struct snapshot *snap, const int64_t hub_total[NKINDS],
		 int64_t now_s)
{
	for (int k = 0; k < NKINDS; k++) {
		double all = curve_rows((enum kind)k, oid_at(now_s + 1));

		if (hub_total[k] >= 0)
			s->scale[k] = ((double)hub_total[k] + 1) / all;
		else
			s->scale[k] = snapshot_is_partial(snap) ? PARTIAL_ROWS / all : 1;
		s->scale_known[k] = hub_total[k] >= 0;
	}
}
