// SPDX-License-Identifier: Apache-2.0
/* What a rank asks of MPI, counted from outside by MPI's profiling interface: a library to preload, so that the
 * programs carry nothing of it. At MPI_Finalize() each rank writes $COUNT_MPI/<rank>: a line "call calls messages
 * bytes" for each function that was called.
 *
 * bytes are those that the rank gives to others at that call, messages their pieces: 1 for a point-to-point call, as
 * many as there are other ranks with something in it for an all-to-all. Of an Allreduce, Bcast and the like they are
 * the size of the operand once: the algorithm below sends it about log2(ranks) times. HDF5's calls are among them. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum call {
	SEND,
	ISEND,
	SENDRECV,
	ALLTOALL,
	ALLTOALLV,
	ALLREDUCE,
	IALLREDUCE,
	BCAST,
	IBCAST,
	ALLGATHER,
	ALLGATHERV,
	GATHER,
	GATHERV,
	REDUCE,
	EXSCAN,
	BARRIER,
	FILE_OPEN,
	FILE_VIEW,
	FILE_WRITE_ALL,
	FILE_WRITE,
	FILE_READ_ALL,
	FILE_READ,
	NCALLS
};

static const char *const name[NCALLS] = { "Send",
					  "Isend",
					  "Sendrecv",
					  "Alltoall",
					  "Alltoallv",
					  "Allreduce",
					  "Iallreduce",
					  "Bcast",
					  "Ibcast",
					  "Allgather",
					  "Allgatherv",
					  "Gather",
					  "Gatherv",
					  "Reduce",
					  "Exscan",
					  "Barrier",
					  "File_open",
					  "File_set_view",
					  "File_write_at_all",
					  "File_write_at",
					  "File_read_at_all",
					  "File_read_at" };

static struct {
	long long calls, messages, bytes;
} count[NCALLS];

static long long size_of(int n, MPI_Datatype type)
{
	int size;

	PMPI_Type_size(type, &size);
	return (long long)n * size;
}

/* What a rank does with itself is no communication. */
static int is_alone(MPI_Comm c)
{
	int size;

	PMPI_Comm_size(c, &size);
	return size == 1;
}

static int is_own(MPI_File f)
{
	MPI_Group g;
	int size;

	PMPI_File_get_group(f, &g);
	PMPI_Group_size(g, &size);
	PMPI_Group_free(&g);
	return size == 1;
}

static void note(enum call c, long long messages, long long bytes)
{
	count[c].calls++;
	count[c].messages += messages;
	count[c].bytes += bytes;
}

int MPI_Send(const void *x, int n, MPI_Datatype t, int to, int tag, MPI_Comm c)
{
	note(SEND, 1, size_of(n, t));
	return PMPI_Send(x, n, t, to, tag, c);
}

int MPI_Isend(const void *x, int n, MPI_Datatype t, int to, int tag, MPI_Comm c, MPI_Request *r)
{
	note(ISEND, 1, size_of(n, t));
	return PMPI_Isend(x, n, t, to, tag, c, r);
}

int MPI_Sendrecv(const void *x, int n, MPI_Datatype t, int to, int tag, void *y, int m, MPI_Datatype u, int from,
		 int tag2, MPI_Comm c, MPI_Status *s)
{
	note(SENDRECV, to != MPI_PROC_NULL, to != MPI_PROC_NULL ? size_of(n, t) : 0);
	return PMPI_Sendrecv(x, n, t, to, tag, y, m, u, from, tag2, c, s);
}

int MPI_Alltoall(const void *x, int n, MPI_Datatype t, void *y, int m, MPI_Datatype u, MPI_Comm c)
{
	int size;

	PMPI_Comm_size(c, &size);
	if (size > 1)
		note(ALLTOALL, size - 1, (size - 1) * size_of(n, t));
	return PMPI_Alltoall(x, n, t, y, m, u, c);
}

int MPI_Alltoallv(const void *x, const int *n, const int *at, MPI_Datatype t, void *y, const int *m, const int *to,
		  MPI_Datatype u, MPI_Comm c)
{
	long long messages = 0, bytes = 0;
	int size, me;

	PMPI_Comm_size(c, &size);
	PMPI_Comm_rank(c, &me);
	for (int r = 0; r < size; r++) {
		messages += r != me && n[r] > 0;
		bytes += r != me ? size_of(n[r], t) : 0;
	}
	if (size > 1)
		note(ALLTOALLV, messages, bytes);
	return PMPI_Alltoallv(x, n, at, t, y, m, to, u, c);
}

int MPI_Allreduce(const void *x, void *y, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c)
{
	if (!is_alone(c))
		note(ALLREDUCE, 1, size_of(n, t));
	return PMPI_Allreduce(x, y, n, t, op, c);
}

int MPI_Iallreduce(const void *x, void *y, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c, MPI_Request *r)
{
	if (!is_alone(c))
		note(IALLREDUCE, 1, size_of(n, t));
	return PMPI_Iallreduce(x, y, n, t, op, c, r);
}

