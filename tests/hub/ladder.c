/* SPDX-License-Identifier: Apache-2.0 */
#include "ladder.h"

#include <math.h>
#include <stddef.h>

void ladder_init(struct ladder *l, uint64_t n, double median, double slope, double zero)
{
	l->n = (double)n;
	l->head = n >= 4 * LADDER_HEAD ? LADDER_HEAD : floor((double)n / 4);
	l->median = median;
	l->slope = slope;
	l->zero = zero;
	l->steep = slope;
	l->edge = l->head > 0 ? median * pow(0.5 * l->n / (l->head + 0.5), slope) : 0;
}

double ladder_at(const struct ladder *l, double r)
{
	if (r < l->head)
		return l->edge * pow(l->head / (r + 1), l->steep);
	double u = (r + 0.5) / l->n;
	if (u < 0.5)
		return l->median * pow(0.5 / u, l->slope);
	double z = (l->zero - u) / (l->zero - 0.5);
	return z <= 0 ? 0 : l->median * z * z;
}

double ladder_tail(const struct ladder *l)
{
	uint64_t n = (uint64_t)l->n, r = (uint64_t)l->head;
	double sum = 0;
	while (r < n) {
		uint64_t step = r / 500 + 1;
		if (step > n - r)
			step = n - r;
		sum += floor(ladder_at(l, (double)r + (double)(step - 1) / 2)) * (double)step;
		r += step;
	}
	return sum;
}

double ladder_head(const struct ladder *l)
{
	double sum = 0;
	for (uint64_t r = 0; r < (uint64_t)l->head; r++)
		sum += floor(ladder_at(l, (double)r));
	return sum;
}

void ladder_tune(struct ladder *l, double share, double (*sum)(const struct ladder *l, const void *arg),
		 const void *arg)
{
	double want = ladder_tail(l) * share / (1 - share), lo = 0, hi = 4;
	for (int i = 0; i < 50; i++) {
		l->steep = (lo + hi) / 2;
		if ((sum ? sum(l, arg) : ladder_head(l)) < want)
			lo = l->steep;
		else
			hi = l->steep;
	}
}
