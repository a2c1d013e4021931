// SPDX-License-Identifier: Apache-2.0
#include "io/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/err.h"

/* What a launcher sets for the ranks that it starts: mpirun of Open MPI, PMIx, PMI-1 and -2 (srun, MPICH, Cray). */
static const char *const by_launcher[] = { "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "PMI_FD", "PALS_RANKID" };

int launch_check(const char *program)
{
	const char *tasks = getenv("SLURM_STEP_NUM_TASKS"), *id = getenv("SLURM_PROCID");

	if (!tasks || !id || strtol(tasks, NULL, 10) < 2)
		return 0;
	for (size_t i = 0; i < sizeof by_launcher / sizeof *by_launcher; i++)
		if (getenv(by_launcher[i]))
			return 0;
	if (!strcmp(id, "0"))
		fprintf(stderr,
			"%s: error: srun gave its %s tasks no PMI, so they are no ranks of one job: use mpirun, or "
			"srun "
			"--mpi=pmix ('srun --mpi=list' says what this Slurm has)\n",
			program, tasks);
	return err_exit_code(E_USAGE);
}