int MPI_Bcast(void *x, int n, MPI_Datatype t, int root, MPI_Comm c)
{
	if (!is_alone(c))
		note(BCAST, 1, size_of(n, t));
	return PMPI_Bcast(x, n, t, root, c);
}

int MPI_Ibcast(void *x, int n, MPI_Datatype t, int root, MPI_Comm c, MPI_Request *r)
{
	if (!is_alone(c))
		note(IBCAST, 1, size_of(n, t));
	return PMPI_Ibcast(x, n, t, root, c, r);
}

int MPI_Allgather(const void *x, int n, MPI_Datatype t, void *y, int m, MPI_Datatype u, MPI_Comm c)
{
	if (!is_alone(c))
		note(ALLGATHER, 1, size_of(m, u));
	return PMPI_Allgather(x, n, t, y, m, u, c);
}

int MPI_Allgatherv(const void *x, int n, MPI_Datatype t, void *y, const int *m, const int *at, MPI_Datatype u,
		   MPI_Comm c)
{
	if (!is_alone(c))
		note(ALLGATHERV, 1, size_of(n, t));
	return PMPI_Allgatherv(x, n, t, y, m, at, u, c);
}

int MPI_Gather(const void *x, int n, MPI_Datatype t, void *y, int m, MPI_Datatype u, int root, MPI_Comm c)
{
	if (!is_alone(c))
		note(GATHER, 1, size_of(n, t));
	return PMPI_Gather(x, n, t, y, m, u, root, c);
}

int MPI_Gatherv(const void *x, int n, MPI_Datatype t, void *y, const int *m, const int *at, MPI_Datatype u, int root,
		MPI_Comm c)
{
	if (!is_alone(c))
		note(GATHERV, n > 0, size_of(n, t));
	return PMPI_Gatherv(x, n, t, y, m, at, u, root, c);
}

int MPI_Reduce(const void *x, void *y, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm c)
{
	if (!is_alone(c))
		note(REDUCE, 1, size_of(n, t));
	return PMPI_Reduce(x, y, n, t, op, root, c);
}

int MPI_Exscan(const void *x, void *y, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c)
{
	if (!is_alone(c))
		note(EXSCAN, 1, size_of(n, t));
	return PMPI_Exscan(x, y, n, t, op, c);
}

int MPI_Barrier(MPI_Comm c)
{
	if (!is_alone(c))
		note(BARRIER, 1, 0);
	return PMPI_Barrier(c);
}

int MPI_File_open(MPI_Comm c, const char *path, int mode, MPI_Info info, MPI_File *f)
{
	if (!is_alone(c))
		note(FILE_OPEN, 1, 0);
	return PMPI_File_open(c, path, mode, info, f);
}

int MPI_File_set_view(MPI_File f, MPI_Offset at, MPI_Datatype e, MPI_Datatype t, const char *how, MPI_Info info)
{
	if (!is_own(f))
		note(FILE_VIEW, 1, 0);
	return PMPI_File_set_view(f, at, e, t, how, info);
}

int MPI_File_write_at_all(MPI_File f, MPI_Offset at, const void *x, int n, MPI_Datatype t, MPI_Status *s)
{
	note(is_own(f) ? FILE_WRITE : FILE_WRITE_ALL, 1, size_of(n, t));
	return PMPI_File_write_at_all(f, at, x, n, t, s);
}

int MPI_File_write_at(MPI_File f, MPI_Offset at, const void *x, int n, MPI_Datatype t, MPI_Status *s)
{
	note(FILE_WRITE, 1, size_of(n, t));
	return PMPI_File_write_at(f, at, x, n, t, s);
}

int MPI_File_read_at_all(MPI_File f, MPI_Offset at, void *x, int n, MPI_Datatype t, MPI_Status *s)
{
	note(FILE_READ_ALL, 1, size_of(n, t));
	return PMPI_File_read_at_all(f, at, x, n, t, s);
}

int MPI_File_read_at(MPI_File f, MPI_Offset at, void *x, int n, MPI_Datatype t, MPI_Status *s)
{
	note(FILE_READ, 1, size_of(n, t));
	return PMPI_File_read_at(f, at, x, n, t, s);
}

int MPI_Finalize(void)
{
	const char *dir = getenv("COUNT_MPI");
	char path[4096];
	FILE *f = NULL;
	int rank;

	PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
	if (dir && snprintf(path, sizeof path, "%s/%d", dir, rank) < (int)sizeof path)
		f = fopen(path, "w");
	for (int c = 0; f && c < NCALLS; c++)
		if (count[c].calls)
			fprintf(f, "%s %lld %lld %lld\n", name[c], count[c].calls, count[c].messages, count[c].bytes);
	if (f)
		fclose(f);
	return PMPI_Finalize();
}
