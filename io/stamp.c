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

#include "io/sync.h"

/* XXH3 runs at the speed of memory, where a CRC-32 or SHA would show in the profile. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#define PIECE (1 << 20)

static int head_line(char line[64], const char *what, int version)
{
	return snprintf(line, 64, "hubcensus %s %d\n", what, version);
}

/* Hash the first line, and all bytes behind the block. Returns an errno. */
static int hash_file(int fd, const char *what, int version, uint64_t *hash, uint64_t *nbytes)
{
	XXH3_state_t *state = XXH3_createState();
	char *buf = malloc(PIECE), line[64];
	int nline = head_line(line, what, version), bad = state && buf ? 0 : ENOMEM;
	ssize_t n = 1;

	*nbytes = STAMP_SIZE;
	if (!bad && lseek(fd, STAMP_SIZE, SEEK_SET) < 0)
		bad = errno;
	if (!bad) {
		XXH3_64bits_reset(state);
		XXH3_64bits_update(state, line, (size_t)nline);
	}
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
	int n = head_line(block, what, version);

	memset(block + n, 0, STAMP_SIZE - (size_t)n);
	snprintf(block + n, STAMP_SIZE - (size_t)n, "xxh3-64 %016" PRIx64 "\nbytes %" PRIu64 "\n", hash, nbytes);
}

void stamp_make(char block[STAMP_SIZE], const char *what, int version, const void *body, uint64_t n)
{
	XXH3_state_t state;
	char line[64];

	XXH3_64bits_reset(&state);
	XXH3_64bits_update(&state, line, (size_t)head_line(line, what, version));
	XXH3_64bits_update(&state, body, n);
	format(block, what, version, XXH3_64bits_digest(&state), STAMP_SIZE + n);
}

int stamp_write(const char *path, const char *what, int version, struct err *e)
{
	char block[STAMP_SIZE];
	uint64_t hash, nbytes;
	int fd = open(path, O_RDWR | O_CLOEXEC), bad = fd < 0 ? errno : 0;

	if (!bad)
		bad = hash_file(fd, what, version, &hash, &nbytes);
	if (!bad) {
		format(block, what, version, hash, nbytes);
		bad = sync_pwrite(fd, block, sizeof block, 0);
	}
	if (!bad)
		bad = sync_fd(fd);
	if (fd >= 0 && close(fd) && !bad)
		bad = errno;
	return bad ? err_sys(e, bad, "cannot write '%s'; free some space, then run the same command again", path)
		   : E_OK;
}

/* The version that the first line tells; 0 if it is not of our form. */
static int told_version(const char *block, const char *what)
{
	char line[64];
	int n = snprintf(line, sizeof line, "hubcensus %s ", what), version = 0;

	if (memcmp(block, line, (size_t)n) != 0)
		return 0;
	for (const char *p = block + n; *p >= '0' && *p <= '9' && version < 100000; p++)
		version = version * 10 + (*p - '0');
	return version;
}

/* Returns an errno, or sets *told to the version that the stamp tells, 0 where it does not hold. */
static int check_file(int fd, const char *what, int *told)
{
	char block[STAMP_SIZE], want[STAMP_SIZE];
	uint64_t hash, nbytes;
	ssize_t n = pread(fd, block, sizeof block, 0);
	int bad;

	*told = n == (ssize_t)sizeof block ? told_version(block, what) : 0;
	if (n < 0)
		return errno;
	if (*told == 0)
		return 0;
	bad = hash_file(fd, what, *told, &hash, &nbytes);
	if (bad)
		return bad;
	format(want, what, *told, hash, nbytes);
	if (memcmp(block, want, STAMP_SIZE) != 0)
		*told = 0;
	return 0;
}

int stamp_check(const char *path, const char *what, int version, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), bad = fd < 0 ? errno : 0, regular = 0, told = 0;

	if (!bad && fstat(fd, &st))
		bad = errno;
	regular = !bad && S_ISREG(st.st_mode);
	if (regular)
		bad = check_file(fd, what, &told);
	if (fd >= 0)
		close(fd);
	if (bad)
		return err_sys(e, bad, "cannot read '%s'", path);
	if (!regular)
		return err_set(e, E_FORMAT, "'%s' is no %s of hubcensus; move it out of the folder", path, what);
	if (told == 0)
		return err_set(
			e, E_DAMAGED,
			"'%s' is cut or damaged, or no %s of hubcensus; hubcrawl sets it aside and asks anew for "
			"what it held",
			path, what);
	if (told != version)
		return err_set(e, E_FORMAT, "'%s' is a %s of version %d, this reads %d; use the version that wrote it",
			       path, what, told, version);
	return E_OK;
}
