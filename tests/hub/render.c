/* SPDX-License-Identifier: Apache-2.0 */
#include "render.h"

#include <string.h>

/* Wrong types where no figure looks. */
static bool put_poison(struct buf *b, const char *name)
{
	if (!strcmp(name, "likes"))
		buf_lit(b, "\"many\"");
	else if (!strcmp(name, "lastModified"))
		buf_lit(b, "[12,null]");
	else if (!strcmp(name, "trendingScore"))
		buf_lit(b, "{\"value\":{}}");
	else
		return false;
	return true;
}

static void render_recorded(struct buf *b, const struct row *row, const struct fields *f, bool poison)
{
	char sep = '{';
	for (int m = 0; m < row->nmembers; m++) {
		const struct member *v = &row->members[m];
		if (!fields_has(f, v->key))
			continue;
		buf_char(b, sep);
		sep = ',';
		buf_char(b, '"');
		buf_str(b, v->key); /* as it was escaped in the file */
		buf_lit(b, "\":");
		if (!poison || !put_poison(b, v->key))
			buf_add(b, v->raw, v->nraw);
	}
	if (sep == '{')
		buf_char(b, '{');
	buf_char(b, '}');
}

void render_row(struct buf *b, const struct row *row, const struct fields *f, bool poison)
{
	if (row->members) {
		render_recorded(b, row, f, poison);
		return;
	}
	char sep = '{';
	for (uint64_t left = f->want; left; left &= left - 1) {
		const struct field *m = &field_table[f->kind][__builtin_ctzll(left)];
		size_t before = b->n;
		buf_pad(b, m->text, m->ntext);
		b->p[before] = sep;
		if ((poison && put_poison(b, m->name)) || value_write(b, m->value, row))
			sep = ',';
		else
			b->n = before;
	}
	buf_char(b, '}');
}

static void put_owner_data(struct buf *b, const char *name, const struct page_owner *o)
{
	buf_fmt(b, "\"authorData\":{\"_id\":\"%s\",\"avatarUrl\":\"/avatars/%s00000000.svg\",\"fullname\":", o->oid,
		o->oid);
	buf_json(b, name);
	buf_lit(b, ",\"name\":");
	buf_json(b, name);
	buf_str(b, o->org ? ",\"type\":\"org\",\"isHf\":false,\"isHfAdmin\":false,\"isMod\":false"
			  : ",\"type\":\"user\",\"isPro\":false,\"isHf\":false,\"isHfAdmin\":false,\"isMod\":false");
	buf_fmt(b, ",\"followerCount\":%llu,\"isUserFollowing\":false},", (unsigned long long)o->followers);
}

void render_page_row(struct buf *b, const struct row *row, const struct page_owner *o)
{
	const char *slash = strchr(row->id, '/');
	char owner[128] = "";
	size_t n = slash ? (size_t)(slash - row->id) : 0;
	memcpy(owner, row->id, n < sizeof owner ? n : sizeof owner - 1);
	buf_lit(b, "{\"author\":");
	buf_json(b, row->author ? row->author : owner);
	buf_char(b, ',');
	put_owner_data(b, row->author ? row->author : owner, o);
	static const struct {
		const char *text;
		enum value value;
	} members[] = { { "\"downloads\":", VALUE_DOWNLOADS },
			{ "\"gated\":", VALUE_GATED },
			{ "\"id\":", VALUE_ID },
			{ "\"lastModified\":", VALUE_MODIFIED },
			{ "\"likes\":", VALUE_LIKES },
			{ "\"pipeline_tag\":", VALUE_PIPELINE },
			{ "\"private\":", VALUE_PRIVATE },
			{ "\"trendingScore\":", VALUE_TRENDING },
			{ "\"sdk\":", VALUE_SDK } };
	for (size_t k = 0; k < sizeof members / sizeof members[0]; k++) {
		size_t before = b->n;
		buf_str(b, members[k].text);
		if (value_write(b, members[k].value, row))
			buf_char(b, ',');
		else
			b->n = before;
	}
	buf_fmt(b, "\"isLikedByUser\":false,\"repoType\":\"%s\"}", kind_one[row->kind]);
}

void render_junk(struct buf *b, uint64_t h)
{
	static const char *const junk[] = {
		"null",
		"42",
		"\"a string\"",
		"[]",
		"{}",
		"[{\"_id\":1}]",
		"{\"_id\":null,\"id\":\"nobody/null-id\",\"downloads\":5}",
		"{\"_id\":12345,\"id\":\"nobody/number-id\",\"tags\":[\"license:mit\"]}",
		"{\"_id\":\"6a72f2e302294c7d32dd278\",\"id\":\"nobody/short-id\"}",
		"{\"_id\":\"zzzzf2e302294c7d32dd278e\",\"id\":\"nobody/not-hex\"}",
		"{\"_id\":\"\",\"id\":\"\"}",
		"{\"_id\":{\"$oid\":\"6a72f2e302294c7d32dd278e\"},\"id\":\"nobody/object-id\"}",
		"{\"_id\":\"../../../../etc/passwd\\u0000\",\"id\":\"nobody/path\",\"downloads\":-1}",
		"{\"id\":\"nobody/no-id-at-all\",\"downloads\":1e300}",
		"{\"_id\":[],\"id\":[],\"tags\":{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]},\"downloads\":\"NaN\"}"
	};
	uint64_t n = sizeof junk / sizeof junk[0], k = h % (n + 1);
	if (k < n) {
		buf_str(b, junk[k]);
		return;
	}
	buf_lit(b, "{\"_id\":\"");
	for (int i = 0; i < 20000; i++)
		buf_char(b, 'f');
	buf_lit(b, "\",\"id\":\"nobody/long-id\"}");
}

void render_nan(struct buf *b)
{
	buf_lit(b, "{\"_id\":NaN,\"id\":\"nobody/nan\",\"y\":\"");
	for (int i = 0; i < 6000000; i++)
		buf_char(b, 'y');
	buf_lit(b, "\"}");
}
