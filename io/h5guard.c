// SPDX-License-Identifier: Apache-2.0
#include "io/h5guard.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "io/err.h"
#include "io/log.h"

static const int caught[] = { SIGVTALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
#define NCAUGHT ((int)(sizeof caught / sizeof *caught))

static struct {
	int depth;
	struct err crash, hang; /* made beforehand: little is safe in a handler */
	struct sigaction before[NCAUGHT];
	stack_t stack_before;
} guard;

/* A list that goes on for ever may have used up the other. */
static _Alignas(16) char stack[65536];

/* What is called here is snprintf() of short texts and write(2): no memory is allocated. */
static void on_failure(int sig)
{
	/* Should even this fail, or not come back: it is over all the same. */
	for (int i = 0; i < NCAUGHT; i++)
		signal(caught[i], SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	alarm(5);
	log_error(sig == SIGVTALRM ? &guard.hang : &guard.crash);
	_exit(err_exit_code(E_FORMAT));
}

static void set_timer(int64_t seconds)
{
	const struct itimerval t = { .it_value.tv_sec = (time_t)seconds };

	setitimer(ITIMER_VIRTUAL, &t, NULL);
}

void h5guard_begin(const char *path)
{
	static const char remedy[] = "it was changed with intent; move it out of the folder";
	const stack_t own = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction a = { .sa_handler = on_failure, .sa_flags = SA_ONSTACK };
	struct stat st;

	if (guard.depth++ > 0)
		return;
	guard.crash = guard.hang = (struct err)ERR_INIT;
	err_set(&guard.crash, E_FORMAT, "'%s' makes the HDF5 library crash: %s", path, remedy);
	err_set(&guard.hang, E_FORMAT, "'%s' keeps the HDF5 library busy without an end: %s", path, remedy);
	sigaltstack(&own, &guard.stack_before);
	sigfillset(&a.sa_mask);
	for (int i = 0; i < NCAUGHT; i++)
		sigaction(caught[i], &a, guard.before + i);
	set_timer(H5GUARD_S + (stat(path, &st) == 0 ? (int64_t)st.st_size >> 20 : 0) * H5GUARD_S_PER_MIB);
}

void h5guard_end(void)
{
	if (--guard.depth > 0)
		return;
	set_timer(0);
	for (int i = 0; i < NCAUGHT; i++)
		sigaction(caught[i], guard.before + i, NULL);
	sigaltstack(&guard.stack_before, NULL);
}
