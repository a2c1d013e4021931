// SPDX-License-Identifier: Apache-2.0
/* What a rank asks of MPI and what MPI sends for it, counted from outside: a library to preload, so that the programs
 * carry nothing of it. At MPI_Finalize() each rank writes $COUNT_MPI/<rank>: a line "lap call calls messages bytes
 * messages bytes" for each function that was called between two calls of MPI_Wtime(), which end the laps: what it sent
 * to others, and of it what went to rank 0.
 *
 * Calls are counted by MPI's profiling interface, HDF5's among them. Messages and bytes are those of the point-to-point
 * layer, beneath collective calls and MPI-IO, as Open MPI's monitoring counts them (--mca pml_monitoring_enable 1):
 * what was sent from one call to the next is the former's, also where it went on beside the rank's own work. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS(X)                                                                                                       \
	X(Init)                                                                                                        \
	X(Send)                                                                                                        \
	X(Isend)                                                                                                       \
	X(Sendrecv)                                                                                                    \
	X(Alltoall)                                                                                                    \
	X(Alltoallv)                                                                                                   \
	X(Allreduce)                                                                                                   \
	X(Iallreduce)                                                                                                  \
	X(Bcast)                                                                                                       \
	X(Ibcast)                                                                                                      \
	X(Allgather)                                                                                                   \
	X(Allgatherv)                                                                                                  \
	X(Gather)                                                                                                      \
	X(Gatherv)                                                                                                     \
	X(Scatterv)                                                                                                    \
	X(Exscan)                                                                                                      \
	X(Barrier)                                                                                                     \
	X(Ibarrier)                                                                                                    \
	X(Comm_dup)                                                                                                    \
	X(Comm_split)                                                                                                  \
	X(File_open)                                                                                                   \
	X(File_close)                                                                                                  \
	X(File_set_size)                                                                                               \
	X(File_set_view)                                                                                               \
	X(File_write_at_all)                                                                                           \
	X(File_write_at)                                                                                               \
	X(File_read_at_all)                                                                                            \
	X(File_read_at)

#define NUMBER(call) call,
#define NAME(call)   #call,
enum call { CALLS(NUMBER) NCALLS };
static const char *const name[NCALLS] = { CALLS(NAME) };

#define NLAPS 256

static struct {
	long long calls, messages, bytes, messages0, bytes0;
} count[NLAPS][NCALLS];
static int lap, last, rank;

static void note(enum call c)
{
	count[lap][c].calls++;
	last = (int)c;
}

/* Open MPI's monitoring calls this for each message, to a rank of MPI_COMM_WORLD. */
void mca_common_monitoring_record_pml(int to, size_t bytes, int tag);
void mca_common_monitoring_record_pml(int to, size_t bytes, int tag)
{
	(void)tag;
	if (to == rank)
		return;
	count[lap][last].messages++;
	count[lap][last].bytes += (long long)bytes;
	count[lap][last].messages0 += to == 0;
	count[lap][last].bytes0 += to == 0 ? (long long)bytes : 0;
}

int MPI_Init(int *argc, char ***argv)
{
	int rc = PMPI_Init(argc, argv);

	PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
	return rc;
}

double MPI_Wtime(void)
{
	lap += lap + 1 < NLAPS;
	return PMPI_Wtime();
}

/* With itself a rank speaks without messages. */
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

static void note_of(MPI_Comm c, enum call x)
{
	if (!is_alone(c))
		note(x);
}

static void note_file(MPI_File f, enum call together, enum call alone)
{
	note(is_own(f) ? alone : together);
}

int MPI_Send(const void *x, int n, MPI_Datatype t, int dest, int tag, MPI_Comm c)
{
	note(Send);
	return PMPI_Send(x, n, t, dest, tag, c);
}

int MPI_Isend(const void *x, int n, MPI_Datatype t, int dest, int tag, MPI_Comm c, MPI_Request *r)
{
	note(Isend);
	return PMPI_Isend(x, n, t, dest, tag, c, r);
}

int MPI_Sendrecv(const void *x, int n, MPI_Datatype t, int dest, int tag, void *y, int m, MPI_Datatype u, int from,
		 int tag2, MPI_Comm c, MPI_Status *s)
{
	note(Sendrecv);
	return PMPI_Sendrecv(x, n, t, dest, tag, y, m, u, from, tag2, c, s);
}

int MPI_Alltoall(const void *x, int n, MPI_Datatype t, void *y, int m, MPI_Datatype u, MPI_Comm c)
{
	note_of(c, Alltoall);
	return PMPI_Alltoall(x, n, t, y, m, u, c);
}

int MPI_Alltoallv(const void *x, const int *n, const int *at, MPI_Datatype t, void *y, const int *m, const int *into,
		  MPI_Datatype u, MPI_Comm c)
{
	note_of(c, Alltoallv);
	return PMPI_Alltoallv(x, n, at, t, y, m, into, u, c);
}

int MPI_Allreduce(const void *x, void *y, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c)
{
	note_of(c, Allreduce);
	return PMPI_Allreduce(x, y, n, t, op, c);
}

int MPI_Iallreduce(const void *x, void *y, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c, MPI_Request *r)
{
	note_of(c, Iallreduce);
	return PMPI_Iallreduce(x, y, n, t, op, c, r);
}

