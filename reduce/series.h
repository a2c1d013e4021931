// SPDX-License-Identifier: Apache-2.0
/* series.h5: every figure of every snapshot of a folder, one row per number and snapshot.
 *
 *     /series/{figure,organisation,item}  codes into /series/labels/…; rows in their order, then in that of t0
 *     /series/{t0,value,count,status}     status: ok, partial, absent (the figure is there, this item is not), not
 *                                         available, not computed, no census
 *     /snapshots/{t0,folder,state,complete,models,datasets,spaces}
 *
 * A number that any snapshot has, has a row in all of them, and a figure that none has, one: what is missing is a row
 * that says so. It is always made from all snapshots, so it depends on them alone.
 */
#ifndef REDUCE_SERIES_H
#define REDUCE_SERIES_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "reduce/sheet.h"

/* Collective over comm: make DIR/series.h5 from the folders in DIR; every_s as for moments_find(). `s`, initialised and
 * to be released by the caller also on error, becomes what there is, on rank 0. Errors: those of moments_find(),
 * points_read() and io/h5out.h. */
int series_make(MPI_Comm comm, const char *dir, int64_t every_s, struct sheet *s, struct err *e);

#endif
