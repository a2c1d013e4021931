// SPDX-License-Identifier: Apache-2.0
/* Who crawls what, and who may send how much: the part of rank 0 that all ranks talk to.
 *
 * A state machine without clock, network or MPI: messages with their rank and time go in by coordinator_feed(),
 * coordinator_turn() decides, messages go out by coordinator_next(). A driver can play thousands of ranks.
 *
 * There are few windows at first. A window is cut only when a token is there, a slot is free, and no window waits for
 * that token: so a crawl that the quota holds back has few windows, and few pages that are cut short by a window's end.
 * The window with the most predicted rows left is cut where half of them lie behind the cut. Its holder keeps the near
 * part: it is told the new end, and only its answer says how much was really cut off, so no row is crawled twice or not
 * at all.
 */
#ifndef CRAWLER_COORDINATOR_H
#define CRAWLER_COORDINATOR_H

#include "crawler/budget.h"
#include "crawler/message.h"
#include "crawler/window.h"
#include "io/err.h"

struct coordinator_setup {
	int nranks;
	int nslots;              /* windows that a rank may hold at a time */
	int nhosts;              /* with `host`: how many budgets there are */
	const int *host;         /* per rank, the budget that it spends; NULL: all the same */
	int64_t max_requests;    /* of all ranks; 0: any number */
	int64_t requests;        /* of these, made already: the probe's */
	int64_t max_outage_ms;   /* stop when no page has come for so long; 0: never */
	struct window good;      /* the page at its beginning has come; empty: not known */
	int rounds;              /* how often a window that was given up is handed out again */
	double scale[NKINDS];    /* rows of the kind by rows of the growth curve */
	int scale_known[NKINDS]; /* 0: a guess, to be corrected by what is seen */
	double open;             /* > 0: there are no windows but so many requests, and it ends when it is told to */
};

/* For people, and for the exit code. */
struct coordinator_state {
	int64_t rows, requests, limited; /* of this session; limited: replies 429 */
	int64_t cuts;                    /* windows cut while crawled */
	int64_t given_up;                /* windows that remain as gaps */
	int64_t wait_ms;                 /* of all ranks */
	double work, unsent;             /* requests still to be answered, and to be sent, predicted */
	int windows;                     /* being crawled or waiting */
	int stopping, why;               /* enum msg_why */
	int64_t quiet_ms;                /* since the last page, once windows or lists were given up for it; else 0 */
	int silent;                      /* stopped by max_outage_ms */
	int64_t counter[NCOUNTERS], kind_rows[NKINDS]; /* of all ranks, of this session */
};

struct coordinator;

/* `budget`, nhosts of them (one without setup.host), are used, and must live as long. NULL when memory is short. */
struct coordinator *coordinator_create(const struct coordinator_setup *s, struct budget *budget, int64_t now);
void coordinator_free(struct coordinator *c);

/* Something to crawl, before the first turn. `chain`: no cursor but the Hub's own works, so it is never cut; next:
 * where it goes on, NULL or "" from the beginning. Returns 0, or -1 when memory is short. */
int coordinator_add(struct coordinator *c, const struct window *w, int chain, const char *next);

/* A message of a worker. */
void coordinator_feed(struct coordinator *c, int rank, const struct msg *m, int64_t now);

/* Decide. Returns 0, or -1 when memory is short. */
int coordinator_turn(struct coordinator *c, int64_t now);

/* The next message to be sent: 1, or 0 if there is none. */
int coordinator_next(struct coordinator *c, int *rank, struct msg *m);

/* ms until the next turn is worth while, should nothing arrive before. */
int64_t coordinator_due(struct coordinator *c, int64_t now);

/* All ranks stop; the first reason counts. */
void coordinator_stop(struct coordinator *c, enum msg_why why);

/* The lowest rank that has not said BYE, -1 none. */
int coordinator_absent(const struct coordinator *c);

/* Have all ranks said BYE? */
int coordinator_is_over(const struct coordinator *c);

const struct coordinator_state *coordinator_look(struct coordinator *c);

#endif
