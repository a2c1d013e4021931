// SPDX-License-Identifier: Apache-2.0
/* Files read and written whole, for tests: what fails ends the test. */
#ifndef TESTS_WHOLE_H
#define TESTS_WHOLE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The *n bytes of a file; free() them. */
__attribute__((unused)) static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	char *s;

	if (!f || fstat(fileno(f), &st))
		abort();
	*n = (size_t)st.st_size;
	s = malloc(*n + 1);
	if (!s || fread(s, 1, *n, f) != *n || fclose(f))
		abort();
	return s;
}

__attribute__((unused)) static void spill(const char *path, const char *s, size_t n)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(s, 1, n, f) != n || fclose(f))
		abort();
}

#endif
