// SPDX-License-Identifier: Apache-2.0
#include "reduce/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "io/utc.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/wire.h"

static const char *const change_name[NCHANGE] = { "new", "gone", "renamed", "transferred" };
#define CHANGE_WIDTH 11

static int reserve(struct change_list *l)
{
	uint64_t cap = l->cap ? 2 * l->cap : 256;
	struct oid *oid;
	int8_t *change;

	if (l->n < l->cap)
		return 0;
	if (!(oid = realloc(l->oid, (size_t)cap * sizeof *oid)))
		return -1;
	l->oid = oid;
	if (!(change = realloc(l->change, (size_t)cap)))
		return -1;
	l->change = change;
	l->cap = cap;
	return 0;
}

int changes_add(struct changes *x, int kind, struct oid o, enum change change, const char *before, size_t nbefore,
		const char *now, size_t nnow)
{
	struct change_list *l = &x->kind[kind];

	if (reserve(l) || texts_add(&l->before, before ? before : "", before ? nbefore : 0) ||
	    texts_add(&l->now, now ? now : "", now ? nnow : 0))
		return -1;
	l->oid[l->n] = o;
	l->change[l->n++] = (int8_t)change;
	return 0;
}

void changes_release(struct changes *x)
{
	for (int k = 0; k < NKINDS; k++) {
		free(x->kind[k].oid);
		free(x->kind[k].change);
		texts_release(&x->kind[k].before);
		texts_release(&x->kind[k].now);
	}
	memset(x, 0, sizeof *x);
}

/* A column of texts: get() writes text i of at most `width` bytes to dst. */
typedef void get_fn(const struct change_list *l, uint64_t i, char *dst, uint64_t width);

static void get_oid(const struct change_list *l, uint64_t i, char *dst, uint64_t width)
{
	char hex[OID_HEX + 1];

	memcpy(dst, oid_hex(l->oid[i], hex), (size_t)width);
}

static void get_change(const struct change_list *l, uint64_t i, char *dst, uint64_t width)
{
	const char *s = change_name[l->change[i]];
	size_t n = strlen(s);

	memcpy(dst, s, n < width ? n : (size_t)width);
}

static void get_text(const struct texts *t, uint64_t i, char *dst, uint64_t width)
{
	size_t n;
	const char *s = texts_get(t, i, &n);

	memcpy(dst, s, n < width ? n : (size_t)width);
}

static void get_before(const struct change_list *l, uint64_t i, char *dst, uint64_t width)
{
	get_text(&l->before, i, dst, width);
}

static void get_now(const struct change_list *l, uint64_t i, char *dst, uint64_t width)
{
	get_text(&l->now, i, dst, width);
}

static int store_texts(const struct change_list *l, get_fn *get, uint64_t width, struct h5out_spec *spec, MPI_Comm comm,
		       struct h5out *out, struct err *e)
{
	char *x;
	int rc = E_OK;

	width = width ? width : 1;
	if (!(x = calloc((size_t)l->n + 1, (size_t)width)))
		rc = err_set(e, E_NOMEM, "out of memory for '%s'", spec->path);
	for (uint64_t i = 0; i < l->n && x; i++)
		get(l, i, x + i * width, width);
	spec->type = H5OUT_TEXT;
	spec->width = (uint32_t)width;
	if (!(rc = err_agree(comm, rc, e)))
		rc = h5out_column(out, spec, x, l->n, e);
	free(x);
	return rc;
}

static uint64_t widest(const struct texts *t)
{
	uint64_t most = 0;

	for (uint64_t i = 0; i < t->n; i++)
		most = t->off[i + 1] - t->off[i] > most ? t->off[i + 1] - t->off[i] : most;
	return most;
}

static int store_kind(const struct change_list *l, int kind, MPI_Comm comm, struct h5out *out, struct err *e)
{
	uint64_t before = wire_max(comm, widest(&l->before)), now = wire_max(comm, widest(&l->now));
	const struct {
		const char *name, *description, *missing;
		get_fn *get;
		uint64_t width;
	} col[] = {
		{ "_id", "ObjectId of the repository", "never missing", get_oid, OID_HEX },
		{ "change", "new, gone, renamed (another id), transferred (another owner, too)", "never missing",
		  get_change, CHANGE_WIDTH },
		{ "id_before", "owner/name then", "empty string", get_before, before },
		{ "id", "owner/name now", "empty string", get_now, now },
	};
	int rc = E_OK;

	for (size_t i = 0; i < sizeof col / sizeof *col && !rc; i++) {
		char path[64];
		struct h5out_spec spec = {
			.path = path, .description = col[i].description, .unit = "1", .missing = col[i].missing
		};

		snprintf(path, sizeof path, "/changes/%s/%s", kind_name[kind], col[i].name);
		rc = store_texts(l, col[i].get, col[i].width, &spec, comm, out, e);
	}
	return rc;
}

int changes_store(const struct changes *x, unsigned kinds, int64_t since, MPI_Comm comm, struct h5out *out,
		  struct err *e)
{
	char t0[32];
	int rc = h5out_attr_text(out, "/changes", "since", utc_format(since, t0), e);

	for (int k = 0; k < NKINDS && !rc; k++)
		if (kinds >> k & 1)
			rc = store_kind(&x->kind[k], k, comm, out, e);
	return rc;
}
