/* SPDX-License-Identifier: Apache-2.0 */
#include "render.h"

#include <math.h>
#include <string.h>

#include "account.h"
#include "mix.h"

/* Writes a member's value; false: the row has none, and nothing counts of what was written. */
typedef bool put_fn(struct buf *b, const struct row *r);

static bool put_string(struct buf *b, const char *s)
{
	if (s)
		buf_json(b, s);
	return s != NULL;
}

static bool put_count(struct buf *b, int64_t v)
{
	if (v >= 0)
		buf_int(b, v);
	return v >= 0;
}

static bool put_bool(struct buf *b, int v)
{
	if (v >= 0)
		buf_str(b, v ? "true" : "false");
	return v >= 0;
}

static bool put_author(struct buf *b, const struct row *r)
{
	return put_string(b, r->author);
}
static bool put_disabled(struct buf *b, const struct row *r)
{
	return put_bool(b, r->disabled);
}
static bool put_private(struct buf *b, const struct row *r)
{
	(void)r;
	return put_bool(b, 0);
}
static bool put_likes(struct buf *b, const struct row *r)
{
	return put_count(b, r->likes);
}
static bool put_downloads(struct buf *b, const struct row *r)
{
	return put_count(b, r->downloads);
}
static bool put_all_time(struct buf *b, const struct row *r)
{
	return put_count(b, r->all_time);
}
static bool put_pipeline(struct buf *b, const struct row *r)
{
	return put_string(b, r->pipeline);
}
static bool put_library(struct buf *b, const struct row *r)
{
	return put_string(b, r->library);
}
static bool put_sdk(struct buf *b, const struct row *r)
{
	return put_string(b, r->sdk);
}
static bool put_id(struct buf *b, const struct row *r)
{
	return put_string(b, r->id);
}
static bool put_oid(struct buf *b, const struct row *r)
{
	return put_string(b, r->oid);
}
static bool put_yes(struct buf *b, const struct row *r)
{
	(void)r;
	return put_bool(b, 1);
}

static bool put_created(struct buf *b, const struct row *r)
{
	buf_json_time(b, r->created);
	return true;
}

static bool put_modified(struct buf *b, const struct row *r)
{
	if (r->modified >= 0)
		buf_json_time(b, r->modified);
	return r->modified >= 0;
}

static bool put_gated(struct buf *b, const struct row *r)
{
	static const char *const text[] = { "false", "\"auto\"", "\"manual\"", "true" };
	if (r->gated >= 0)
		buf_str(b, text[r->gated]);
	return r->gated >= 0;
}

static bool put_trending(struct buf *b, const struct row *r)
{
	if (isnan(r->trending))
		return false;
	if (r->trending == floor(r->trending))
		buf_int(b, (int64_t)r->trending);
	else
		buf_fmt(b, "%.15g", r->trending);
	return true;
}

static bool put_sha(struct buf *b, const struct row *r)
{
	for (uint64_t k = 1; k <= 40; k++) {
		if (k == 1)
			buf_char(b, '"');
		buf_char(b, "0123456789abcdef"[mix_nth(r->hash, 500 + k / 8) >> (k % 8 * 4) & 15]);
	}
	buf_char(b, '"');
	return true;
}

static bool put_tags(struct buf *b, const struct row *r)
{
	buf_char(b, '[');
	for (int i = 0; i < r->ntags; i++) {
		if (i)
			buf_char(b, ',');
		buf_json(b, r->tags[i]);
	}
	buf_char(b, ']');
	return true;
}

static bool put_safetensors(struct buf *b, const struct row *r)
{
	if (r->st_total < 0)
		return false;
	buf_lit(b, "{\"parameters\":{\"BF16\":");
	buf_int(b, r->st_total);
	buf_lit(b, "},\"total\":");
	buf_int(b, r->st_total);
	buf_char(b, '}');
	return true;
}

static bool put_gguf(struct buf *b, const struct row *r)
{
	if (r->gguf_total < 0)
		return false;
	buf_lit(b, "{\"total\":");
	buf_int(b, r->gguf_total);
	buf_lit(b, ",\"architecture\":");
	buf_json(b, r->arch ? r->arch : "llama");
	buf_lit(b, ",\"context_length\":32768}");
	return true;
}

