/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns repositories: large public namespaces by name, and invented users.
 *
 * The organisations carry the country and the sector that steer the synthetic population; --truth classifies by the
 * orgs table it is given, not by this one. */
#ifndef HUB_ACCOUNT_H
#define HUB_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum region { REGION_CN, REGION_US, REGION_OTHER, NREGION, REGION_NONE = NREGION };
enum { ACCOUNT_YEARS = 5, ACCOUNT_TEXT = 48 }; /* 2022 … 2026 and later */

/* Parents whose numbers of new models per year are set, not drawn. */
enum special { SPECIAL_NO, SPECIAL_BAIDU, SPECIAL_BYTEDANCE, SPECIAL_TENCENT, NSPECIAL };

struct org {
	const char *name;
	enum region region;
	enum special special;
	uint8_t weight[ACCOUNT_YEARS];
};

extern const struct org orgs[];
extern const int norg;

/* Namespaces of people known for packing other people's models. */
extern const char *const packers[];
extern const int npacker;

/* Index of an organisation by name in any letter case, or -1. */
int org_find(const char *name);

/* Name of invented user u, NUL-terminated; 2 … 42 letters, digits and single dashes. */
void user_name(char out[ACCOUNT_TEXT], uint64_t u);

/* The user of that name in any letter case: its index into *u and 1, or 0. */
int user_find(const char *name, uint64_t nuser, uint64_t *u);

/* Words and numbers run together, so two numbers may give one name: append to *twin the users of [0, nuser) whose name
 * in lower case a smaller number has already, ascending, each once. Returns how many; the caller frees *twin. */
size_t user_twins(uint64_t nuser, uint32_t **twin);

/* Does the name of user u look like a group's? */
bool user_is_group(uint64_t u);

/* A number in base 36, and back; token_read returns -1 if s is not one. */
size_t token_write(char *out, uint64_t v);
int token_read(const char *s, uint64_t *v);

#endif
