// SPDX-License-Identifier: Apache-2.0
/* A hash of what a repository is, whatever table it lies in: decides between two observations of one repository in the
 * same second. */
#ifndef REDUCE_CONTENT_H
#define REDUCE_CONTENT_H

#include "io/table.h"

/* Hash of every column of a row but F_OBSERVED; labels count as their texts. 0 when memory is short. Local. */
uint64_t content_hash(const struct table *t, uint64_t row);

#endif
