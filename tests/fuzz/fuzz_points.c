// SPDX-License-Identifier: Apache-2.0
/* A census.json of a series, of any content. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reduce/figures.h"
#include "reduce/points.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Every key has its three parts, its figure is known, and every point has a key. */
static void check(const struct points *x)
{
	for (uint64_t i = 0; i < x->key.text.n; i++) {
		size_t len, part;
		const char *key = texts_get(&x->key.text, i, &len), *s = key_part(key, len, KEY_FIGURE, &part);

		if (figures_find(s, part) < 0)
			abort();
		s = key_part(key, len, KEY_ITEM, &part);
		if (s + part != key + len)
			abort();
	}
	for (uint64_t i = 0; i < x->n; i++)
		if (x->at[i].key < 0 || (uint64_t)x->at[i].key >= x->key.text.n || x->at[i].moment != 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = ERR_INIT;
	struct points x;
	char path[64];
	int fd = memfd_create("census.json", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (write(fd, data, n) == (ssize_t)n && !points_init(&x, 1)) {
		if (points_read(&x, path, 0, &e) && e.code != E_FORMAT && e.code != E_NOMEM)
			abort();
		check(&x);
		points_release(&x);
	}
	close(fd);
	return 0;
}
