// SPDX-License-Identifier: Apache-2.0
#include "io/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* XXH3 runs at the speed of memory, where a CRC-32 or SHA would show in the profile. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#define PIECE (1 << 20)

/* Hash all bytes behind the block. Returns an errno. */
static int hash_rest(int fd, uint64_t *hash, uint64_t *nbytes)
{
	XXH3_state_t *state = XXH3_createState();
	char *buf = malloc(PIECE);
	int bad = state && buf ? 0 : ENOMEM;
	ssize_t n = 1;

	*nbytes = STAMP_SIZE;
	if (!bad && lseek(fd, STAMP_SIZE, SEEK_SET) < 0)
		bad = errno;
	if (!bad)
		XXH3_64bits_reset(state);
	while (!bad && n > 0) {
		n = read(fd, buf, PIECE);
		if (n < 0 && errno != EINTR)
			bad = errno;
		if (n > 0) {
			XXH3_64bits_update(state, buf, (size_t)n);
			*nbytes += (uint64_t)n;
		}
		if (n < 0)
			n = 1;
	}
	*hash = bad ? 0 : XXH3_64bits_digest(state);
	free(buf);
	XXH3_freeState(state);
	return bad;
}

static void format(char block[STAMP_SIZE], const char *what, int version, uint64_t hash, uint64_t nbytes)
{
	memset(block, 0, STAMP_SIZE);
	snprintf(block, STAMP_SIZE, "hubcensus %s %d\nxxh3-64 %016" PRIx64 "\nbytes %" PRIu64 "\n", what, version, hash,
		 nbytes);
}

int stamp_write(const char *path, const char *what, int version, struct err *e)
{
	char block[STAMP_SIZE];
	uint64_t hash, nbytes;
	int fd = open(path, O_RDWR | O_CLOEXEC), bad = fd < 0 ? errno : 0;

	if (!bad)
		bad = hash_rest(fd, &hash, &nbytes);
	if (!bad) {
		ssize_t n;

		format(block, what, version, hash, nbytes);
		n = pwrite(fd, block, sizeof block, 0);
		bad = n == (ssize_t)sizeof block ? 0 : n < 0 ? errno : ENOSPC;
	}
	if (!bad && fsync(fd))
		bad = errno;
	if (fd >= 0 && close(fd) && !bad)
		bad = errno;
	return bad ? err_sys(e, bad, "cannot write '%s'", path) : E_OK;
}

static int compare(const char *block, const char *path, const char *what, int version, uint64_t hash, uint64_t nbytes,
		   struct err *e)
{
	char want[STAMP_SIZE], head[64];
	int n = snprintf(head, sizeof head, "hubcensus %s ", what);

	if (memcmp(block, head, (size_t)n) != 0)
		return err_set(e, E_FORMAT, "'%s' is no %s of hubcensus; move it out of the folder", path, what);
	format(want, what, version, hash, nbytes);
	if (strncmp(block + n, want + n, strcspn(want + n, "\n") + 1) != 0)
		return err_set(e, E_FORMAT, "'%s' is a %s of another version than %d; use the version that wrote it",
			       path, what, version);
	if (memcmp(block, want, STAMP_SIZE) != 0)
		return err_set(e, E_FORMAT,
			       "'%s' is cut or damaged; move it away and crawl again: what it held will be asked anew",
			       path);
	return E_OK;
}

int stamp_check(const char *path, const char *what, int version, struct err *e)
{
	char block[STAMP_SIZE];
	uint64_t hash, nbytes;
	struct stat st;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), bad = fd < 0 ? errno : 0, regular = 0;

	if (!bad && fstat(fd, &st))
		bad = errno;
	regular = !bad && S_ISREG(st.st_mode);
	if (regular) {
		n = pread(fd, block, sizeof block, 0);
		bad = n < 0 ? errno : 0;
	}
	if (n == (ssize_t)sizeof block && !bad)
		bad = hash_rest(fd, &hash, &nbytes);
	if (fd >= 0)
		close(fd);
	if (bad)
		return err_sys(e, bad, "cannot read '%s'", path);
	if (n != (ssize_t)sizeof block)
		return err_set(e, E_FORMAT,
			       "'%s' is cut or no %s of hubcensus; move it away and crawl again: what it held will be "
			       "asked anew",
			       path, what);
	return compare(block, path, what, version, hash, nbytes, e);
}
