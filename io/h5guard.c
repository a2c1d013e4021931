// SPDX-License-Identifier: Apache-2.0
#include "io/h5guard.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <unwind.h>

#include "io/err.h"
#include "io/log.h"

static const int caught[] = { SIGVTALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
#define NCAUGHT ((int)(sizeof caught / sizeof *caught))

static struct {
	int depth;
	struct err crash, hang, own_hang; /* made beforehand: little is safe in a handler */
	struct sigaction before[NCAUGHT];
	stack_t stack_before;
} guard;

/* A list that goes on for ever may have used up the other. */
static _Alignas(16) char stack[65536];

/* Where the walk from the handler outwards is, and whose code was met beyond it. */
struct walk {
	const void *program; /* where this file's code is loaded, as all of ours */
	enum { IN_HANDLER, BEYOND, OURS, LIBRARYS } at;
};

/* Does it stand in for a function of a library, as a sanitizer's memcpy() that is linked into the program? */
static int is_stand_in(const Dl_info *at)
{
	return at->dli_sname && dlsym(RTLD_NEXT, at->dli_sname);
}

/* The C library and zlib are nobody's: who called them counts. */
static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
	struct walk *w = arg;
	Dl_info at = { 0 };

	if (!dladdr((const void *)_Unwind_GetIP(context), &at) || !at.dli_fname)
		at.dli_fname = "";
	if (w->at == IN_HANDLER && at.dli_fbase != w->program)
		w->at = BEYOND;
	if (w->at == BEYOND && at.dli_fbase == w->program && !is_stand_in(&at))
		w->at = OURS;
	if (w->at == BEYOND && strstr(at.dli_fname, "libhdf5"))
		w->at = LIBRARYS;
	return w->at == OURS || w->at == LIBRARYS ? _URC_NORMAL_STOP : _URC_NO_REASON;
}

/* A stack that cannot be walked is not ours: our code is built to be unwound. */
static int is_ours(void)
{
	struct walk w = { NULL, IN_HANDLER };
	Dl_info here;

	if (dladdr((const void *)(uintptr_t)is_ours, &here))
		w.program = here.dli_fbase;
	_Unwind_Backtrace(step, &w);
	return w.at == OURS;
}

static void put_back(void)
{
	for (int i = 0; i < NCAUGHT; i++)
		sigaction(caught[i], guard.before + i, NULL);
}

static void leave(int sig, const siginfo_t *info)
{
	alarm(0);
	put_back();
	if (sig == SIGVTALRM)
		log_error(&guard.own_hang);
	/* A fault comes again by itself. */
	if (sig == SIGVTALRM || info->si_code <= 0)
		raise(sig == SIGVTALRM ? SIGABRT : sig);
}

/* What is called here is dladdr(), the unwinder, snprintf() of short texts and write(2): no memory is allocated. */
static void on_failure(int sig, siginfo_t *info, void *context)
{
	int ours;

	(void)context;
	/* Should even this fail, or not come back: it is over all the same. */
	for (int i = 0; i < NCAUGHT; i++)
		signal(caught[i], SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	alarm(5);
	ours = is_ours();
	if (ours) { /* a bug, for whoever waits for one: a debugger, a sanitizer, the kernel */
		leave(sig, info);
		return;
	}
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
	struct sigaction a = { .sa_sigaction = on_failure, .sa_flags = SA_ONSTACK | SA_SIGINFO };
	struct stat st;

	if (guard.depth++ > 0)
		return;
	guard.crash = guard.hang = guard.own_hang = (struct err)ERR_INIT;
	err_set(&guard.crash, E_FORMAT, "'%s' makes the HDF5 library crash: %s", path, remedy);
	err_set(&guard.hang, E_FORMAT, "'%s' keeps the HDF5 library busy without an end: %s", path, remedy);
	err_set(&guard.own_hang, E_FORMAT, "'%s' keeps hubcensus busy without an end: %s", path, remedy);
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
	put_back();
	sigaltstack(&guard.stack_before, NULL);
}
