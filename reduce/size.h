// SPDX-License-Identifier: Apache-2.0
/* Parameter counts as people write them into names. Local, pure. */
#ifndef REDUCE_SIZE_H
#define REDUCE_SIZE_H

#include <stddef.h>
#include <stdint.h>

/* The parameter count that a repository's id tells ("Qwen/Qwen3-30B-A3B": 30,000,000,000), or 0 where it tells none.
 *
 * Only what stands behind the last slash is read. A count is a word of its own: a number, a unit, and nothing that is
 * a letter or a digit on either side.
 *   number  7, 0.5, 8x7 (experts: multiplied), 1p7 and 0_5, 1_5 (somebody wanted no dot; but llama_3_1_8b is no 1.8),
 *           05 (a leading zero is "0.")
 *   unit    B or b: 10^9, M or m: 10^6, T or t: 10^12
 * The first count with B or M wins, then the first with T: behind it stand teachers, drafts, tokens and context.
 * Refused are, because of the rule of words: v2B, A3B (active parameters), E2B (effective ones), 4bit, q4_K, 10k, 2B2C,
 * 1b1t, 16GB, 1Bpt; because of their size: less than 10^5 and more than 10^13 (30T are tokens, 20260801b is a date);
 * and whole numbers of B that read as a year, 1990 to 2039.
 *
 * Source of the rules: names of the Hub; how often they are right is measured by tests/unit/test_size.c. */
int64_t size_from_name(const char *id, size_t len);

#endif
