// SPDX-License-Identifier: Apache-2.0
#include "reduce/content.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static void add_text(XXH3_state_t *h, const char *s, size_t len)
{
	XXH3_64bits_update(h, &len, sizeof len);
	XXH3_64bits_update(h, s, len);
}

static void add_label(XXH3_state_t *h, const struct column *c, int32_t code)
{
	size_t len = SIZE_MAX;

	if (code < 0)
		XXH3_64bits_update(h, &len, sizeof len);
	else {
		const char *s = dict_get(&c->labels, code, &len);

		add_text(h, s, len);
	}
}

static void add_cell(XXH3_state_t *h, const struct column *c, enum col_type type, uint64_t row)
{
	size_t len;
	const char *s;

	switch (type) {
	case COL_OID:
		XXH3_64bits_update(h, &c->oid[row], sizeof c->oid[row]);
		break;
	case COL_I64:
		XXH3_64bits_update(h, &c->i64[row], sizeof c->i64[row]);
		break;
	case COL_FLAG:
		XXH3_64bits_update(h, &c->flag[row], 1);
		break;
	case COL_STR:
		s = texts_get(&c->str, row, &len);
		add_text(h, s, len);
		break;
	case COL_CAT:
		add_label(h, c, c->code[row]);
		break;
	case COL_LIST:
		len = (size_t)(c->off[row + 1] - c->off[row]);
		XXH3_64bits_update(h, &len, sizeof len);
		for (uint64_t i = c->off[row]; i < c->off[row + 1]; i++)
			add_label(h, c, c->code[i]);
		break;
	}
}

uint64_t content_hash(const struct table *t, uint64_t row)
{
	XXH3_state_t *h = XXH3_createState();
	uint64_t x;

	if (!h)
		return 0;
	XXH3_64bits_reset(h);
	for (int f = 0; f < NFIELDS; f++)
		if (schema_has(t->kind, (enum field)f) && f != F_OBSERVED)
			add_cell(h, &t->col[f], schema[f].type, row);
	x = XXH3_64bits_digest(h);
	XXH3_freeState(h);
	return x;
}
