// SPDX-License-Identifier: Apache-2.0
/* Agreement: one failing rank, several, none; the same answer on every rank. */
#include <string.h>

#include "io/agree.h"
#include "tests/mpi/tap_mpi.h"

int main(int argc, char **argv)
{
	MPI_Comm comm = MPI_COMM_WORLD;
	struct err e = ERR_INIT;
	int rank, size, good = 1;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(comm, &rank);
	MPI_Comm_size(comm, &size);
	ok_all(comm, err_agree(comm, E_OK, &e) == E_OK && e.code == E_OK, "nobody failed");
	for (int bad = 0; bad < size; bad++) {
		char want[32];

		err_clear(&e);
		if (rank == bad)
			err_set(&e, E_IO, "rank %d", bad);
		snprintf(want, sizeof want, "rank %d", bad);
		good &= err_agree(comm, e.code, &e) == E_IO && e.rank == bad && !strcmp(e.text, want);
	}
	ok_all(comm, good, "one failed: its text and rank on every rank");
	ok_all(comm, err_agree(comm, e.code, &e) == E_IO && e.rank == size - 1,
	       "agreed again: still the rank that failed");
	err_clear(&e);
	err_set(&e, rank == size - 1 ? E_NOMEM : E_IO, "rank %d", rank);
	ok_all(comm, err_agree(comm, e.code, &e) == E_NOMEM && e.rank == size - 1, "all failed: the worst code");
	err_clear(&e);
	err_set(&e, E_IO, "rank %d", rank);
	ok_all(comm, err_agree(comm, e.code, &e) == E_IO && e.rank == 0 && !strcmp(e.text, "rank 0"),
	       "all failed alike: the lowest rank");
	err_clear(&e);
	ok_all(comm, err_agree(comm, rank == 0 ? E_H5 : E_OK, &e) == E_H5 && strlen(e.text) > 0,
	       "a code without a text");
	int64_t x[2] = { rank, 1 }, sum[2];
	agree_sum(comm, x, sum, 2);
	ok_all(comm, sum[0] == (int64_t)size * (size - 1) / 2 && sum[1] == size, "sum");
	char text[64] = "";
	if (rank == 0)
		strcpy(text, "from rank 0");
	agree_bcast(comm, text, sizeof text);
	agree_bcast(comm, text, 0);
	ok_all(comm, !strcmp(text, "from rank 0"), "broadcast");
	return tap_finalize();
}
