// SPDX-License-Identifier: Apache-2.0
/* Of hash tables whose keys come from the network. */
#ifndef IO_SEED_H
#define IO_SEED_H

#include <stdint.h>

/* A number that is drawn when the process starts: whoever does not know it cannot choose names that all fall into one
 * slot, after which each costs as much as all before it (Crosby and Wallach, "Denial of Service via Algorithmic
 * Complexity Attacks", 2003). Ranks have different ones: nothing that is written or sent may depend on it. Local. */
extern uint64_t hash_seed;

#endif