/* Only where the Hub has every base; a base that is gone is left in the tags. */
static bool put_bases(struct buf *b, const struct row *r)
{
	if (r->nbase == 0 || !r->base[0].oid[0])
		return false;
	buf_lit(b, "{\"relation\":");
	buf_json(b, r->relation);
	buf_lit(b, ",\"models\":[");
	for (int i = 0; i < r->nbase; i++) {
		buf_str(b, i ? ",{\"_id\":\"" : "{\"_id\":\"");
		buf_str(b, r->base[i].oid);
		buf_lit(b, "\",\"id\":");
		buf_json(b, r->base[i].id);
		buf_char(b, '}');
	}
	buf_lit(b, "]}");
	return true;
}

static bool put_config(struct buf *b, const struct row *r)
{
	if (!r->arch)
		return false;
	buf_lit(b, "{\"model_type\":");
	buf_json(b, r->arch);
	buf_char(b, '}');
	return true;
}

/* The README's header: the licence and the bases, as the tags have them. */
static bool put_card(struct buf *b, const struct row *r)
{
	bool some = false;
	buf_char(b, '{');
	for (int i = 0; i < r->ntags && !some; i++)
		if (!strncmp(r->tags[i], "license:", 8)) {
			buf_lit(b, "\"license\":");
			buf_json(b, r->tags[i] + 8);
			some = true;
		}
	for (int i = 0; i < r->nbase; i++) {
		buf_str(b, i ? "," : some ? ",\"base_model\":[" : "\"base_model\":[");
		buf_json(b, r->base[i].id);
	}
	buf_str(b, r->nbase ? "]}" : "}");
	return some || r->nbase;
}

static bool put_siblings(struct buf *b, const struct row *r)
{
	buf_lit(b, "[{\"rfilename\":\".gitattributes\"},{\"rfilename\":\"README.md\"}");
	if (r->st_total >= 0)
		buf_lit(b, ",{\"rfilename\":\"model.safetensors\"}");
	buf_char(b, ']');
	return true;
}

static bool put_none(struct buf *b, const struct row *r)
{
	(void)r;
	buf_lit(b, "[]");
	return true;
}

/* Members that only recorded elements have. */
static bool put_absent(struct buf *b, const struct row *r)
{
	(void)b;
	(void)r;
	return false;
}

static bool put_description(struct buf *b, const struct row *r)
{
	buf_lit(b, "\"\\n\\t\\n\\t\\t\\n\\t\\tDataset Card for ");
	buf_str(b, r->id);
	buf_lit(b, "\\n\\t\\n\\n\\nThis dataset card does not say more.\"");
	return true;
}

static bool put_size(struct buf *b, const struct row *r)
{
	return put_count(b, (int64_t)(r->hash >> 36));
}

static bool put_region(struct buf *b, const struct row *r)
{
	(void)r;
	buf_lit(b, "\"us\"");
	return true;
}

static bool put_subdomain(struct buf *b, const struct row *r)
{
	buf_char(b, '"');
	for (const char *s = r->id; *s; s++)
		buf_char(b, *s == '/' || *s == '.' || *s == '_' ? '-' : (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s));
	buf_char(b, '"');
	return true;
}

static bool put_runtime(struct buf *b, const struct row *r)
{
	bool on = r->hash % 5 == 0;
	buf_str(b, on ? "{\"stage\":\"RUNNING\",\"hardware\":{\"current\":\"cpu-basic\",\"requested\":\"cpu-basic\"},"
			"\"gcTimeout\":172800,\"replicas\":{\"current\":1,\"requested\":1}}"
		      : "{\"stage\":\"SLEEPING\",\"hardware\":{\"current\":null,\"requested\":\"cpu-basic\"},"
			"\"gcTimeout\":172800,\"replicas\":{\"requested\":1}}");
	return true;
}

static bool put_children(struct buf *b, const struct row *r)
{
	(void)r;
	buf_lit(b, "{\"adapter\":0,\"merge\":0,\"quantized\":0,\"finetune\":0}");
	return true;
}

/* When a member comes without being named. */
enum { BARE = 1, FULL = 2, CONFIG = 4, CARD = 8, SINGLE = 16 };

struct field {
	const char *name;
	unsigned when;
	put_fn *put;
};

