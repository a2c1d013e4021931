// SPDX-License-Identifier: Apache-2.0
/* Windows that fail, and the page that tells whose fault it is: it has come before, and is asked for again when nothing
 * comes any more. If it comes, what fails is the window's own and ends as a gap; if not, the Hub is out, and nothing
 * counts against any window. The ranks are played: each request is answered in the next turn. */
#include "crawler/coordinator.h"

#include <string.h>

#include "tests/tap.h"

#define NRANKS 2
#define TURN   100 /* ms */
#define ROUNDS 3

enum { GOOD_S = 1700000000, BAD_S = 1700100000, FINE_S = 1700200000, END_S = 1700300000 };

struct play {
	struct budget budget;
	struct coordinator *c;
	int64_t now, tokens[NRANKS];
	struct msg_window held[NRANKS];
	int is_held[NRANKS];
	struct msg_report sums[NRANKS];
	int is_out, is_fickle; /* the Hub; fickle: only the known page comes */
	int64_t limited_ms;    /* > 0: every reply is 429, with this Retry-After */
	int64_t wait_until;
	int nrefused; /* replies 429 */
	int nknown, nbad, nfine, nstop, why;
	struct oid bad, known; /* where they begin */
};

static struct window window_at(int64_t lo_s, int64_t hi_s)
{
	return (struct window){ KIND_MODELS, HUB_ASC, { oid_at(lo_s), oid_at(hi_s) } };
}

static void begin_until(struct play *p, const struct window *good, int64_t max_outage_ms)
{
	struct coordinator_setup s = {
		.nranks = NRANKS, .nslots = 1, .rounds = ROUNDS, .max_outage_ms = max_outage_ms
	};
	struct budget_setup b = { .quota = 100000, .window_s = 300 };

	memset(p, 0, sizeof *p);
	p->now = 1000;
	p->bad = oid_at(BAD_S);
	p->known = oid_at(GOOD_S);
	if (good)
		s.good = *good;
	s.scale[KIND_MODELS] = 1e-6; /* so that nothing is worth a cut */
	s.scale_known[KIND_MODELS] = 1;
	budget_init(&p->budget, &b, p->now);
	p->c = coordinator_create(&s, &p->budget, p->now);
}

static void begin(struct play *p, const struct window *good)
{
	begin_until(p, good, 0);
}

static void receive(struct play *p)
{
	struct msg m;
	int r;

	while (coordinator_next(p->c, &r, &m)) {
		if (m.type == MSG_TOKENS)
			p->tokens[r] += m.u.tokens.n;
		if (m.type == MSG_WAIT)
			p->wait_until = p->now + m.u.wait.ms;
		if (m.type == MSG_STOP) {
			p->nstop++;
			p->why = m.u.stop.why;
		}
		if (m.type != MSG_WINDOW)
			continue;
		p->held[r] = m.u.window;
		p->is_held[r] = 1;
		p->sums[r].asked++;
		p->nknown += m.u.window.is_known;
		p->nbad += oid_cmp(m.u.window.lo, p->bad) == 0;
		p->nfine += oid_cmp(m.u.window.lo, oid_at(FINE_S)) == 0;
	}
}

/* The page of the window that rank r holds: it comes and ends the window, or the window is given up. */
static void answer(struct play *p, int r)
{
	const struct msg_window *w = p->held + r;
	int comes = !p->is_out && oid_cmp(w->lo, p->bad) && (!p->is_fickle || w->is_known);
	struct msg m = { .type = MSG_REPORT };

	p->sums[r].spent++;
	p->tokens[r]--;
	m.u.report = p->sums[r];
	m.u.report.nseen = m.u.report.nprogress = 1;
	m.u.report.seen[0] = (struct msg_seen){ { -1, -1, -1, -1 }, TURN, 0, -1, 0, comes };
	m.u.report.progress[0] = (struct msg_progress){ .window = w->window,
							.lo = comes ? w->hi : w->lo,
							.hi = w->hi,
							.rows = comes,
							.pages = comes,
							.state = comes ? MSG_FINISHED : MSG_GIVEN_UP };
	p->is_held[r] = 0;
	coordinator_feed(p->c, r, &m, p->now);
}

/* 429: the window is ready again at once, and so asks for another token. */
static void refuse(struct play *p, int r)
{
	struct msg m = { .type = MSG_REPORT };

	p->nrefused++;
	p->sums[r].spent++;
	p->sums[r].asked++;
	p->tokens[r]--;
	p->sums[r].returned += p->tokens[r];
	p->tokens[r] = 0;
	m.u.report = p->sums[r];
	m.u.report.nseen = 1;
	m.u.report.seen[0] = (struct msg_seen){ { -1, -1, -1, -1 }, TURN / 2, 0, p->limited_ms, 1, 0 };
	coordinator_feed(p->c, r, &m, p->now);
}

