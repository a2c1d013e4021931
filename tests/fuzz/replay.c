// SPDX-License-Identifier: Apache-2.0
/* Run a fuzz target on every file of the folders given: corpora and past crashes, as a test. */
#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* memory.h, of the targets that have it. */
__attribute__((weak)) extern int memory_ntaken;

static int run(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long n;

	if (!f)
		return -1;
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	data = malloc((size_t)n + 1);
	if (!data || fread(data, 1, (size_t)n, f) != (size_t)n) {
		fclose(f);
		free(data);
		return -1;
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data, (size_t)n);
	/* And cut in half: a short read of anything. */
	LLVMFuzzerTestOneInput(data, (size_t)n / 2);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *x;
		int files = 0, bad = 0;

		while (d && (x = readdir(d))) {
			char path[1024];

			if (x->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "%s/%s", argv[i], x->d_name);
			bad += run(path) != 0;
			files++;
		}
		if (d)
			closedir(d);
		ok(d && !bad, "%s: %d inputs", argv[i], files);
	}
	if (&memory_ntaken)
		ok(memory_ntaken > 0, "%d of them are read", memory_ntaken);
	return plan_done();
}