/* In the order of the Hub's replies. */
static const struct field fields_of[NKIND][48] = {
	[MODELS] = { { "_id", BARE, put_oid },
		     { "id", BARE, put_id },
		     { "author", FULL, put_author },
		     { "disabled", FULL, put_disabled },
		     { "gated", FULL, put_gated },
		     { "lastModified", FULL, put_modified },
		     { "likes", BARE, put_likes },
		     { "trendingScore", BARE, put_trending },
		     { "private", BARE, put_private },
		     { "sha", FULL, put_sha },
		     { "config", CONFIG, put_config },
		     { "downloads", BARE, put_downloads },
		     { "downloadsAllTime", 0, put_all_time },
		     { "tags", BARE, put_tags },
		     { "pipeline_tag", BARE, put_pipeline },
		     { "library_name", BARE, put_library },
		     { "createdAt", BARE, put_created },
		     { "modelId", BARE, put_id },
		     { "cardData", CARD, put_card },
		     { "siblings", FULL, put_siblings },
		     { "spaces", SINGLE, put_none },
		     { "safetensors", SINGLE, put_safetensors },
		     { "gguf", SINGLE, put_gguf },
		     { "baseModels", 0, put_bases },
		     { "childrenModelCount", 0, put_children },
		     { "xetEnabled", 0, put_yes },
		     { "usedStorage", SINGLE, put_size },
		     { "model-index", CONFIG, put_absent },
		     { "evalResults", 0, put_absent },
		     { "inference", 0, put_absent },
		     { "inferenceProviderMapping", 0, put_absent },
		     { "mask_token", 0, put_absent },
		     { "transformersInfo", 0, put_absent },
		     { "widgetData", 0, put_absent },
		     { "resourceGroup", 0, put_absent } },
	[DATASETS] = { { "_id", BARE, put_oid },
		       { "id", BARE, put_id },
		       { "author", BARE, put_author },
		       { "disabled", BARE, put_disabled },
		       { "gated", BARE, put_gated },
		       { "lastModified", BARE, put_modified },
		       { "likes", BARE, put_likes },
		       { "trendingScore", BARE, put_trending },
		       { "private", BARE, put_private },
		       { "sha", BARE, put_sha },
		       { "description", BARE, put_description },
		       { "downloads", BARE, put_downloads },
		       { "downloadsAllTime", 0, put_all_time },
		       { "tags", BARE, put_tags },
		       { "createdAt", BARE, put_created },
		       { "mainSize", 0, put_size },
		       { "cardData", FULL | CARD, put_card },
		       { "siblings", FULL, put_siblings },
		       { "xetEnabled", 0, put_yes },
		       { "usedStorage", SINGLE, put_size },
		       { "citation", BARE, put_absent },
		       { "paperswithcode_id", BARE, put_absent },
		       { "key", BARE, put_absent },
		       { "resourceGroup", 0, put_absent } },
	[SPACES] = { { "_id", BARE, put_oid },
		     { "id", BARE, put_id },
		     { "author", FULL, put_author },
		     { "disabled", SINGLE, put_disabled },
		     { "lastModified", FULL, put_modified },
		     { "likes", BARE, put_likes },
		     { "trendingScore", BARE, put_trending },
		     { "private", BARE, put_private },
		     { "sha", FULL, put_sha },
		     { "subdomain", SINGLE, put_subdomain },
		     { "sdk", BARE, put_sdk },
		     { "runtime", SINGLE, put_runtime },
		     { "region", 0, put_region },
		     { "tags", BARE, put_tags },
		     { "createdAt", BARE, put_created },
		     { "models", FULL, put_none },
		     { "datasets", FULL, put_none },
		     { "siblings", FULL, put_siblings },
		     { "cardData", CARD, put_card },
		     { "xetEnabled", 0, put_yes },
		     { "usedStorage", SINGLE, put_size },
		     { "resourceGroup", 0, put_absent } },
};

