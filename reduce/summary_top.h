// SPDX-License-Identifier: Apache-2.0
/* The parts of the summary that show the largest of many. Local, rank 0. */
#ifndef REDUCE_SUMMARY_TOP_H
#define REDUCE_SUMMARY_TOP_H

#include <jansson.h>

#include "reduce/sheet.h"

#define SUMMARY_TOP 6 /* countries and families */

/* The value of a figure of census.json, or of what is in it (`path`: members, divided by '/'); NULL if there is none.
 */
const json_t *summary_value(const json_t *census, const char *key, const char *path);

/* The ten largest movers of one list of growth.top, or NULL. */
void summary_movers(struct sheet *s, const json_t *list);

/* The codes of the countries with the largest shares, of the first counter that has any; returns how many. They live as
 * long as the document. */
int summary_countries(const json_t *census, const char *country[SUMMARY_TOP]);

/* The largest families of lineage.derivatives, as a block; none if it is NULL. */
void summary_families(struct sheet *s, const json_t *families, int is_beside);

/* What has changed since the latest of the earlier censuses, as a block with a column per kind; none if there is none.
 */
void summary_since(struct sheet *s, const json_t *census, const char *const *kind, int nkind);

#endif
