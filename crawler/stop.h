// SPDX-License-Identifier: Apache-2.0
/* Signals of a rank. Local. */
#ifndef CRAWLER_STOP_H
#define CRAWLER_STOP_H

#include "io/err.h"

/* From now on SIGTERM, SIGUSR1 and SIGINT ask for a clean stop; a second SIGINT kills. May be called before MPI_Init().
 */
void stop_catch(void);
int stop_is_asked(void);

/* For loops over files that may be many: E_STOPPED, and what to do, once `is_stopped` says so. NULL never does. */
int stop_check(int (*is_stopped)(void), struct err *e);

/* A connection that is closed, and a file beyond its limit, are errors of the calls that meet them. */
void stop_ignore_rest(void);

#endif