int MPI_Bcast(void *x, int n, MPI_Datatype t, int root, MPI_Comm c)
{
	note_of(c, Bcast);
	return PMPI_Bcast(x, n, t, root, c);
}

int MPI_Ibcast(void *x, int n, MPI_Datatype t, int root, MPI_Comm c, MPI_Request *r)
{
	note_of(c, Ibcast);
	return PMPI_Ibcast(x, n, t, root, c, r);
}

int MPI_Allgather(const void *x, int n, MPI_Datatype t, void *y, int m, MPI_Datatype u, MPI_Comm c)
{
	note_of(c, Allgather);
	return PMPI_Allgather(x, n, t, y, m, u, c);
}

int MPI_Allgatherv(const void *x, int n, MPI_Datatype t, void *y, const int *m, const int *at, MPI_Datatype u,
		   MPI_Comm c)
{
	note_of(c, Allgatherv);
	return PMPI_Allgatherv(x, n, t, y, m, at, u, c);
}

int MPI_Gather(const void *x, int n, MPI_Datatype t, void *y, int m, MPI_Datatype u, int root, MPI_Comm c)
{
	note_of(c, Gather);
	return PMPI_Gather(x, n, t, y, m, u, root, c);
}

int MPI_Gatherv(const void *x, int n, MPI_Datatype t, void *y, const int *m, const int *at, MPI_Datatype u, int root,
		MPI_Comm c)
{
	note_of(c, Gatherv);
	return PMPI_Gatherv(x, n, t, y, m, at, u, root, c);
}

int MPI_Scatterv(const void *x, const int *n, const int *at, MPI_Datatype t, void *y, int m, MPI_Datatype u, int root,
		 MPI_Comm c)
{
	note_of(c, Scatterv);
	return PMPI_Scatterv(x, n, at, t, y, m, u, root, c);
}

int MPI_Exscan(const void *x, void *y, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c)
{
	note_of(c, Exscan);
	return PMPI_Exscan(x, y, n, t, op, c);
}

int MPI_Barrier(MPI_Comm c)
{
	note_of(c, Barrier);
	return PMPI_Barrier(c);
}

int MPI_Ibarrier(MPI_Comm c, MPI_Request *r)
{
	note_of(c, Ibarrier);
	return PMPI_Ibarrier(c, r);
}

int MPI_Comm_dup(MPI_Comm c, MPI_Comm *d)
{
	note_of(c, Comm_dup);
	return PMPI_Comm_dup(c, d);
}

int MPI_Comm_split(MPI_Comm c, int color, int key, MPI_Comm *d)
{
	note_of(c, Comm_split);
	return PMPI_Comm_split(c, color, key, d);
}

int MPI_File_open(MPI_Comm c, const char *path, int mode, MPI_Info info, MPI_File *f)
{
	note_of(c, File_open);
	return PMPI_File_open(c, path, mode, info, f);
}

int MPI_File_close(MPI_File *f)
{
	if (!is_own(*f))
		note(File_close);
	return PMPI_File_close(f);
}

int MPI_File_set_size(MPI_File f, MPI_Offset size)
{
	if (!is_own(f))
		note(File_set_size);
	return PMPI_File_set_size(f, size);
}

int MPI_File_set_view(MPI_File f, MPI_Offset at, MPI_Datatype e, MPI_Datatype t, const char *how, MPI_Info info)
{
	if (!is_own(f))
		note(File_set_view);
	return PMPI_File_set_view(f, at, e, t, how, info);
}

int MPI_File_write_at_all(MPI_File f, MPI_Offset at, const void *x, int n, MPI_Datatype t, MPI_Status *s)
{
	note_file(f, File_write_at_all, File_write_at);
	return PMPI_File_write_at_all(f, at, x, n, t, s);
}

int MPI_File_write_at(MPI_File f, MPI_Offset at, const void *x, int n, MPI_Datatype t, MPI_Status *s)
{
	note(File_write_at);
	return PMPI_File_write_at(f, at, x, n, t, s);
}

int MPI_File_read_at_all(MPI_File f, MPI_Offset at, void *x, int n, MPI_Datatype t, MPI_Status *s)
{
	note_file(f, File_read_at_all, File_read_at);
	return PMPI_File_read_at_all(f, at, x, n, t, s);
}

int MPI_File_read_at(MPI_File f, MPI_Offset at, void *x, int n, MPI_Datatype t, MPI_Status *s)
{
	note(File_read_at);
	return PMPI_File_read_at(f, at, x, n, t, s);
}

int MPI_Finalize(void)
{
	const char *dir = getenv("COUNT_MPI");
	char path[4096];
	FILE *f = NULL;

	if (dir && snprintf(path, sizeof path, "%s/%d", dir, rank) < (int)sizeof path)
		f = fopen(path, "w");
	for (int l = 0; f && l <= lap; l++)
		for (int c = 0; c < NCALLS; c++)
			if (count[l][c].calls || count[l][c].messages)
				fprintf(f, "%d %s %lld %lld %lld %lld %lld\n", l, name[c], count[l][c].calls,
					count[l][c].messages, count[l][c].bytes, count[l][c].messages0,
					count[l][c].bytes0);
	if (f)
		fclose(f);
	return PMPI_Finalize();
}
