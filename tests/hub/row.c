/* SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include <string.h>

const char *const kind_name[NKIND] = { "models", "datasets", "spaces" };
const char *const kind_one[NKIND] = { "model", "dataset", "space" };
const char *const sort_name[NSORT] = { "trendingScore", "createdAt", "downloads", "likes", "lastModified" };

void oid_format(char out[OID_TEXT], uint32_t seconds, uint64_t rest)
{
	static const char hex[] = "0123456789abcdef";
	for (int i = 0; i < 8; i++)
		out[i] = hex[seconds >> (28 - 4 * i) & 15];
	for (int i = 0; i < 16; i++)
		out[8 + i] = hex[rest >> (60 - 4 * i) & 15];
	out[24] = 0;
}

int oid_parse(char out[OID_TEXT], const char *s)
{
	if (strlen(s) != 24)
		return -1;
	for (int i = 0; i <= 24; i++) {
		char c = s[i];
		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		if (i < 24 && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return -1;
		out[i] = c;
	}
	return 0;
}
