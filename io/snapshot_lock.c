// SPDX-License-Identifier: Apache-2.0
#include "io/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/log.h"
#include "io/sync.h"
#include "io/utc.h"

#define PATH_CAP 4096
/* How long the ranks of a job that was killed may take to be gone too, s: within one they find mpirun gone. Rank 0 may
 * as well work on, so it is waited for less. */
#define LEFTOVER_S 30
#define JOB_S      3
#define POLL_NS    100000000

enum { BYTE_JOB, BYTE_RANKS };

/* Returns 0, EAGAIN if somebody else holds it, or another errno. */
static int lock_byte(int fd, int byte, int type)
{
	struct flock lock = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 0;
	return errno == EACCES ? EAGAIN : errno;
}

static int has_no_locks(int why)
{
	return why == ENOSYS || why == EOPNOTSUPP || why == EINVAL;
}

static int open_lock(const char *dir, int flags, int *fd, char path[PATH_CAP])
{
	snprintf(path, PATH_CAP, "%s/.lock", dir);
	*fd = open(path, flags | O_CLOEXEC, 0666);
	return *fd < 0 ? errno : 0;
}

/* Who holds it wrote so into the file. Hostile, as all files; err_set() makes it printable. */
static void read_holder(int fd, char text[160])
{
	ssize_t n = pread(fd, text, 159, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (text[0] == '\0')
		snprintf(text, 160, "it did not say which");
}

static void write_holder(int fd)
{
	char text[160], host[65] = "?", when[32];
	int n, bad;

	gethostname(host, sizeof host - 1);
	n = snprintf(text, sizeof text, "process %ld on %s since %s\n", (long)getpid(), host,
		     utc_format((int64_t)time(NULL), when));
	/* For people; the lock holds without it. */
	bad = ftruncate(fd, 0) ? errno : sync_pwrite(fd, text, (size_t)n, 0);
	if (bad)
		log_warn("cannot write into .lock who holds it: %s", strerror(bad));
}

static int lock_byte_in(int fd, int byte, int type, int seconds, const char *note)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	int bad;

	for (int i = 0; (bad = lock_byte(fd, byte, type)) == EAGAIN; i++) {
		if (i == 10 && note)
			log_note("%s", note);
		if (i == seconds * (1000000000 / POLL_NS))
			break;
		nanosleep(&pause, NULL);
	}
	return bad;
}

/* The second byte, alone for a moment, then together with the other ranks. */
static int lock_ranks(int fd)
{
	int bad = lock_byte_in(fd, BYTE_RANKS, F_WRLCK, LEFTOVER_S,
			       "ranks of a job that died still work on the folder: waiting for their end");

	return bad ? bad : lock_byte(fd, BYTE_RANKS, F_RDLCK);
}

static int refused(const char *dir, int *fd, const char *path, int why, struct err *e)
{
	char holder[160];

	read_holder(*fd, holder);
	/* What was locked before this failed must not keep the other ranks out. */
	close(*fd);
	*fd = -1;
	if (why != EAGAIN && has_no_locks(why)) {
		log_warn("the file system of '%s' has no locks (%s): see to it that no other job works on it", dir,
			 strerror(why));
		return E_OK;
	}
	if (why == EAGAIN)
		return err_set(e, E_USAGE,
			       "another job works on '%s' (%s); wait for it or end it, then run the same command again",
			       dir, holder);
	/* No proof that there are none: another host may have them, and a job that holds one. */
	if (why == ENOLCK)
		return err_sys(e, why, "cannot lock '%s': does the lock service of its file system run on this host?",
			       path);
	return err_sys(e, why, "cannot lock '%s'", path);
}

int snapshot_lock(const char *dir, int *fd, struct err *e)
{
	char path[PATH_CAP];
	int bad = open_lock(dir, O_RDWR | O_CREAT, fd, path);

	if (bad)
		return err_sys(e, bad, "cannot write into '%s'", dir);
	bad = lock_byte_in(*fd, BYTE_JOB, F_WRLCK, JOB_S, NULL);
	if (!bad)
		bad = lock_ranks(*fd);
	if (bad)
		return refused(dir, fd, path, bad, e);
	write_holder(*fd);
	return E_OK;
}

int snapshot_join(const char *dir, int *fd, struct err *e)
{
	char path[PATH_CAP];
	int bad = open_lock(dir, O_RDONLY, fd, path);

	if (bad)
		return err_sys(e, bad, "cannot read '%s'; all ranks need the folder", path);
	bad = lock_byte(*fd, BYTE_RANKS, F_RDLCK);
	/* Rank 0 has said what is to be said of a file system without locks. */
	return bad && !has_no_locks(bad) ? refused(dir, fd, path, bad, e) : E_OK;
}

int snapshot_look(const char *dir, int *fd, struct err *e)
{
	char path[PATH_CAP];
	int bad = open_lock(dir, O_RDONLY, fd, path);

	if (bad == ENOENT || bad == EACCES)
		return E_OK;
	if (bad)
		return err_sys(e, bad, "cannot read '%s'", path);
	bad = lock_byte_in(*fd, BYTE_JOB, F_RDLCK, JOB_S, NULL);
	return bad && !has_no_locks(bad) ? refused(dir, fd, path, bad, e) : E_OK;
}
