/* SPDX-License-Identifier: Apache-2.0 */
#include "quota.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int quota_parse(struct quota *q, const char *s)
{
	char *end;
	if (*s < '0' || *s > '9')
		return -1;
	unsigned long long n = strtoull(s, &end, 10);
	double w = 300;
	if (*end == '/') {
		const char *from = end + 1;
		w = strtod(from, &end);
		if (end == from)
			return -1;
	} else if (n != 0) {
		return -1;
	}
	if (*end || !(w > 0) || w > 1e9)
		return -1;
	q->q = n;
	q->window_s = w;
	return 0;
}

struct quota_state quota_take(const struct quota *q, struct quota_use *u, double now_s)
{
	struct quota_state st = { .allowed = true, .w = (unsigned)ceil(q->window_s) };
	if (!u->begun) {
		u->begun = true;
		u->start_s = now_s;
	}
	double past = floor((now_s - u->start_s) / q->window_s);
	if (past >= 1) {
		u->start_s += past * q->window_s;
		u->used = 0;
	}
	double left = u->start_s + q->window_s - now_s;
	st.t = left > 0 ? (unsigned)ceil(left) : 1;
	st.q = q->q ? q->q : QUOTA_UNLIMITED;
	if (q->q && u->used >= q->q) {
		st.allowed = false;
		return st;
	}
	u->used++;
	st.r = st.q > u->used ? st.q - u->used : 0;
	if (!q->q) /* nothing is spent where there is no limit */
		st.r = QUOTA_UNLIMITED;
	return st;
}
