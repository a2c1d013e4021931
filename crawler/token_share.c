// SPDX-License-Identifier: Apache-2.0
#include "crawler/token_share.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/letter.h"
#include "io/agree.h"
#include "io/secret.h"

/* Always whole, so that its length does not show. */
#define CLOSED (TOKEN_MAX + LETTER_EXTRA)

struct exchange {
	MPI_Comm comm;
	int rank, nranks;
	struct letter *letter;
	unsigned char mine[LETTER_KEY], first[LETTER_KEY]; /* this rank's public key, rank 0's */
	unsigned char closed[CLOSED];
	unsigned char *keys, *all; /* rank 0: every rank's key, every rank's letter */
};

static int make_key(struct exchange *x, struct err *e)
{
	if (x->rank == 0) {
		x->keys = calloc((size_t)x->nranks, LETTER_KEY);
		x->all = calloc((size_t)x->nranks, CLOSED);
		if (!x->keys || !x->all)
			return err_set(e, E_NOMEM, "no memory for %d letters", x->nranks);
	}
	x->letter = letter_create(x->mine, e);
	return x->letter ? E_OK : e->code;
}

/* The checker does not know that agree_wait() completes a request. */
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
static void gather_keys(struct exchange *x)
{
	MPI_Request req;

	MPI_Igather(x->mine, LETTER_KEY, MPI_BYTE, x->keys, LETTER_KEY, MPI_BYTE, 0, x->comm, &req);
	agree_wait(&req);
	if (x->rank == 0)
		memcpy(x->first, x->mine, LETTER_KEY);
	agree_bcast(x->comm, x->first, LETTER_KEY);
}

static void scatter_letters(struct exchange *x)
{
	MPI_Request req;

	MPI_Iscatter(x->all, CLOSED, MPI_BYTE, x->closed, CLOSED, MPI_BYTE, 0, x->comm, &req);
	agree_wait(&req);
}
// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)

static int close_all(struct exchange *x, const struct token *t, struct err *e)
{
	for (int i = 1; i < x->nranks; i++)
		if (letter_close(x->letter, x->keys + (size_t)i * LETTER_KEY, t->text, sizeof t->text,
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
	scatter_letters(x);
	if (x->rank != 0 && !letter_open(x->letter, x->first, x->closed, sizeof t->text, t->text, e))
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
	letter_free(x.letter);
	free(x.keys);
	free(x.all);
	return e->code;
}
