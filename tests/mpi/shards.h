// SPDX-License-Identifier: Apache-2.0
/* A small made-up Hub as shards, for tests of the reduce: row i of a kind is the same whichever shard it goes to. */
#ifndef TESTS_MPI_SHARDS_H
#define TESTS_MPI_SHARDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/h5shard.h"
#include "io/snapshot.h"

#define GEN_T0    1767225600 /* 2026-01-01T00:00:00Z */
#define GEN_FIRST 1646263744 /* 2022-03-02T23:29:04Z: the lump */

struct gen {
	uint64_t n[NKINDS];
	uint64_t per_shard; /* rows */
	int stride;         /* shard s takes windows s, s + stride, …: how they are dealt */
	int repeat; /* every repeat-th row again, in another shard, observed earlier and with another content; 0: none
		     */
	int late;   /* rows behind t0 as well */
	int64_t later;    /* s that t0 lies behind GEN_T0 */
	uint64_t drop;    /* every drop-th row is not there; 0: all are */
	uint64_t changed; /* every changed-th row has another content, id and owner; 0: none has */
};

static uint64_t gen_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xBF58476D1CE4E5B9u;
	x ^= x >> 27;
	x *= 0x94D049BB133111EBu;
	return x ^ x >> 31;
}

/* The first twentieth of the rows lies in the lump, the others grow quadratically up to t0; what is beyond the last one
 * lies behind it. */
static struct oid gen_oid(const struct gen *g, int kind, uint64_t i)
{
	double u = (double)i / (double)(g->n[kind] ? g->n[kind] : 1);
	int64_t s =
		u < 0.05 ? GEN_FIRST : GEN_FIRST + (int64_t)((double)(GEN_T0 - GEN_FIRST) * (1 - (1 - u) * (1 - u)));
	struct oid o = oid_at(i < g->n[kind] ? s : GEN_T0 + 1 + (int64_t)i);

	for (int b = 0; b < 8; b++)
		o.b[4 + b] = (uint8_t)(i >> 8 * (7 - b));
	return o;
}

/* Formats are ours and take (%s, %llu) or less. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int gen_text(struct table *t, enum field f, const char *fmt, const char *a, uint64_t x)
{
	char text[256];

	/* cppcheck-suppress wrongPrintfScanfArgNum ; surplus arguments are evaluated and ignored (C11 7.21.6.1) */
	snprintf(text, sizeof text, fmt, a, (unsigned long long)x);
	if (schema[f].type == COL_STR)
		return table_set_text(t, f, text, strlen(text));
	return schema[f].type == COL_LIST ? table_add_element(t, f, text, strlen(text))
					  : table_set_label(t, f, text, strlen(text));
}

#pragma GCC diagnostic pop

static const char *gen_owner(uint64_t h, char dst[32])
{
	static const char *const known[] = { "Qwen",   "baidu",  "PaddlePaddle", "ByteDance", "tencent",
					     "google", "Google", "openai",       "TheBloke" };

	if (h % 10 == 0)
		return known[h / 10 % 9];
	/* Few owners have many repositories. */
	h /= 10;
	snprintf(dst, 32, "%s%llu", h % 3 ? "user" : "Lab-", (unsigned long long)(h % 7 ? h / 7 % 100000 : h / 7 % 50));
	return dst;
}

static int gen_tags(struct table *t, int kind, uint64_t h)
{
	static const char *const task[] = { "robotics", "text-generation", "question-answering", "translation" };
	static const char *const lang[] = { "en", "zh", "fr", "EN", "de" };
	int rc = 0;

	if (kind == KIND_DATASETS) {
		rc |= gen_text(t, F_TAGS, "task_categories:%s", task[h % 4], 0);
		rc |= gen_text(t, F_TAGS, "task_categories:%s", task[h / 4 % 4], 0);
		rc |= gen_text(t, F_TAGS, "language:%s", lang[h / 16 % 5], 0);
		rc |= gen_text(t, F_TAGS, "%sformat:json", "", 0);
		return rc;
	}
	rc |= gen_text(t, F_TAGS, "%stransformers", "", 0);
	rc |= gen_text(t, F_TAGS, "%s", h % 3 ? "safetensors" : "gguf", 0);
	rc |= gen_text(t, F_TAGS, "%s", lang[h % 5], 0);
	rc |= gen_text(t, F_TAGS, "%s", lang[h / 5 % 5], 0);
	rc |= gen_text(t, F_TAGS, "license:%s", h % 2 ? "mit" : "apache-2.0", 0);
	rc |= gen_text(t, F_TAGS, "region:%s", "us", 0);
	rc |= gen_text(t, F_TAGS, "%sarxiv:%llu", "", h / 64 % 20000);
	if (h % 4 == 0) {
		rc |= gen_text(t, F_TAGS, "base_model:%s/base-%llu", "Qwen", h / 256 % 5000);
		rc |= gen_text(t, F_TAGS, "base_model:finetune:%s/base-%llu", "Qwen", h / 256 % 5000);
	}
	return rc;
}

/* Zipf-like: rank r has about 10^8 / r. */
static int64_t gen_downloads(uint64_t h)
{
	return h % 10 < 3 ? 0 : (int64_t)(100000000 / (1 + h / 10 % 1000003));
}

static int gen_models(struct table *t, uint64_t h)
{
	int rc = 0;

	if (h % 5)
		rc |= gen_text(t, F_PIPELINE, "%s", h % 2 ? "text-generation" : "fill-mask", 0);
	if (h % 3)
		rc |= gen_text(t, F_LIBRARY, "%s", h % 7 ? "transformers" : "diffusers", 0);
	table_set_i64(t, F_PARAMETERS, (int64_t)(h % 100 * 1000000000));
	if (h % 4 == 0) {
		rc |= gen_text(t, F_RELATION, "%s", "finetune", 0);
		rc |= gen_text(t, F_BASES, "%s%024llx", "", h / 256 % 5000);
	}
	return rc;
}

