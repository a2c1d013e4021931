// SPDX-License-Identifier: Apache-2.0
#include "crawler/token_share.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/box.h"
#include "io/agree.h"
#include "io/secret.h"

/* Always whole, so that its length does not show. */
#define CLOSED (TOKEN_MAX + BOX_EXTRA)

struct exchange {
	MPI_Comm comm;
	int rank, nranks;
	struct box *box;
	unsigned char mine[BOX_KEY], first[BOX_KEY]; /* this rank's public key, rank 0's */
	unsigned char closed[CLOSED];
	unsigned char *keys, *all; /* rank 0: every rank's key, every rank's box */
};

static int make_key(struct exchange *x, struct err *e)
{
	if (x->rank == 0) {
		x->keys = calloc((size_t)x->nranks, BOX_KEY);
		x->all = calloc((size_t)x->nranks, CLOSED);
		if (!x->keys || !x->all)
			return err_set(e, E_NOMEM, "no memory for %d boxes", x->nranks);
	}
	x->box = box_create(x->mine, e);
	return x->box ? E_OK : e->code;
}

/* The checker does not know that agree_wait() completes a request. */
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
static void gather_keys(struct exchange *x)
{
	MPI_Request req;

	MPI_Igather(x->mine, BOX_KEY, MPI_BYTE, x->keys, BOX_KEY, MPI_BYTE, 0, x->comm, &req);
	agree_wait(&req);
	if (x->rank == 0)
		memcpy(x->first, x->mine, BOX_KEY);
	agree_bcast(x->comm, x->first, BOX_KEY);
}

static void scatter_boxes(struct exchange *x)
{
	MPI_Request req;

	MPI_Iscatter(x->all, CLOSED, MPI_BYTE, x->closed, CLOSED, MPI_BYTE, 0, x->comm, &req);
	agree_wait(&req);
}
// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)

static int close_all(struct exchange *x, const struct token *t, struct err *e)
{
	for (int i = 1; i < x->nranks; i++)
		if (box_seal(x->box, x->keys + (size_t)i * BOX_KEY, t->text, sizeof t->text,
			     x->all + (size_t)i * CLOSED, e))
			return e->code;
	return E_OK;
}

static int share(struct exchange *x, struct token *t, struct err *e)
{
	if (err_agree(x->comm, make_key(x, e), e))
		return e->code;
	gather_keys(x);
	if (err_agree(x->comm, x->rank == 0 ? close_all(x, t, e) : E_OK, e))
		return e->code;
	scatter_boxes(x);
	if (x->rank != 0 && !box_open(x->box, x->first, x->closed, sizeof t->text, t->text, e))
		t->text[sizeof t->text - 1] = '\0';
	return err_agree(x->comm, e->code, e);
}

int token_share(MPI_Comm comm, struct token *t, struct err *e)
{
	struct exchange x = { .comm = comm };
	int held = *t->text != '\0';

	MPI_Comm_rank(comm, &x.rank);
	MPI_Comm_size(comm, &x.nranks);
	agree_bcast(comm, &held, sizeof held);
	if (!held || x.nranks == 1)
		return E_OK;
	secret_no_core();
	share(&x, t, e);
	box_free(x.box);
	free(x.keys);
	free(x.all);
	return e->code;
}