static void play(struct play *p, int64_t ms)
{
	for (int64_t end = p->now + ms; p->now < end && !p->nstop; p->now += TURN) {
		for (int r = 0; r < NRANKS; r++)
			if (p->is_held[r] && p->tokens[r] > 0 && p->now >= p->wait_until) {
				if (p->limited_ms > 0)
					refuse(p, r);
				else
					answer(p, r);
			}
		coordinator_turn(p->c, p->now);
		receive(p);
	}
}

static void alone(void)
{
	const struct window good = window_at(GOOD_S, GOOD_S + 1), bad = window_at(BAD_S, FINE_S);
	struct play p;

	begin(&p, &good);
	coordinator_add(p.c, &bad, 0, NULL);
	play(&p, 600000);
	ok(p.nknown > 0, "the last window fails: the page that is known is asked for beside it, %d times", p.nknown);
	ok(p.nstop == NRANKS && p.why == MSG_DONE && coordinator_look(p.c)->given_up == 1,
	   "it comes: the window is a gap after %d attempts and %lld s, and the crawl is over", p.nbad,
	   (long long)p.now / 1000);
	ok(p.nbad > ROUNDS && p.nbad <= 2 * ROUNDS + 2, "attempts: more than %d, not many more", ROUNDS);
	ok(coordinator_look(p.c)->windows == 0 && !coordinator_look(p.c)->silent, "nothing is left");
	coordinator_free(p.c);
}

static void outage(void)
{
	const struct window good = window_at(GOOD_S, GOOD_S + 1), fine = window_at(FINE_S, END_S);
	struct play p;

	begin(&p, &good);
	coordinator_add(p.c, &fine, 0, NULL);
	p.is_out = 1;
	play(&p, 3600000);
	ok(p.nknown > ROUNDS && p.nfine > ROUNDS && !p.nstop && coordinator_look(p.c)->given_up == 0,
	   "an hour in which not even that page comes: asked %d and %d times, nothing is given up", p.nknown, p.nfine);
	ok(p.nknown + p.nfine < 150, "and not more often than once a minute each, in the end");
	ok(coordinator_look(p.c)->quiet_ms > 3500000, "it is told for how long nothing came");
	p.is_out = 0;
	play(&p, 120000);
	ok(p.nstop == NRANKS && p.why == MSG_DONE && coordinator_look(p.c)->given_up == 0,
	   "the Hub is back: all of it");
	coordinator_free(p.c);
}

/* Nothing has ever come: it may be an outage. */
static void unknown(void)
{
	const struct window bad = window_at(BAD_S, FINE_S);
	struct play p;

	begin(&p, NULL);
	coordinator_add(p.c, &bad, 0, NULL);
	play(&p, 600000);
	ok(p.nknown == 0 && p.nbad > ROUNDS && !p.nstop && coordinator_look(p.c)->given_up == 0,
	   "without a page that is known nobody can tell: it is asked for again, %d times", p.nbad);
	coordinator_free(p.c);
}

static void beside(void)
{
	const struct window bad = window_at(BAD_S, FINE_S), fine = window_at(FINE_S, END_S);
	struct play p;

	begin(&p, NULL);
	coordinator_add(p.c, &bad, 0, NULL);
	coordinator_add(p.c, &fine, 0, NULL);
	play(&p, 600000);
	ok(p.nfine == 1 + p.nknown && p.nstop == NRANKS && p.why == MSG_DONE && coordinator_look(p.c)->given_up == 1,
	   "another window is crawled beside it: its first page will do, too");
	coordinator_free(p.c);
}

/* A walk that gets on is itself where such a page is learned. */
static void learned(void)
{
	const struct window bad = window_at(BAD_S, FINE_S);
	struct msg m = { .type = MSG_REPORT };
	struct play p;
	int r = 0;

	begin(&p, NULL);
	p.bad = oid_at(BAD_S + 500);
	p.known = oid_at(BAD_S);
	coordinator_add(p.c, &bad, 0, NULL);
	coordinator_turn(p.c, p.now);
	receive(&p);
	r = p.is_held[1];
	p.now += TURN;
	p.sums[r].spent++;
	p.sums[r].asked++;
	p.tokens[r]--;
	m.u.report = p.sums[r];
	m.u.report.nseen = m.u.report.nprogress = 1;
	m.u.report.seen[0] = (struct msg_seen){ { -1, -1, -1, -1 }, TURN, 0, -1, 0, 1 };
	m.u.report.progress[0] = (struct msg_progress){
		.window = p.held[r].window, .lo = p.bad, .hi = bad.left.hi, .rows = 1, .pages = 1, .state = MSG_RUNNING
	};
	p.held[r].lo = p.bad;
	coordinator_feed(p.c, r, &m, p.now);
	play(&p, 600000);
	ok(p.nknown > 0 && p.nstop == NRANKS && coordinator_look(p.c)->given_up == 1,
	   "a page that came in this crawl will do: asked %d times, then the rest of its window is a gap", p.nknown);
	coordinator_free(p.c);
}

