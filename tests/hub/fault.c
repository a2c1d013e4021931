/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <stdlib.h>
#include <string.h>

#include "mix.h"

static const struct {
	const char *name, *what;
} faults[NFAULT] = {
	[FAULT_504] = { "504", "Gateway Time-out, HTML" },
	[FAULT_502] = { "502", "Bad Gateway, HTML" },
	[FAULT_500] = { "500", "Internal Error, JSON" },
	[FAULT_HTML] = { "html", "200 with an HTML page" },
	[FAULT_NOT_JSON] = { "not-json", "200, said to be JSON, is plain text" },
	[FAULT_TRUNCATE] = { "truncate", "200 with the first half of the JSON" },
	[FAULT_RESET] = { "reset", "the connection is reset, before or within the body" },
	[FAULT_STALL] = { "stall", "headers, the first bytes, then nothing" },
	[FAULT_DRIP] = { "drip", "100 bytes every 100 ms" },
	[FAULT_STALE_RATELIMIT] = { "stale-ratelimit", "r and t of 29 s ago, age: 29" },
	[FAULT_NO_RATELIMIT] = { "no-ratelimit", "without rate-limit headers" },
	[FAULT_NONSENSE_RATELIMIT] = { "nonsense-ratelimit", "rate-limit headers that cannot be read" },
	[FAULT_REJECT_CURSOR] = { "reject-cursor", "400 for a cursor whose _id no row has" },
	[FAULT_IGNORE_CURSOR] = { "ignore-cursor", "such a cursor starts from the beginning" },
	[FAULT_NO_DIRECTION] = { "no-direction", "400 for direction=1 on createdAt too" },
	[FAULT_DUPLICATE] = { "duplicate", "a page has a row twice" },
	[FAULT_OUT_OF_ORDER] = { "out-of-order", "a page has two rows in the wrong order" },
	[FAULT_HIDE] = { "hide", "rows that the createdAt walk does not show (share of the rows)" },
	[FAULT_POISON] = { "poison", "hostile elements between rows, wrong types within (share of the rows)" },
	[FAULT_LOOP] = { "loop", "the next link leads to the same page" },
	[FAULT_CIRCLE] = { "circle", "the next link leads to the first page" },
	[FAULT_FOREIGN_NEXT] = { "foreign-next", "the next link names another host" },
	[FAULT_FOREIGN_SCHEME] = { "foreign-scheme", "the next link is https where the Hub is http" },
	[FAULT_FOREIGN_PORT] = { "foreign-port", "the next link names another port" },
	[FAULT_REDIRECT] = { "redirect", "302 to another host" },
	[FAULT_EMPTY_PAGE] = { "empty-page", "a page without rows, with a next link to where it should have begun" },
	[FAULT_RENAME] = { "rename", "rows that have another name in every second reply (share of the rows)" },
	[FAULT_VANISH] = { "vanish",
			   "accounts that are gone (404) though lists still name them (share of the accounts)" },
	[FAULT_EXPIRE] = { "expire", "400 for the cursor of a list of accounts" },
	[FAULT_WITHDRAW] = { "withdraw", "repositories that are private now (401, with a token 404) though lists still "
					 "name them (share of the repositories)" },
	[FAULT_NAN] = { "nan", "elements that are no JSON, of 6 MB each, between rows (share of the rows)" },
};

static int find(const char *name, size_t n)
{
	for (int f = 0; f < NFAULT; f++)
		if (strlen(faults[f].name) == n && !memcmp(faults[f].name, name, n))
			return f;
	return -1;
}

int fault_parse(struct fault_plan *p, const char *spec, char *text, size_t ntext)
{
	size_t n = strcspn(spec, "@");
	int f = find(spec, n);
	char *end;
	if (f < 0) {
		snprintf(text, ntext, "unknown fault '%.60s'; hubsim --help lists them", spec);
		return -1;
	}
	const char *rate = spec[n] ? spec + n + 1 : "100%";
	if (!strncmp(rate, "every:", 6)) {
		long long every = strtoll(rate + 6, &end, 10);
		if (*end == 0 && every > 0 && end != rate + 6) {
			p->every[f] = (uint64_t)every;
			return 0;
		}
	} else {
		double percent = strtod(rate, &end);
		if (end != rate && end[0] == '%' && end[1] == 0 && percent >= 0 && percent <= 100) {
			p->chance[f] = percent / 100;
			return 0;
		}
	}
	snprintf(text, ntext, "fault '%.60s': the rate is P%% or every:N", spec);
	return -1;
}

static double draw(const struct fault_plan *p, enum fault f, uint64_t salt, uint64_t n)
{
	return mix_unit(mix_nth(mix_nth(p->seed, 7000 + f), salt ^ n * 0x9e3779b97f4a7c15u));
}

bool fault_hits(const struct fault_plan *p, enum fault f, uint64_t n)
{
	if (p->every[f])
		return n % p->every[f] == 0;
	return p->chance[f] > 0 && draw(p, f, 1, n) < p->chance[f];
}

bool fault_row(const struct fault_plan *p, enum fault f, unsigned kind, uint64_t i)
{
	if (p->every[f])
		return i % p->every[f] == p->every[f] - 1;
	return p->chance[f] > 0 && draw(p, f, 100 + kind, i) < p->chance[f];
}

void fault_help(FILE *out)
{
	for (int f = 0; f < NFAULT; f++)
		fprintf(out, "    %-20s%s\n", faults[f].name, faults[f].what);
}
