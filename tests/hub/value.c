/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <math.h>
#include <string.h>

#include "mix.h"

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
	char t[48];
	for (unsigned w = 0; w < 6; w++) {
		uint64_t h = mix_nth(r->hash, 500 + w);
		for (unsigned k = 0; k < 8; k++)
			t[8 * w + k] = "0123456789abcdef"[h >> (4 * k) & 15];
	}
	t[0] = '"'; /* 40 digits between the quotes */
	t[41] = '"';
	buf_add(b, t, 42);
	return true;
}

static bool put_tags(struct buf *b, const struct row *r)
{
	if (r->tags_json) {
		buf_add(b, r->tags_json, r->ntags_json);
		return true;
	}
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

bool value_write(struct buf *b, enum value v, const struct row *r)
{
	static bool (*const put[NVALUE])(struct buf *, const struct row *) = {
		[VALUE_AUTHOR] = put_author,
		[VALUE_DISABLED] = put_disabled,
		[VALUE_PRIVATE] = put_private,
		[VALUE_LIKES] = put_likes,
		[VALUE_DOWNLOADS] = put_downloads,
		[VALUE_ALL_TIME] = put_all_time,
		[VALUE_PIPELINE] = put_pipeline,
		[VALUE_LIBRARY] = put_library,
		[VALUE_SDK] = put_sdk,
		[VALUE_ID] = put_id,
		[VALUE_OID] = put_oid,
		[VALUE_YES] = put_yes,
		[VALUE_CREATED] = put_created,
		[VALUE_MODIFIED] = put_modified,
		[VALUE_GATED] = put_gated,
		[VALUE_TRENDING] = put_trending,
		[VALUE_SHA] = put_sha,
		[VALUE_TAGS] = put_tags,
		[VALUE_SAFETENSORS] = put_safetensors,
		[VALUE_GGUF] = put_gguf,
		[VALUE_BASES] = put_bases,
		[VALUE_CONFIG] = put_config,
		[VALUE_CARD] = put_card,
		[VALUE_SIBLINGS] = put_siblings,
		[VALUE_NONE] = put_none,
		[VALUE_ABSENT] = put_absent,
		[VALUE_DESCRIPTION] = put_description,
		[VALUE_SIZE] = put_size,
		[VALUE_REGION] = put_region,
		[VALUE_SUBDOMAIN] = put_subdomain,
		[VALUE_RUNTIME] = put_runtime,
		[VALUE_CHILDREN] = put_children,
	};
	return put[v](b, r);
}