/* A Hub that gives that page and nothing else has not one gap but many, and still an end. */
static void fickle(void)
{
	const struct window good = window_at(GOOD_S, GOOD_S + 1), bad = window_at(BAD_S, FINE_S),
			    fine = window_at(FINE_S, END_S);
	struct play p;

	begin(&p, &good);
	coordinator_add(p.c, &bad, 0, NULL);
	coordinator_add(p.c, &fine, 0, NULL);
	p.is_fickle = 1;
	play(&p, 3600000);
	ok(p.nstop == NRANKS && p.why == MSG_DONE && coordinator_look(p.c)->given_up == 2,
	   "only that page comes: both windows are gaps, after %d attempts and %lld s", p.nbad + p.nfine,
	   (long long)p.now / 1000);
	coordinator_free(p.c);
}

/* Every reply is 429. The first wait is the Hub's word, and not counted; that it is refused after it, is. */
static void banned(void)
{
	static const struct {
		int64_t wait_ms, max_ms, least, most;
	} t[] = { { 60000, 600000, 600000, 780000 },
		  { 300000, 60000, 300000, 420000 },
		  { 10000, 0, 3600000, 3600000 } };
	const struct window fine = window_at(FINE_S, END_S), more = window_at(BAD_S, FINE_S);

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct play p;
		int64_t ms;

		begin_until(&p, NULL, t[i].max_ms);
		p.bad = oid_at(0);
		coordinator_add(p.c, &fine, 0, NULL);
		coordinator_add(p.c, &more, 0, NULL);
		p.limited_ms = t[i].wait_ms;
		play(&p, 3600000);
		ms = p.now - 1000;
		ok(ms >= t[i].least && ms <= t[i].most && coordinator_look(p.c)->silent == (t[i].max_ms > 0) &&
			   p.nstop == (t[i].max_ms > 0 ? NRANKS : 0),
		   "429 for ever, each for %lld s: after --max-outage of %lld s it is over: %lld s, %d replies",
		   (long long)t[i].wait_ms / 1000, (long long)t[i].max_ms / 1000, (long long)ms / 1000, p.nrefused);
		coordinator_free(p.c);
	}
}

/* Pages between them: every time it is the first wait again. */
static void throttled(void)
{
	int before;
	struct play p;

	begin_until(&p, NULL, 300000);
	p.bad = oid_at(0);
	for (int i = 0; i < 10; i++) {
		const struct window w = window_at(BAD_S + i, BAD_S + i + 1);

		coordinator_add(p.c, &w, 0, NULL);
	}
	for (int i = 0; i < 4; i++) {
		p.limited_ms = 100000;
		play(&p, 250000);
		p.limited_ms = 0;
		before = coordinator_look(p.c)->windows;
		for (int n = 0; n < 2000 && coordinator_look(p.c)->windows == before; n++)
			play(&p, TURN);
	}
	ok(!p.nstop && p.nrefused >= 12 && p.now > 1000000, "%d replies 429 in %lld s, pages between them: no outage",
	   p.nrefused, (long long)p.now / 1000);
	coordinator_free(p.c);
}

/* Who holds the only window, once it is handed out. */
static int holder(struct play *p)
{
	while (!p->is_held[0] && !p->is_held[1] && !p->nstop)
		play(p, TURN);
	return p->is_held[1];
}

/* Its holder says how far it came. */
static void leave(struct play *p, struct oid lo, const char *next)
{
	struct msg m = { .type = MSG_CURSOR };
	int r = holder(p);

	p->held[r].lo = lo;
	m.u.cursor.window = p->held[r].window;
	snprintf(m.u.cursor.next, sizeof m.u.cursor.next, "%s", next);
	coordinator_feed(p->c, r, &m, p->now);
}

static int goes_on(struct play *p, struct oid lo, const char *next)
{
	const struct msg_window *w = p->held + holder(p);

	return !strcmp(w->next, next) && oid_cmp(w->lo, lo) == 0;
}

/* A walk along the Hub's own cursors that is given up goes on where it was, and not where it began. */
static void chain(void)
{
	const struct window all = window_at(GOOD_S, END_S);
	struct play p;

	begin(&p, NULL);
	p.is_out = 1;
	coordinator_add(p.c, &all, 1, "first");
	ok(goes_on(&p, oid_at(GOOD_S), "first"), "a chain begins at the cursor that is known");
	leave(&p, oid_at(FINE_S), "second");
	play(&p, 60000);
	ok(p.nfine > 1 && goes_on(&p, oid_at(FINE_S), "second"), "given up, it is handed out again where it was");
	leave(&p, OID_MIN, "");
	play(&p, 60000);
	ok(goes_on(&p, OID_MIN, ""), "or at the beginning, where it had to begin anew");
	p.is_out = 0;
	p.bad = oid_at(END_S);
	play(&p, 120000);
	ok(p.nstop == NRANKS && p.why == MSG_DONE && coordinator_look(p.c)->given_up == 0, "and comes to its end");
	coordinator_free(p.c);
}

int main(void)
{
	chain();
	banned();
	throttled();
	alone();
	outage();
	unknown();
	beside();
	learned();
	fickle();
	return plan_done();
}
