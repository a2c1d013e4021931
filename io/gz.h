// SPDX-License-Identifier: Apache-2.0
/* Gzip files (RFC 1952) as a row of members: written a member at a time, read a member at a time. Local. The only place
 * that knows zlib. The prefix is gzip_, for zlib keeps gz… for itself.
 *
 * Concatenated members are one gzip file, and every member carries its own CRC-32 and length: what was read to the end
 * of a member is what was written, and a file that was cut (killed writer, full disk) is good up to its last whole
 * member.
 */
#ifndef IO_GZ_H
#define IO_GZ_H

#include <stddef.h>
#include <stdint.h>

#include "io/err.h"

/* ---- Writing */

struct gzip_writer;

/* Compress into a file descriptor, from its present offset.
 *   fd     stays the caller's, and open as long as the writer
 *   name   for error texts; not copied, must live as long as the writer
 *   level  of zlib: 1 (fast) to 9
 * Errors: E_NOMEM. *w is then NULL. */
int gzip_writer_create(struct gzip_writer **w, int fd, const char *name, int level, struct err *e);

/* Nothing is written: a member that was not ended is left as it is in the file. NULL is fine. */
void gzip_writer_free(struct gzip_writer *w);

/* Append n bytes to the present member, beginning one if there is none. Up to 64 KiB stay in memory until
 * gzip_writer_end(). After an error only gzip_writer_drop() and gzip_writer_free() may follow. Errors: E_IO. */
int gzip_writer_put(struct gzip_writer *w, const void *x, size_t n, struct err *e);

/* End the member, and hand all of it to the operating system (not: sync it). As the kernel has it then, a killed
 * process loses nothing of it. A member of no bytes may be ended. Errors: E_IO. */
int gzip_writer_end(struct gzip_writer *w, struct err *e);

/* Forget the present member, after an error or for second thoughts. What of it reached the file is the caller's to cut
 * off: gzip_writer_nbytes() tells where. */
void gzip_writer_drop(struct gzip_writer *w);

/* Bytes of all members that were ended. */
int64_t gzip_writer_nbytes(const struct gzip_writer *w);

/* ---- Reading: hostile input is welcome
 *
 *     while (!gzip_reader_next(r, &more, e) && more)
 *             while (!gzip_reader_take(r, x, sizeof x, &got, e) && got)
 *                     ... got bytes of the member; checked once got < sizeof x and not gzip_reader_was_cut(r)
 *
 * A file whose first byte is not 0x1f is not gzip: it is handed through as it is, as one member without a check or a
 * cap.
 */

struct gzip_reader;

/* Read a file, from its beginning. It must be a regular one.
 *   path        not copied, must live as long as the reader; for error texts too
 *   member_max  cap on the decompressed bytes of one member; deflate packs up to 1,032 to 1, so the size of the file
 * says little Errors: E_IO, E_FORMAT (no regular file), E_NOMEM. *r is then NULL. */
int gzip_reader_open(struct gzip_reader **r, const char *path, int64_t member_max, struct err *e);

/* The same over n bytes in memory, which stay the caller's and must live as long as the reader. */
int gzip_reader_memory(struct gzip_reader **r, const void *x, size_t n, const char *name, int64_t member_max,
		       struct err *e);

void gzip_reader_free(struct gzip_reader *r);

/* Go to the first member, and, when one has been read to its end, to the next. *more = 0: there is none, or the last
 * one was cut. Errors: E_IO, E_BUG (the present member has not been read to its end). */
int gzip_reader_next(struct gzip_reader *r, int *more, struct err *e);

/* The next bytes of the member. *got < n only at its end, checksum and length then being right, or where the file was
 * cut (gzip_reader_was_cut()). After an error the reader can only be freed.
 * Errors: E_FORMAT (damaged, not gzip behind the first member, beyond member_max), E_IO, E_NOMEM. */
int gzip_reader_take(struct gzip_reader *r, void *x, size_t n, size_t *got, struct err *e);

/* Did the file end inside a member? Not known for a file that is not gzip. */
int gzip_reader_was_cut(const struct gzip_reader *r);

/* Was it not gzip at all? Known after the first gzip_reader_next(). */
int gzip_reader_is_plain(const struct gzip_reader *r);

/* Bytes of the file used so far: after gzip_reader_next() where the member begins. */
int64_t gzip_reader_offset(const struct gzip_reader *r);

/* ---- A zlib stream (RFC 1950), as HDF5's deflate filter writes it */

/* Does it inflate, whole and undamaged, to at most `most` bytes? Bytes behind it do not count. Memory is constant,
 * whatever it holds. Returns E_OK, E_FORMAT (no) or E_NOMEM. */
enum err_code zlib_check(const void *x, size_t n, size_t most);

#endif
