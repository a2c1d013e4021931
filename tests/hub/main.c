/* SPDX-License-Identifier: Apache-2.0 */
/* hubsim: the stand-in Hub. */
#include <malloc.h>
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
	/* The memory of a page goes to the next one, not to the kernel and back. */
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
	struct server *s = server_start(hub, &o->server, text, sizeof text);
	if (!s)
		return fail(EXIT_FAILED, text);
	printf("%s\n", hub->base);
	fflush(stdout);
	wait_for_end(&set);
	server_stop(s);
	return EXIT_FINE;
}

/* The population that the options ask for, so many weeks before its end. */
static int make(struct population *p, const struct opts *o, int64_t ago, char *text, size_t ntext)
{
	struct edit_opts edits = o->edits;
	int rc = population_init(p, o->replay, &o->synth, text, ntext);
	edits.ago = ago;
	if (!rc && edits.seed)
		edits_apply(p, &edits);
	return rc;
}

/* The truth, beside that of earlier moments. */
static int tell(struct hub *hub, const struct opts *o, char *text, size_t ntext)
{
	static struct population before[SINCE_MAX];
	struct truth_since since = { .n = 0 };
	int rc = 0;
	for (int i = 0; i < o->nsince && !rc; i++) {
		struct edit_opts edits = o->edits;
		edits.ago = o->since[i];
		rc = make(&before[i], o, o->since[i], text, ntext);
		since.pop[since.n] = &before[i];
		since.t0[since.n++] = edits_time(&edits);
	}
	rc = rc ? rc : truth_print(&hub->pop, &since, &o->faults, o->t0, o->orgs, o->topics, stdout, text, ntext);
	for (int i = 0; i < since.n; i++)
		population_release(&before[i]);
	return rc;
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
	if (make(&hub.pop, &o, o.edits.ago, text, sizeof text)) {
		rc = fail(EXIT_FAILED, text);
	} else if (o.truth) {
		rc = tell(&hub, &o, text, sizeof text) ? fail(EXIT_FAILED, text) : EXIT_FINE;
	} else {
		hub.faults = o.faults;
		hub.list_page = o.list_page;
		hub.cache = cache_new((size_t)o.cache_mb << 20);
		rc = serve(&hub, &o);
		cache_free(hub.cache);
	}
	population_release(&hub.pop);
	return rc;
}
