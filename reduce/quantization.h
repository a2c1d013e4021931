// SPDX-License-Identifier: Apache-2.0
/* Models by format and bit width, and who publishes them: quantization */
#ifndef REDUCE_QUANTIZATION_H
#define REDUCE_QUANTIZATION_H

#include "reduce/figures.h"

extern const struct figure_col quantization_cols[3];

int quantization_prepare(struct facts *f, int rc, struct err *e);
void quantization_make(const struct facts *f, struct figure_table *t);

#endif
