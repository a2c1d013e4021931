// SPDX-License-Identifier: Apache-2.0
/* Taking accounts out of a snapshot for good (--forget FILE).
 *
 * Every shard of accounts that knows one of the names is written anew without it and renamed over the old one, so a
 * kill leaves each shard either as it was or without the names: run it again. That holds for shards that were set
 * aside, too, and for those that a killed job has left on their way into the folder or out of it. What cannot be read
 * holds the others up nowhere: in DIR/shards and DIR/users.private it is an error, elsewhere a warning that names it.
 *
 * What goes are rows, the state of their lists, and refused records that hold the name. What stays: repositories, whose
 * ids name their owners, and files made from the shards (census.h5, census.json), which have to be made again by
 * hubreduce. With keyed hashes the names are found by DIR/users.key; the registers of the sketch stay, from which
 * nothing can be taken out (io/sketch.h).
 */
#ifndef CRAWLER_FORGET_H
#define CRAWLER_FORGET_H

#include "crawler/options.h"
#include "io/err.h"

/* With --dry-run the same is counted, also in what a kill has left on its way, and nothing is written.
 *
 * Local: rank 0's work alone. Prints what was done to stdout. `is_stopped` is asked before each shard. Errors:
 * E_STOPPED, E_USAGE (no census, another job works on it, no key, a line that is no name), E_DAMAGED, E_IO, E_FORMAT,
 * E_H5, E_NOMEM. */
int forget_run(const struct options *o, int (*is_stopped)(void), struct err *e);

#endif
