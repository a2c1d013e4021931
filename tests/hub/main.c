/* SPDX-License-Identifier: Apache-2.0 */
/* hubsim: the stand-in Hub. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "opts.h"
#include "truth.h"

enum { EXIT_FINE = 0, EXIT_USAGE = 2, EXIT_FAILED = 4 };

static int fail(int code, const char *text)
{
	fprintf(stderr, "hubsim: %s\n", text);
	return code;
}

/* The threads inherit a mask in which only this one waits for the end. */
static void wait_for_end(const sigset_t *set)
{
	int sig;
	sigwait(set, &sig);
}

static int serve(struct hub *hub, const struct opts *o)
{
	char text[256];
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	struct server *s = server_start(hub, &o->server, text, sizeof text);
	if (!s)
		return fail(EXIT_FAILED, text);
	printf("%s\n", hub->base);
	fflush(stdout);
	wait_for_end(&set);
	server_stop(s);
	return EXIT_FINE;
}

int main(int argc, char **argv)
{
	static struct hub hub;
	struct opts o;
	char text[256] = "";
	int rc;
	if (opts_parse(&o, argc, argv, text, sizeof text))
		return fail(EXIT_USAGE, text);
	if (o.help) {
		opts_help();
		return EXIT_FINE;
	}
	if (population_init(&hub.pop, o.replay, &o.synth, text, sizeof text)) {
		rc = fail(EXIT_FAILED, text);
	} else if (o.truth) {
		rc = truth_print(&hub.pop, &o.faults, o.t0, o.orgs, o.topics, stdout, text, sizeof text)
			   ? fail(EXIT_FAILED, text)
			   : EXIT_FINE;
	} else {
		hub.faults = o.faults;
		rc = serve(&hub, &o);
	}
	population_release(&hub.pop);
	return rc;
}
