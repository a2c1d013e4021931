// SPDX-License-Identifier: Apache-2.0
/* How this process was started: what MPI itself says too late, or in thirty lines. */
#ifndef IO_LAUNCH_H
#define IO_LAUNCH_H

/* Before MPI_Init(). 0, or an exit code after one line on stderr of the first process: srun started it without a PMI,
 * so that MPI would not start, or would make every process a job of its own. Local. */
int launch_check(const char *program);

#endif
