// SPDX-License-Identifier: Apache-2.0
/* The option parser on any words, one a line: taken or refused with one line. */
#include <stdlib.h>
#include <string.h>

#include "crawler/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1), *argv[40] = { NULL };
	struct err e = ERR_INIT;
	struct options o;
	int argc = 1, done;

	if (!text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	argv[0] = text + n;
	for (char *p = strtok(text, "\n"); p && argc < 39; p = strtok(NULL, "\n"))
		argv[argc++] = p;
	if (options_parse(&o, argc, argv, 0, &done, &e) && (e.code != E_USAGE || strpbrk(e.text, "\r\n\033")))
		abort();
	free(text);
	return 0;
}
