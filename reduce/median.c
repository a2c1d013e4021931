// SPDX-License-Identifier: Apache-2.0
#include "reduce/median.h"

#include <stdlib.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */

/* What is not decided yet of a group. */
struct search {
	int64_t lo, hi;      /* the median is in lo … hi */
	uint64_t first, end; /* elements of that range */
	uint64_t mid;        /* of these, where those above the value in question begin */
	wide below;          /* this rank's weight below lo */
};

/* Bring the elements up to `value` to the front. Returns their weight. */
static wide divide(struct search *s, struct weighted *x, int64_t value)
{
	uint64_t i = s->first, j = s->end;
	wide sum = 0;

	while (i < j) {
		if (x[i].value <= value) {
			sum += x[i++].weight;
		} else {
			struct weighted y = x[i];

			x[i] = x[--j];
			x[j] = y;
		}
	}
	s->mid = i;
	return sum;
}

static int64_t middle(const struct search *s)
{
	return s->lo + (s->hi - s->lo) / 2;
}

static void halve(MPI_Comm comm, struct search *s, struct weighted *x, uint64_t ngroups, const wide *whole, wide *own,
		  wide *sum)
{
	for (uint64_t g = 0; g < ngroups; g++)
		own[g] = sum[g] = s[g].below + divide(&s[g], x, middle(&s[g]));
	wire_sum_wide(comm, sum, ngroups);
	for (uint64_t g = 0; g < ngroups; g++) {
		if (2 * sum[g] >= whole[g]) {
			s[g].hi = middle(&s[g]);
			s[g].end = s[g].mid;
		} else {
			s[g].lo = middle(&s[g]) + 1;
			s[g].first = s[g].mid;
			s[g].below = own[g];
		}
	}
}

static int is_open(const struct search *s, uint64_t ngroups)
{
	for (uint64_t g = 0; g < ngroups; g++)
		if (s[g].lo < s[g].hi)
			return 1;
	return 0;
}

/* Above all values of all ranks there is nothing to halve. */
static int64_t largest(MPI_Comm comm, const struct weighted *x, uint64_t first, uint64_t end)
{
	int64_t most = 0;

	for (uint64_t i = first; i < end; i++)
		most = x[i].value > most ? x[i].value : most;
	return (int64_t)wire_max(comm, (uint64_t)most);
}

int median_find(MPI_Comm comm, int rc, struct weighted *x, const uint64_t *start, uint64_t ngroups, const wide *whole,
		int64_t *median, struct err *e)
{
	struct search *s = calloc((size_t)ngroups + 1, sizeof *s);
	wide *sum = calloc(2 * (size_t)ngroups + 1, sizeof *sum);

	if (!rc && (!s || !sum))
		rc = err_set(e, E_NOMEM, "out of memory for medians");
	if (!(rc = err_agree(comm, rc, e))) {
		int64_t most = largest(comm, x, start[0], start[ngroups]);

		for (uint64_t g = 0; g < ngroups; g++)
			s[g] = (struct search){ 0, most, start[g], start[g + 1], 0, 0 };
		while (is_open(s, ngroups))
			halve(comm, s, x, ngroups, whole, sum + ngroups, sum);
		for (uint64_t g = 0; g < ngroups; g++)
			median[g] = s[g].hi;
	}
	free(s);
	free(sum);
	return rc;
}
