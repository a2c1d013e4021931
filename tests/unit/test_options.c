// SPDX-License-Identifier: Apache-2.0
/* What follows from the number of ranks. */
#include "crawler/options.h"
#include "tests/tap.h"

static void share(void)
{
	static const struct {
		int nranks;
		int64_t given, rows;
	} t[] = { { 1, 0, 50000 },  { 2, 0, 50000 },    { 8, 0, 50000 }, { 9, 0, 44444 },       { 32, 0, 12500 },
		  { 40, 0, 10000 }, { 1024, 0, 10000 }, { 1, 7, 7 },     { 1024, 90000, 90000 } };

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct options o = { .seal_rows = t[i].given };

		options_share(&o, t[i].nranks);
		ok(o.seal_rows == t[i].rows, "%d ranks, %lld given: shards of %lld rows", t[i].nranks,
		   (long long)t[i].given, (long long)t[i].rows);
	}
}

int main(void)
{
	share();
	return plan_done();
}
