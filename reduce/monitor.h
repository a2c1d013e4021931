// SPDX-License-Identifier: Apache-2.0
/* What a reduce tells at its end beside the census: a line with the wall of each phase, and the file of --metrics-file.
 */
#ifndef REDUCE_MONITOR_H
#define REDUCE_MONITOR_H

#include "reduce/census.h"

enum monitor_phase { MONITOR_READ, MONITOR_FIGURES, MONITOR_WRITE, MONITOR_NPHASES };

struct monitor {
	double mark_s; /* MPI_Wtime() at the beginning of the present phase */
	double wall_s[MONITOR_NPHASES];
};

/* Local. */
void monitor_phase_ends(struct monitor *m, enum monitor_phase phase);

/* Collective; rank 0 writes. metrics_file: NULL none. A file that cannot be written is a warning: the census is there.
 */
void monitor_end(const struct monitor *m, const struct census *c, const char *metrics_file, int exit_code);

#endif
