/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of io/ that are put under torture (test_torture.c): the readers of an earlier census, and the small files. */
#ifndef TORTURE_PARTS_H
#define TORTURE_PARTS_H

#include "io/err.h"

/* One part of io/ at work. Local, unless it says otherwise: every rank does it in a folder of its own. Returns its
 * code; E_BUG with text where the work was wrong though it said that all was well. */
typedef int scenario_fn(struct err *e);

/* Where they work. */
extern char torture_dir[128];

int torture_wrong(struct err *e, const char *what);

/* A census.h5 of an earlier census; made once, and kept until torture_forget(). */
scenario_fn torture_earlier;
void torture_forget(void);

scenario_fn torture_read_earlier; /* --previous */
scenario_fn torture_read_known;   /* --known */
scenario_fn torture_users_end;
scenario_fn torture_reopen;
scenario_fn torture_pseudonym;
scenario_fn torture_metrics;
scenario_fn torture_set_aside;

/* Pages that are no JSON as a whole, cut into their elements: so large that no parser keeps its memory for them. */
scenario_fn torture_cut_page, torture_cut_roll;

/* What of the small files is half, or NULL. */
const char *torture_half(void);
/* Remove them. */
void torture_sweep(void);

#endif
