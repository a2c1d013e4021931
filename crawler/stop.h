// SPDX-License-Identifier: Apache-2.0
/* Signals of a rank. Local. */
#ifndef CRAWLER_STOP_H
#define CRAWLER_STOP_H

/* From now on SIGTERM, SIGUSR1 and SIGINT ask for a clean stop; a second SIGINT kills. May be called before MPI_Init().
 */
void stop_catch(void);
int stop_is_asked(void);

/* A connection that is closed, and a file beyond its limit, are errors of the calls that meet them. */
void stop_ignore_rest(void);

#endif
