// SPDX-License-Identifier: Apache-2.0
/* What the guard makes of a library that crashes or does not come back: one line that names the file, exit code 4. */
#include "io/h5guard.h"

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

static void crash(int sig)
{
	h5guard_begin(FILE_NAME);
	raise(sig);
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
	raise(sig);
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

int main(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	char said[2048];
	int status;

	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
		status = child(crash, crashes[i], said, sizeof said);
		ok(is_told(status, said, "crash"), "signal %d within the library: one line, exit code 4", crashes[i]);
	}
	status = child(hang, 0, said, sizeof said);
	ok(is_told(status, said, "without an end"), "a loop without an end: one line, exit code 4");
	status = child(has_timer, 0, said, sizeof said);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it may take %d s", H5GUARD_S);
	status = child(nested, SIGSEGV, said, sizeof said);
	ok(is_told(status, said, "crash"), "within another guard: that one counts");
	status = child(behind, SIGBUS, said, sizeof said);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS && !said[0], "behind it a signal is what it was");
	return plan_done();
}
