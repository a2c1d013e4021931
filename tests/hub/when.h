/* SPDX-License-Identifier: Apache-2.0 */
/* Times as the Hub writes them: whole seconds since 1970, UTC, proleptic Gregorian. */
#ifndef HUB_WHEN_H
#define HUB_WHEN_H

#include <stdbool.h>
#include <stdint.h>

enum { WHEN_TEXT = 32, WHEN_LENGTH = 24 };

/* Days since 1970-01-01 of a civil date, and back (H. Hinnant, chrono-compatible low-level date algorithms, 2013). */
int64_t when_days(int year, int month, int day);
void when_civil(int64_t days, int *year, int *month, int *day);

/* Midnight of a date. */
int64_t when_date(int year, int month, int day);

/* "2022-03-02T23:29:04.000Z" into out[WHEN_TEXT]. */
void when_text(int64_t s, char out[WHEN_TEXT]);

/* Reads "YYYY-MM-DD", optionally with "THH:MM:SS", a fraction (into *ms if not NULL) and "Z".
 * false: not such a time, and *s is not touched. */
bool when_parse(const char *text, int64_t *s, int *ms);

#endif
