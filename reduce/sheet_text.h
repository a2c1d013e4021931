// SPDX-License-Identifier: Apache-2.0
/* A sheet for people's eyes: on a terminal, and in a page of markdown. */
#ifndef REDUCE_SHEET_TEXT_H
#define REDUCE_SHEET_TEXT_H

#include "reduce/sheet.h"

void sheet_text(const struct sheet *s, FILE *to);
void sheet_markdown(const struct sheet *s, FILE *to);

#endif
