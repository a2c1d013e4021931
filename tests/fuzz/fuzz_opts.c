// SPDX-License-Identifier: Apache-2.0
/* The option parser on any words, one a line, by the table of each program: taken or refused with one line. */
#include <stdlib.h>
#include <string.h>

#include "crawler/options.h"
#include "reduce/figures.h"
#include "reduce/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(int rc, const struct err *e)
{
	if (rc != e->code || (rc && (rc != E_USAGE || strpbrk(e->text, "\r\n\033"))))
		abort();
}

static void crawl(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct options o;
	int done;

	check(options_parse(&o, argc, argv, 0, &done, &e), &e);
}

static void reduce(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct reduce_options o;
	unsigned char *chosen = calloc((size_t)figure_count, 1);
	int done, rc = reduce_options_parse(&o, argc, argv, 0, &done, &e);

	if (chosen && !rc && !done)
		rc = figures_select(o.figures, chosen, &e);
	check(rc, &e);
	free(chosen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1), *argv[40] = { NULL }, *again[40];
	int argc = 1;

	if (!text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	argv[0] = text + n;
	for (char *p = strtok(text, "\n"); p && argc < 39; p = strtok(NULL, "\n"))
		argv[argc++] = p;
	memcpy(again, argv, sizeof again); /* parsing reorders them */
	crawl(argc, argv);
	reduce(argc, again);
	free(text);
	return 0;
}
