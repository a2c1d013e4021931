// SPDX-License-Identifier: Apache-2.0
/* Bytes of files, gzip members made and opened, for tests: what fails ends the test. */
#ifndef TESTS_PACKED_H
#define TESTS_PACKED_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/gz.h"
#include "tests/tap.h"

struct bytes {
	char *s; /* free() it */
	size_t n;
};

__attribute__((unused)) static struct bytes slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	struct bytes b = { NULL, 0 };
	struct stat st;

	if (!f || fstat(fileno(f), &st)) {
		diag("cannot read %s", path);
		exit(1);
	}
	b.s = malloc((size_t)st.st_size + 1);
	b.n = fread(b.s, 1, (size_t)st.st_size, f);
	b.s[b.n] = '\0';
	fclose(f);
	return b;
}

__attribute__((unused)) static struct bytes slurp_fd(int fd)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return slurp(path);
}

/* n bytes as one gzip member. */
__attribute__((unused)) static struct bytes pack(const void *x, size_t n)
{
	int fd = memfd_create("pack", 0);
	struct err e = ERR_INIT;
	struct gzip_writer *w;
	struct bytes b;

	if (gzip_writer_create(&w, fd, "pack", 1, &e) || gzip_writer_put(w, x, n, &e) || gzip_writer_end(w, &e)) {
		diag("%s", e.text);
		exit(1);
	}
	gzip_writer_free(w);
	b = slurp_fd(fd);
	close(fd);
	return b;
}

/* All members of a gzip file, decompressed. */
__attribute__((unused)) static struct bytes unpack(const void *x, size_t n)
{
	struct bytes b = { malloc(1 << 20), 0 };
	struct err e = ERR_INIT;
	struct gzip_reader *r;
	int more;
	size_t got;

	gzip_reader_memory(&r, x, n, "unpack", 1 << 20, &e);
	while (!gzip_reader_next(r, &more, &e) && more)
		while (!gzip_reader_take(r, b.s + b.n, (1 << 20) - b.n - 1, &got, &e) && got)
			b.n += got;
	b.s[b.n] = '\0';
	gzip_reader_free(r);
	return b;
}

#endif
