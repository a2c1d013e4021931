// SPDX-License-Identifier: Apache-2.0
#include "reduce/tally.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/labels.h"
#include "reduce/wire.h"

void tally_init(struct tally *t, uint32_t width)
{
	memset(t, 0, sizeof *t);
	t->width = width;
}

void tally_release(struct tally *t)
{
	dict_release(&t->key);
	free(t->x);
	tally_init(t, t->width);
}

static int reserve(struct tally *t, uint64_t n)
{
	uint64_t cap = t->cap ? t->cap : 64;
	int64_t *x;

	if (n <= t->cap)
		return 0;
	while (cap < n)
		cap *= 2;
	x = realloc(t->x, (size_t)cap * t->width * sizeof *x);
	if (!x)
		return -1;
	memset(x + t->cap * t->width, 0, (size_t)(cap - t->cap) * t->width * sizeof *x);
	t->x = x;
	t->cap = cap;
	return 0;
}

int32_t tally_index(struct tally *t, const char *key, size_t len)
{
	int32_t code;

	if (reserve(t, t->key.text.n + 1) || dict_add(&t->key, key, len, &code))
		return -1;
	return code;
}

int64_t *tally_at(struct tally *t, const char *key, size_t len)
{
	int32_t i = tally_index(t, key, len);

	return i < 0 ? NULL : t->x + (uint64_t)i * t->width;
}

static int merge_one(struct tally *into, const char *key, size_t len, const int64_t *x)
{
	int64_t *y = tally_at(into, key, len);

	for (uint32_t j = 0; j < into->width && y; j++)
		y[j] = wire_add(y[j], x[j]);
	return y ? 0 : -1;
}

int tally_merge(struct tally *into, const struct tally *from)
{
	for (uint64_t i = 0; i < from->key.text.n; i++) {
		size_t len;
		const char *s = texts_get(&from->key.text, i, &len);

		if (merge_one(into, s, len, from->x + i * from->width))
			return -1;
	}
	return 0;
}

int tally_sort(struct tally *t)
{
	int64_t *x = malloc((size_t)(t->key.text.n + 1) * t->width * sizeof *x);
	int32_t *map;

	if (!x || labels_sort(&t->key.text, &map)) {
		free(x);
		return -1;
	}
	for (uint64_t i = 0; i < t->key.text.n; i++)
		memcpy(x + (uint64_t)map[i] * t->width, t->x + i * t->width, t->width * sizeof *x);
	free(map);
	free(t->x);
	dict_close(&t->key);
	t->x = x;
	t->cap = t->key.text.n + 1;
	return 0;
}

/* One message: keys' ends, keys, numbers. A rank that has failed sends an empty one, and says so when all agree. */
struct message {
	uint64_t n, nbytes;
};

static void send_bytes(MPI_Comm comm, const void *x, uint64_t n, int to)
{
	const uint64_t piece = 1u << 30;

	for (uint64_t i = 0; i < n; i += piece)
		MPI_Send((const char *)x + i, (int)(n - i < piece ? n - i : piece), MPI_BYTE, to, 0, comm);
}

static void recv_bytes(MPI_Comm comm, void *x, uint64_t n, int from)
{
	const uint64_t piece = 1u << 30;

	for (uint64_t i = 0; i < n; i += piece)
		MPI_Recv((char *)x + i, (int)(n - i < piece ? n - i : piece), MPI_BYTE, from, 0, comm,
			 MPI_STATUS_IGNORE);
}

static void send_tally(const struct tally *t, MPI_Comm comm, int rc, int to)
{
	struct message m = { rc ? 0 : t->key.text.n, rc ? 0 : texts_nbytes(&t->key.text) };
	int ready;

	MPI_Send(&m, sizeof m, MPI_BYTE, to, 0, comm);
	MPI_Recv(&ready, 1, MPI_INT, to, 0, comm, MPI_STATUS_IGNORE);
	if (!ready)
		return;
	send_bytes(comm, t->key.text.off ? t->key.text.off + 1 : NULL, m.n * sizeof(uint64_t), to);
	send_bytes(comm, t->key.text.bytes, m.nbytes, to);
	send_bytes(comm, t->x, m.n * t->width * sizeof(int64_t), to);
}

static int recv_tally(struct tally *into, MPI_Comm comm, int rc, int from)
{
	struct message m;
	uint64_t *end, at = 0;
	int64_t *x;
	char *s;
	int ready;

	MPI_Recv(&m, sizeof m, MPI_BYTE, from, 0, comm, MPI_STATUS_IGNORE);
	end = calloc((size_t)m.n + 1, sizeof *end);
	s = malloc((size_t)m.nbytes + 1);
	x = calloc((size_t)m.n + 1, into->width * sizeof *x);
	ready = end && s && x;
	MPI_Send(&ready, 1, MPI_INT, from, 0, comm);
	if (ready) {
		recv_bytes(comm, end, m.n * sizeof *end, from);
		recv_bytes(comm, s, m.nbytes, from);
		recv_bytes(comm, x, m.n * into->width * sizeof *x, from);
	} else
		rc = -1;
	for (uint64_t i = 0; i < m.n && !rc; at = end[i++])
		rc = merge_one(into, s + at, end[i] - at, x + i * into->width);
	free(end);
	free(s);
	free(x);
	return rc;
}

/* A binomial tree: in step b the ranks with bit b hand over to the rank without it. */
int tally_reduce(struct tally *t, MPI_Comm comm, int rc, struct err *e)
{
	int me, n;

	if ((rc = err_agree(comm, rc, e)))
		return rc;
	MPI_Comm_rank(comm, &me);
	MPI_Comm_size(comm, &n);
	for (int b = 1; b < n; b *= 2) {
		if (me & b) {
			send_tally(t, comm, rc, me - b);
			break;
		}
		if (me + b < n)
			rc = recv_tally(t, comm, rc, me + b);
	}
	if (me != 0)
		tally_release(t);
	else if (!rc)
		rc = tally_sort(t);
	return err_agree(comm, rc ? err_set(e, E_NOMEM, "out of memory for a tally") : E_OK, e);
}
