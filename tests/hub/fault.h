/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on demand, drawn from the seed and the number of the request (or of the row), so that a failing run can be
 * repeated. */
#ifndef HUB_FAULT_H
#define HUB_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum fault {
	/* instead of the reply */
	FAULT_504,
	FAULT_502,
	FAULT_500,
	FAULT_HTML,
	FAULT_NOT_JSON,
	/* the reply on its way */
	FAULT_TRUNCATE,
	FAULT_RESET,
	FAULT_STALL,
	FAULT_DRIP,
	/* headers */
	FAULT_STALE_RATELIMIT,
	FAULT_NO_RATELIMIT,
	FAULT_NONSENSE_RATELIMIT,
	/* lists */
	FAULT_REJECT_CURSOR,
	FAULT_IGNORE_CURSOR,
	FAULT_NO_DIRECTION,
	FAULT_DUPLICATE,
	FAULT_OUT_OF_ORDER,
	FAULT_HIDE,
	FAULT_POISON,
	FAULT_LOOP,
	FAULT_CIRCLE,
	FAULT_FOREIGN_NEXT,
	FAULT_FOREIGN_SCHEME,
	FAULT_FOREIGN_PORT,
	FAULT_REDIRECT,
	FAULT_EMPTY_PAGE,
	FAULT_RENAME,
	/* accounts */
	FAULT_VANISH,
	FAULT_EXPIRE,
	/* repositories */
	FAULT_WITHDRAW,
	/* lists of repositories, again: each fault's draws depend on its place */
	FAULT_NAN,
	NFAULT
};

struct fault_plan {
	uint64_t seed;
	double chance[NFAULT];  /* 0 … 1 */
	uint64_t every[NFAULT]; /* 0: not used */
};

/* "NAME", "NAME@P%" or "NAME@every:N" (requests N, 2N, …). Returns 0, or -1 with one line in text. */
int fault_parse(struct fault_plan *p, const char *spec, char *text, size_t ntext);

/* Does request number n (from 1) suffer it? Does row i of a kind? */
bool fault_hits(const struct fault_plan *p, enum fault f, uint64_t n);
bool fault_row(const struct fault_plan *p, enum fault f, unsigned kind, uint64_t i);

/* One line per fault, for --help. */
void fault_help(FILE *out);

#endif
