/* SPDX-License-Identifier: Apache-2.0 */
/* Strings as small numbers, for counting: 0 is "", others follow in the order of their first mention. */
#ifndef HUB_NAMES_H
#define HUB_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names {
	char **text;
	uint32_t n, cap;
	uint32_t *slot; /* hash table of numbers + 1 */
	uint32_t nslot;
};

void names_init(struct names *m);
void names_release(struct names *m);

/* The number of s, made if need be. */
uint32_t names_of(struct names *m, const char *s);

/* The same for s in ASCII lower case. */
uint32_t names_of_lower(struct names *m, const char *s);

/* The number of s, or UINT32_MAX: never mentioned. */
uint32_t names_find(const struct names *m, const char *s);

#endif