/* What may be named, as the Hub's own refusal lists it (hub-api 1.2). */
static const char *const allowed[NKIND][32] = {
	[MODELS] = { "author",
		     "baseModels",
		     "cardData",
		     "config",
		     "createdAt",
		     "disabled",
		     "downloads",
		     "downloadsAllTime",
		     "evalResults",
		     "gated",
		     "inference",
		     "inferenceProviderMapping",
		     "lastModified",
		     "library_name",
		     "likes",
		     "mask_token",
		     "model-index",
		     "pipeline_tag",
		     "private",
		     "safetensors",
		     "sha",
		     "siblings",
		     "spaces",
		     "tags",
		     "transformersInfo",
		     "trendingScore",
		     "widgetData",
		     "gguf",
		     "resourceGroup",
		     "xetEnabled" },
	[DATASETS] = { "author",      "cardData",  "citation",          "createdAt",     "disabled",
		       "description", "downloads", "downloadsAllTime",  "gated",         "lastModified",
		       "likes",       "mainSize",  "paperswithcode_id", "private",       "siblings",
		       "sha",         "tags",      "trendingScore",     "resourceGroup", "xetEnabled" },
	[SPACES] = { "author", "cardData", "datasets", "disabled", "lastModified", "createdAt", "likes", "private",
		     "region", "runtime", "sdk", "siblings", "sha", "subdomain", "tags", "trendingScore", "models",
		     "resourceGroup", "xetEnabled" },
};

/* What a single repository has beyond that. */
static const char *const allowed_single[NKIND][4] = { [MODELS] = { "childrenModelCount", "usedStorage", "gitalyUid" },
						      [DATASETS] = { "usedStorage", "gitalyUid" },
						      [SPACES] = { "usedStorage", "gitalyUid" } };

static bool listed(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

static void refusal(struct buf *why, enum kind kind, bool single)
{
	const char *const *list = allowed[kind];
	why->n = 0;
	buf_str(why, single ? "\"expand\" must be one of [" : "✖ Invalid option: expected one of ");
	for (int k = 0; list[k]; k++)
		buf_fmt(why, single ? "%s%s" : "%s\"%s\"", k == 0 ? "" : single ? ", " : "|", list[k]);
	for (int k = 0; single && allowed_single[kind][k]; k++)
		buf_fmt(why, ", %s", allowed_single[kind][k]);
	buf_str(why, single ? "]" : "\n  → at expand");
}

void fields_init(struct fields *f, enum kind kind)
{
	memset(f, 0, sizeof *f);
	f->kind = kind;
}

int fields_expand(struct fields *f, bool single, const char *name, struct buf *why)
{
	if (!listed(allowed[f->kind], name) && !(single && listed(allowed_single[f->kind], name))) {
		refusal(why, f->kind, single);
		return -1;
	}
	f->expanded = true;
	for (int k = 0; fields_of[f->kind][k].name; k++)
		if (k < 2 || !strcmp(fields_of[f->kind][k].name, name))
			f->want |= (uint64_t)1 << k;
	return 0;
}

void fields_default(struct fields *f, bool single, bool full, bool config, bool card)
{
	unsigned when = BARE | (full ? FULL : 0) | (config ? CONFIG : 0) | (card ? CARD : 0) | (single ? SINGLE : 0);
	for (int k = 0; fields_of[f->kind][k].name; k++)
		if (fields_of[f->kind][k].when & when)
			f->want |= (uint64_t)1 << k;
	f->all = single;
}

static bool wanted(const struct fields *f, const char *name)
{
	if (f->all)
		return true;
	for (int k = 0; fields_of[f->kind][k].name; k++)
		if (!strcmp(fields_of[f->kind][k].name, name))
			return f->want >> k & 1;
	return false;
}

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
		if (!wanted(f, v->key))
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
	const struct field *table = fields_of[f->kind];
	for (int k = 0; table[k].name; k++) {
		size_t before = b->n;
		if (!(f->want >> k & 1))
			continue;
		buf_char(b, sep);
		buf_char(b, '"');
		buf_str(b, table[k].name);
		buf_lit(b, "\":");
		if ((poison && put_poison(b, table[k].name)) || table[k].put(b, row))
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
	static const struct field members[] = { { "downloads", 0, put_downloads },
						{ "gated", 0, put_gated },
						{ "id", 0, put_id },
						{ "lastModified", 0, put_modified },
						{ "likes", 0, put_likes },
						{ "pipeline_tag", 0, put_pipeline },
						{ "private", 0, put_private },
						{ "trendingScore", 0, put_trending },
						{ "sdk", 0, put_sdk } };
	for (size_t k = 0; k < sizeof members / sizeof members[0]; k++) {
		size_t before = b->n;
		buf_fmt(b, "\"%s\":", members[k].name);
		if (members[k].put(b, row))
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
