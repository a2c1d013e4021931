// SPDX-License-Identifier: Apache-2.0
/* What the guard makes of a library that crashes or does not come back: one line that names the file, exit code 4. Of a
 * crash of ours it makes nothing. */
#include "io/h5guard.h"

#include <hdf5.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

#define FILE_NAME "/nowhere/forged.h5"

/* Run a child, and keep what it says on stderr. Returns as waitpid(). */
static int child(void (*run)(int), int arg, char *said, size_t n)
{
	int p[2], status = -1;
	size_t have = 0;
	ssize_t k;
	pid_t pid;

	said[0] = '\0';
	if (pipe(p))
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		dup2(p[1], 2);
		close(p[0]);
		close(p[1]);
		run(arg);
		_exit(0);
	}
	close(p[1]);
	while (have + 1 < n && (k = read(p[0], said + have, n - 1 - have)) > 0)
		have += (size_t)k;
	said[have] = '\0';
	close(p[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

/* The library frees an object by a function of our choice: raise() of the C library, as if it had failed itself. */
static void raise_within(int sig)
{
	H5I_type_t type = H5Iregister_type(0, 0, (H5I_free_t)(void (*)(void))raise);

	H5Idec_ref(H5Iregister(type, (void *)(intptr_t)sig));
}

static void crash(int sig)
{
	h5guard_begin(FILE_NAME);
	raise_within(sig);
}

/* A fault, not a signal that was sent: a page that is not there. */
static void fault(int by_library)
{
	volatile unsigned *volatile nowhere = (volatile unsigned *)8;
	unsigned version;

	h5guard_begin(FILE_NAME);
	if (by_library)
		H5get_libversion((unsigned *)nowhere, &version, &version);
	else
		*nowhere = 1;
}

static void crash_of_ours(int sig)
{
	h5guard_begin(FILE_NAME);
	raise(sig);
}

static herr_t crash_back(hid_t g, const char *name, const H5L_info_t *info, void *arg)
{
	volatile int rc; /* else this function would be gone from the stack by then */

	(void)g, (void)name, (void)info;
	rc = raise(*(int *)arg);
	return rc;
}

/* Called back by the library. */
static void crash_of_callback(int sig)
{
	hid_t plist = H5Pcreate(H5P_FILE_ACCESS), f;

	H5Pset_fapl_core(plist, 4096, 0);
	f = H5Fcreate(FILE_NAME, H5F_ACC_TRUNC, H5P_DEFAULT, plist);
	H5Gcreate2(f, "x", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	h5guard_begin(FILE_NAME);
	H5Lvisit(f, H5_INDEX_NAME, H5_ITER_INC, crash_back, &sig);
}

/* Of a list that goes on for ever; the guard's own timer is set to less. */
static void hang(int arg)
{
	const struct itimerval soon = { .it_value.tv_usec = 20000 };
	volatile int going = 1;

	h5guard_begin(FILE_NAME);
	setitimer(ITIMER_VIRTUAL, &soon, NULL);
	while (going)
		arg++;
}

static void has_timer(int arg)
{
	struct itimerval left;

	(void)arg;
	h5guard_begin(FILE_NAME);
	getitimer(ITIMER_VIRTUAL, &left);
	_exit(left.it_value.tv_sec >= H5GUARD_S - 1 && left.it_value.tv_sec <= H5GUARD_S ? 0 : 1);
}

static void nested(int sig)
{
	h5guard_begin(FILE_NAME);
	h5guard_begin("another");
	h5guard_end();
	raise_within(sig);
}

/* Behind it signals are what they were, and no timer runs. */
static void behind(int sig)
{
	struct itimerval left;

	signal(sig, SIG_DFL);
	h5guard_begin(FILE_NAME);
	h5guard_end();
	getitimer(ITIMER_VIRTUAL, &left);
	if (left.it_value.tv_sec || left.it_value.tv_usec)
		_exit(1);
	raise(sig);
}

static int is_told(int status, const char *said, const char *what)
{
	const char *end = strchr(said, '\n');

	if (WIFEXITED(status) && WEXITSTATUS(status) == 4 && strstr(said, "'" FILE_NAME "'") && strstr(said, what) &&
	    end && !end[1])
		return 1;
	diag("status %d: %s", status, said);
	return 0;
}

/* Dead of the signal, or a sanitizer had it. */
static int is_untold(int status, const char *said, int sig)
{
	if (!strstr(said, FILE_NAME) && (WIFSIGNALED(status) ? WTERMSIG(status) == sig : !!strstr(said, "Sanitizer")))
		return 1;
	diag("status %d: %s", status, said);
	return 0;
}

int main(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	char said[2048];
	int status;

	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
		status = child(crash, crashes[i], said, sizeof said);
		ok(is_told(status, said, "crash"), "signal %d within the library: one line, exit code 4", crashes[i]);
	}
	status = child(fault, 1, said, sizeof said);
	ok(is_told(status, said, "makes the HDF5 library crash"), "a fault within it: the same");
	status = child(fault, 0, said, sizeof said);
	ok(is_untold(status, said, SIGSEGV), "a fault of ours: as without a guard");
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
		status = child(crash_of_ours, crashes[i], said, sizeof said);
		ok(is_untold(status, said, crashes[i]), "signal %d in our code: as without a guard", crashes[i]);
	}
	status = child(crash_of_callback, SIGSEGV, said, sizeof said);
	ok(is_untold(status, said, SIGSEGV), "in a function of ours that the library calls: as without a guard");
	status = child(crash, SIGVTALRM, said, sizeof said);
	ok(is_told(status, said, "the HDF5 library busy without an end"),
	   "time is up within it: one line, exit code 4");
	status = child(hang, 0, said, sizeof said);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, "hubcensus busy without an end"),
	   "a loop of ours without an end: it is told, and aborted");
	status = child(has_timer, 0, said, sizeof said);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it may take %d s", H5GUARD_S);
	status = child(nested, SIGSEGV, said, sizeof said);
	ok(is_told(status, said, "crash"), "within another guard: that one counts");
	status = child(behind, SIGBUS, said, sizeof said);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS && !said[0], "behind it a signal is what it was");
	return plan_done();
}
