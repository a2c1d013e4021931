// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/h5put.h"
#include "io/h5shard.h"
#include "io/shard_name.h"
#include "io/snapshot.h"
#include "io/stamp.h"

static void put_column(struct h5put *w, const struct table *t, enum field f)
{
	static const uint64_t none = 0;
	const struct column *c = &t->col[f];
	uint64_t n = t->n;
	char name[48], path[64];

	snprintf(name, sizeof name, "rows/%s", schema[f].name);
	snprintf(path, sizeof path, "%s/code", name);
	switch (schema[f].type) {
	case COL_OID:
		h5put_array(w, name, H5T_NATIVE_UINT8, n, sizeof *c->oid, c->oid);
		return;
	case COL_I64:
		h5put_array(w, name, H5T_NATIVE_INT64, n, 0, c->i64);
		return;
	case COL_FLAG:
		h5put_array(w, name, H5T_NATIVE_INT8, n, 0, c->flag);
		return;
	case COL_STR:
		h5put_group(w, name);
		h5put_texts(w, name, "", &c->str);
		return;
	case COL_CAT:
		h5put_group(w, name);
		h5put_array(w, path, H5T_NATIVE_INT32, n, 0, c->code);
		break;
	case COL_LIST:
		h5put_group(w, name);
		h5put_array(w, path, H5T_NATIVE_INT32, n ? c->off[n] : 0, 0, c->code);
		snprintf(path, sizeof path, "%s/off", name);
		h5put_array(w, path, H5T_NATIVE_UINT64, n + 1, 0, n ? c->off : &none);
		break;
	}
	h5put_texts(w, name, "label_", &c->labels.text);
}

static void put_rows(struct h5put *w, const struct table *t)
{
	h5put_group(w, "rows");
	for (int f = 0; f < NFIELDS; f++)
		if (schema_has(t->kind, (enum field)f))
			put_column(w, t, (enum field)f);
}

static void put_pieces(struct h5put *w, const struct shard *s)
{
	struct texts next = { 0 };

	h5put_group(w, "pieces");
	h5put_member(w, "pieces/lo", H5T_NATIVE_UINT8, s->piece, offsetof(struct shard_piece, span.lo),
		     sizeof *s->piece, sizeof s->piece->span.lo, s->npiece);
	h5put_member(w, "pieces/hi", H5T_NATIVE_UINT8, s->piece, offsetof(struct shard_piece, span.hi),
		     sizeof *s->piece, sizeof s->piece->span.hi, s->npiece);
	h5put_member(w, "pieces/flags", H5T_NATIVE_UINT32, s->piece, offsetof(struct shard_piece, flags),
		     sizeof *s->piece, sizeof s->piece->flags, s->npiece);
	h5put_member(w, "pieces/pages", H5T_NATIVE_INT64, s->piece, offsetof(struct shard_piece, pages),
		     sizeof *s->piece, sizeof s->piece->pages, s->npiece);
	h5put_member(w, "pieces/rows", H5T_NATIVE_INT64, s->piece, offsetof(struct shard_piece, rows), sizeof *s->piece,
		     sizeof s->piece->rows, s->npiece);
	h5put_member(w, "pieces/observed_first", H5T_NATIVE_INT64, s->piece,
		     offsetof(struct shard_piece, observed_first), sizeof *s->piece, sizeof s->piece->observed_first,
		     s->npiece);
	h5put_member(w, "pieces/observed_last", H5T_NATIVE_INT64, s->piece, offsetof(struct shard_piece, observed_last),
		     sizeof *s->piece, sizeof s->piece->observed_last, s->npiece);
	for (uint32_t i = 0; i < s->npiece; i++)
		if (texts_add(&next, s->piece[i].next ? s->piece[i].next : "",
			      s->piece[i].next ? strlen(s->piece[i].next) : 0))
			err_set(w->e, E_NOMEM, "no memory to seal '%s'", w->path);
	h5put_texts(w, "pieces", "next_", &next);
	texts_release(&next);
}

static void put_refusals(struct h5put *w, const struct shard *s)
{
	struct texts why = { 0 }, raw = { 0 };

	h5put_group(w, "refusals");
	h5put_member(w, "refusals/field", H5T_NATIVE_INT32, s->refusal, offsetof(struct shard_refusal, field),
		     sizeof *s->refusal, sizeof s->refusal->field, s->nrefusal);
	h5put_member(w, "refusals/observed", H5T_NATIVE_INT64, s->refusal, offsetof(struct shard_refusal, observed),
		     sizeof *s->refusal, sizeof s->refusal->observed, s->nrefusal);
	h5put_member(w, "refusals/oid", H5T_NATIVE_UINT8, s->refusal, offsetof(struct shard_refusal, oid),
		     sizeof *s->refusal, sizeof s->refusal->oid, s->nrefusal);
	for (uint32_t i = 0; i < s->nrefusal; i++)
		if (texts_add(&why, s->refusal[i].why, strlen(s->refusal[i].why)) ||
		    texts_add(&raw, s->refusal[i].raw, s->refusal[i].nraw))
			err_set(w->e, E_NOMEM, "no memory to seal '%s'", w->path);
	h5put_texts(w, "refusals", "why_", &why);
	h5put_texts(w, "refusals", "raw_", &raw);
	texts_release(&why);
	texts_release(&raw);
}

static void put_attrs(struct h5put *w, const struct shard *s)
{
	int64_t version = SHARD_VERSION, rank = s->rank;

	h5put_text_attr(w, "format", "hubcensus-shard");
	h5put_attr(w, "version", H5T_NATIVE_INT64, &version);
	h5put_text_attr(w, "snapshot", s->snapshot);
	h5put_text_attr(w, "kind", kind_name[s->kind]);
	h5put_attr(w, "rank", H5T_NATIVE_INT64, &rank);
	h5put_attr(w, "seq", H5T_NATIVE_INT64, &s->seq);
	h5put_attr(w, "session", H5T_NATIVE_INT64, &s->session);
	h5put_attr(w, "sealed_at", H5T_NATIVE_INT64, &s->sealed_at);
	h5put_attr(w, "hub_total", H5T_NATIVE_INT64, &s->hub_total);
}

static int write_file(const struct shard *s, const char *tmp, struct err *e)
{
	struct h5put w;

	if (h5put_create(&w, tmp, e))
		return e->code;
	put_attrs(&w, s);
	put_rows(&w, &s->rows);
	put_pieces(&w, s);
	put_refusals(&w, s);
	h5put_array(&w, "counters", H5T_NATIVE_INT64, NCOUNTERS, 0, s->counter);
	return h5put_finish(&w, "shard", SHARD_VERSION);
}

int shard_seal(struct shard *s, const char *dir, struct err *e)
{
	char path[SHARD_PATH], tmp[SHARD_PATH + 8];
	struct timespec now;

	if (shard_name_make(path, dir, kind_name[s->kind], s->rank, s->seq, e))
		return e->code;
	clock_gettime(CLOCK_REALTIME, &now);
	s->sealed_at = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	s->counter[CNT_SHARDS]++;
	snprintf(tmp, sizeof tmp, "%s.tmp", path);
	if (write_file(s, tmp, e) || shard_name_give(tmp, path, e)) {
		s->counter[CNT_SHARDS]--;
		unlink(tmp);
		return e->code;
	}
	s->seq++;
	return snapshot_sync_dir(dir, e);
}
