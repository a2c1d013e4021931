// SPDX-License-Identifier: Apache-2.0
/* The user's token for the Hub lies in the environment of whatever is started, also of what has no use for it. Local.
 */
#ifndef IO_SECRET_H
#define IO_SECRET_H

/* The variables that hold it, the first that is set counts. */
#define SECRET_NVARIABLES 2
extern const char *const secret_variable[SECRET_NVARIABLES];

/* The first thing in main(), before MPI_Init(): a process that was given a token leaves no core dump. */
void secret_guard(void);

/* From now on this process leaves no core dump. For those that are about to read a token from elsewhere. */
void secret_no_core(void);

/* Overwrite those variables where they lie, which is what /proc/PID/environ shows, too. They are then empty. No thread
 * is disturbed: the environment keeps its form. */
void secret_wipe(void);

#endif
