// SPDX-License-Identifier: Apache-2.0
/* Which repositories have changed since an earlier census: /changes of census.h5. Every rank has its part of the axis.
 */
#ifndef REDUCE_CHANGES_H
#define REDUCE_CHANGES_H

#include <mpi.h>

#include "io/err.h"
#include "io/h5out.h"
#include "io/table.h"

enum change { CHANGE_NEW, CHANGE_GONE, CHANGE_RENAMED, CHANGE_TRANSFERRED, NCHANGE };

struct changes {
	struct change_list {
		uint64_t n, cap;
		struct oid *oid;
		int8_t *change;
		struct texts before, now; /* ids; empty where there is none */
	} kind[NKINDS];
};

/* Local. Append; the texts may be NULL. Returns 0, or -1 when memory is short. */
int changes_add(struct changes *x, int kind, struct oid o, enum change change, const char *before, size_t nbefore,
		const char *now, size_t nnow);
void changes_release(struct changes *x);

/* Collective: write /changes/KIND/{_id,change,id_before,id} for the kinds in the bit set. since: t0 of the earlier
 * census. Errors: E_NOMEM, those of io/h5out.h. */
int changes_store(const struct changes *x, unsigned kinds, int64_t since, MPI_Comm comm, struct h5out *out,
		  struct err *e);

#endif