/* Append row i; `version` 0 is the content that counts. */
static int gen_row(const struct gen *g, struct table *t, uint64_t i, int version)
{
	uint64_t h = gen_mix(i * NKINDS + t->kind + 1) + (uint64_t)version;
	char buf[32];
	const char *owner = gen_owner(gen_mix(h), buf);
	struct oid o = gen_oid(g, (int)t->kind, i);
	int rc = table_begin_row(t);

	table_set_oid(t, F_OID, o);
	rc |= gen_text(t, F_ID, "%s/repository-%llu", owner, h % 1000000007);
	if (h % 50)
		rc |= gen_text(t, F_AUTHOR, "%s", owner, 0);
	table_set_i64(t, F_CREATED, oid_seconds(o));
	table_set_i64(t, F_MODIFIED, oid_seconds(o) + 1000);
	table_set_i64(t, F_LIKES, (int64_t)(h % 97));
	table_set_i64(t, F_OBSERVED, GEN_T0 + 100 - version * 10);
	table_set_flag(t, F_DISABLED, h % 1000 == 0);
	if (t->kind != KIND_SPACES) {
		rc |= gen_text(t, F_GATED, "%s", h % 20 ? "false" : h % 40 ? "auto" : "manual", 0);
		table_set_i64(t, F_DOWNLOADS, gen_downloads(gen_mix(h + 7)));
	}
	if (t->kind == KIND_MODELS)
		rc |= gen_models(t, h);
	rc |= gen_tags(t, (int)t->kind, h);
	table_end_row(t);
	return rc;
}

static int gen_seal(struct shard *s, const char *dir, struct err *e)
{
	char path[4096];
	int rc;

	snprintf(path, sizeof path, "%s/shards", dir);
	rc = shard_seal(s, path, e);
	shard_clear(s);
	return rc;
}

/* The span of rows [first, end): the axis is divided without a gap. */
static struct span gen_span(const struct gen *g, int kind, uint64_t first, uint64_t end)
{
	struct span s;

	s.lo = first == 0 ? OID_MIN : gen_oid(g, kind, first - 1);
	s.hi = end >= g->n[kind] ? oid_prev(oid_at(GEN_T0 + g->later + 1)) : gen_oid(g, kind, end - 1);
	return s;
}

static void gen_notes(struct shard *s, const struct gen *g, int kind, uint64_t first)
{
	/* The same refusal in two shards counts once; whether it is told twice depends on the sealing. */
	shard_add_refusal(s, -1, GEN_T0 + (int64_t)first, gen_oid(g, kind, 7), "id is missing", "{\"_id\":1}", 9);
	shard_add_refusal(s, F_LIKES, GEN_T0, gen_oid(g, kind, 9), "likes is no count", "{\"likes\":-1}", 12);
	s->counter[CNT_PAGES] = 1;
	s->counter[CNT_REQUESTS] = 2;
	s->hub_total = (int64_t)g->n[kind];
}

static int gen_kind(const struct gen *g, const char *dir, const char *id, int kind, struct err *e)
{
	uint64_t n = g->n[kind], nwin = 3 * (uint64_t)g->stride, per = n / nwin + 1;
	struct shard s;
	int rc = E_OK;

	for (int start = 0; start < g->stride && !rc; start++) {
		shard_init(&s, (enum kind)kind, id, start, 1000 + start);
		for (uint64_t w = (uint64_t)start; w < nwin && !rc; w += (uint64_t)g->stride) {
			uint64_t end = (w + 1) * per < n ? (w + 1) * per : n, first = w * per;

			for (uint64_t i = first; i < end && !rc; i++) {
				struct shard_piece p = { .rows = 1 };

				if (!g->drop || i % g->drop)
					rc = gen_row(g, &s.rows, i, g->changed && i % g->changed == 0) ? E_NOMEM : E_OK;
				if (g->repeat && i % (uint64_t)g->repeat == 0)
					rc |= gen_row(g, &s.rows, i, 1);
				p.span = gen_span(g, kind, i, i + 1);
				rc |= shard_add_piece(&s, &p);
				if (s.rows.n >= g->per_shard) {
					gen_notes(&s, g, kind, first);
					rc = gen_seal(&s, dir, e);
				}
			}
		}
		if (g->late && start == 0 && !rc)
			rc = gen_row(g, &s.rows, n, 0) | gen_row(g, &s.rows, n + 5000, 0);
		gen_notes(&s, g, kind, 0);
		if (!rc)
			rc = gen_seal(&s, dir, e);
		shard_release(&s);
	}
	return rc;
}

/* Make folder `dir` and fill it. Local. Returns 0 or an error code. */
__attribute__((unused)) static int gen_snapshot(const struct gen *g, const char *dir, struct err *e)
{
	struct snapshot snap = { .t0 = GEN_T0 + g->later, .fields = (1u << NFIELDS) - 1 };
	int rc;

	strcpy(snap.hub, "http://hub.example");
	for (int k = 0; k < NKINDS; k++)
		snap.kinds |= (unsigned)(g->n[k] > 0) << k;
	rc = snapshot_create(&snap, dir, NULL, e);
	for (int k = 0; k < NKINDS && !rc; k++)
		if (g->n[k])
			rc = gen_kind(g, dir, snap.id, k, e);
	return rc;
}

#endif
