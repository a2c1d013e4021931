// SPDX-License-Identifier: Apache-2.0
#include "crawler/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked;

static void on_signal(int sig)
{
	(void)sig;
	asked = 1;
}

void stop_catch(void)
{
	struct sigaction a = { .sa_handler = on_signal };

	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGUSR1, &a, NULL);
	a.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGINT, &a, NULL);
}

void stop_ignore_rest(void)
{
	signal(SIGPIPE, SIG_IGN);
	/* A file beyond its limit is a full disk: an error to be told, not an end without a word. */
	signal(SIGXFSZ, SIG_IGN);
}

int stop_is_asked(void)
{
	return asked;
}

int stop_check(int (*is_stopped)(void), struct err *e)
{
	return is_stopped && is_stopped() ? err_set(e, E_STOPPED, "stopped: run the same command again to go on")
					  : E_OK;
}
