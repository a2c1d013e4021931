// SPDX-License-Identifier: Apache-2.0
/* orgs.csv and topics.csv of any bytes: taken whole or refused with one line, and then found again. */
#include <stdlib.h>
#include <string.h>

#include "reduce/orgs.h"
#include "reduce/topics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int cond)
{
	if (!cond)
		abort();
}

static void one_line(const struct err *e)
{
	require(e->code == E_FORMAT || e->code == E_NOMEM);
	require(e->text[0] && !strpbrk(e->text, "\r\n\033"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = ERR_INIT, f = ERR_INIT;
	struct orgs *o = orgs_create();
	struct topics *t = topics_create();

	if (o && orgs_parse(o, "orgs.csv", (const char *)data, n, &e))
		one_line(&e);
	if (t && topics_parse(t, "topics.csv", (const char *)data, n, &f))
		one_line(&f);
	orgs_free(o);
	topics_free(t);
	return 0;
}
