// SPDX-License-Identifier: Apache-2.0
/* gzip members: as many as were written, cut, damaged, bombs, and what is no file. */
#include "io/gz.h"

#include <string.h>

#include "tests/packed.h"

#define TEXT(s)   s, sizeof(s) - 1
#define ZEROS_MAX (100 << 20)

static char dir[] = "/tmp/test_gz.XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void test_members(void)
{
	static const char noise[] = "\x1f\x8b not a member";
	int fd = memfd_create("members", 0), more, rc;
	struct err e = ERR_INIT;
	struct gzip_writer *w;
	struct gzip_reader *r;
	struct bytes b;
	char x[64];
	size_t got;

	gzip_writer_create(&w, fd, "members", 6, &e);
	ok(!gzip_writer_put(w, "one", 3, &e) && !gzip_writer_put(w, "two", 3, &e) && !gzip_writer_end(w, &e),
	   "a member of two pieces");
	gzip_writer_put(w, "never", 5, &e);
	gzip_writer_drop(w);
	ok(!gzip_writer_end(w, &e) && !gzip_writer_put(w, "three", 5, &e) && !gzip_writer_end(w, &e),
	   "a dropped one, one of no bytes, one more");
	b = slurp_fd(fd);
	ok(gzip_writer_nbytes(w) == (int64_t)b.n, "the writer knows its bytes");
	gzip_writer_free(w);
	close(fd);

	gzip_reader_memory(&r, b.s, b.n, "members", 100, &e);
	ok(!gzip_reader_next(r, &more, &e) && more && gzip_reader_offset(r) == 0, "the first is there");
	ok(!gzip_reader_take(r, x, 4, &got, &e) && got == 4 && memcmp(x, "onet", 4) == 0, "a part of it");
	ok(gzip_reader_next(r, &more, &e) == E_BUG, "not to be left before its end");
	err_clear(&e);
	ok(!gzip_reader_take(r, x, sizeof x, &got, &e) && got == 2, "the rest, and no further");
	ok(!gzip_reader_next(r, &more, &e) && more && !gzip_reader_take(r, x, sizeof x, &got, &e) && got == 0,
	   "the one of no bytes");
	ok(!gzip_reader_next(r, &more, &e) && more && !gzip_reader_take(r, x, sizeof x, &got, &e) && got == 5,
	   "the last");
	ok(!gzip_reader_next(r, &more, &e) && !more && !gzip_reader_was_cut(r), "the end");
	ok(!gzip_reader_next(r, &more, &e) && !more, "stays the end");
	gzip_reader_free(r);

	b.s = realloc(b.s, b.n + sizeof noise);
	memcpy(b.s + b.n, noise, sizeof noise - 1);
	gzip_reader_memory(&r, b.s, b.n + sizeof noise - 1, "members", 100, &e);
	for (rc = 0, more = 1; !rc && more;) {
		rc = gzip_reader_next(r, &more, &e);
		if (!rc && more)
			rc = gzip_reader_take(r, x, sizeof x, &got, &e);
	}
	ok(rc == E_FORMAT, "noise behind the last member: %s", e.text);
	gzip_reader_free(r);
	free(b.s);
	gzip_writer_free(NULL);
	gzip_reader_free(NULL);
}

static void test_member_bomb(void)
{
	struct bytes zeros = { calloc(1, ZEROS_MAX), ZEROS_MAX }, b = pack(zeros.s, zeros.n);
	struct err e = ERR_INIT;
	struct gzip_reader *r;
	char x[4096];
	size_t got = 1, sum = 0;
	int more, rc = 0;

	gzip_reader_memory(&r, b.s, b.n, "bomb", 1 << 20, &e);
	gzip_reader_next(r, &more, &e);
	while (!rc && got) {
		rc = gzip_reader_take(r, x, sizeof x, &got, &e);
		sum += got;
	}
	ok(rc == E_FORMAT && sum <= 1 << 20, "%zu bytes for 100 MB: %s", b.n, e.text);
	err_clear(&e);
	ok(gzip_reader_take(r, x, sizeof x, &got, &e) == E_FORMAT && got == 0, "and nothing more");
	gzip_reader_free(r);
	err_clear(&e);
	ok(gzip_reader_open(&r, dir, 1, &e) == E_FORMAT && !r, "a folder: %s", e.text);
	err_clear(&e);
	mkfifo(in_dir("pipe"), 0600);
	ok(gzip_reader_open(&r, in_dir("pipe"), 1, &e) == E_FORMAT && !r, "a pipe does not make it wait");
	unlink(in_dir("pipe"));
	err_clear(&e);
	ok(gzip_reader_open(&r, in_dir("none"), 1, &e) == E_IO && !r, "no file: %s", e.text);
	free(zeros.s);
	free(b.s);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	test_members();
	test_member_bomb();
	rmdir(dir);
	return plan_done();
}
