// SPDX-License-Identifier: Apache-2.0
#include "reduce/headcount_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/period.h"
#include "reduce/users.h"
#include "reduce/wire.h"

/* A column made from n values of the roster by fill(), which gets a zeroed buffer of n * width bytes. Returns 0 or -1.
 */
static int store_made(struct h5out *out, const struct h5out_spec *spec, const struct headcount *a, uint64_t width,
		      void (*fill)(const struct headcount *a, uint64_t width, void *x), struct err *e)
{
	uint64_t n = a->roster.n;
	void *x = calloc((size_t)n + 1, (size_t)width);
	int rc;

	if (x)
		fill(a, width, x);
	else
		err_set(e, E_NOMEM, "out of memory for '%s'", spec->path);
	rc = h5out_column(out, spec, x, n, e);
	free(x);
	return rc;
}

static void fill_oid(const struct headcount *a, uint64_t width, void *x)
{
	for (uint64_t i = 0; i < a->roster.n; i++) {
		char hex[OID_HEX + 1];

		if (oid_cmp(a->roster.oid[i], OID_MIN) != 0)
			memcpy((char *)x + i * width, oid_hex(a->roster.oid[i], hex), (size_t)width);
	}
}

static void fill_year(const struct headcount *a, uint64_t width, void *x)
{
	int32_t *year = x;

	(void)width;
	for (uint64_t i = 0; i < a->roster.n; i++)
		year[i] = oid_cmp(a->roster.oid[i], OID_MIN) ? (int32_t)period_year(oid_seconds(a->roster.oid[i])) : -1;
}

static void fill_name(const struct headcount *a, uint64_t width, void *x)
{
	for (uint64_t i = 0; i < a->roster.n; i++) {
		size_t len;
		const char *s = texts_get(&a->roster.name, i, &len);

		memcpy((char *)x + i * width, s, len);
	}
}

static int is_used(const struct headcount *a, unsigned pattern)
{
	const int64_t *n = a->pattern[pattern];

	return pattern && n[0] + n[1] + n[2] > 0;
}

static void fill_sources(const struct headcount *a, uint64_t width, void *x)
{
	int32_t code[HEADCOUNT_PATTERNS], n = 0;

	(void)width;
	for (unsigned p = 0; p < HEADCOUNT_PATTERNS; p++)
		code[p] = is_used(a, p) ? n++ : -1;
	for (uint64_t i = 0; i < a->roster.n; i++)
		((int32_t *)x)[i] = code[a->roster.sources[i] % HEADCOUNT_PATTERNS];
}

static int store_labels(struct h5out *out, const struct headcount *a, struct err *e)
{
	char type[NACCOUNT_TYPES][16] = { 0 };
	char label[HEADCOUNT_PATTERNS][USERS_PATTERN];
	struct h5out_spec spec = { "/users/labels/type", H5OUT_TEXT, 16, "types of accounts", "1", NULL,
				   "never missing",      NULL };
	uint64_t n = 0;
	int rc;

	for (int t = 0; t < NACCOUNT_TYPES; t++)
		snprintf(type[t], sizeof type[t], "%s", account_type_name[t]);
	rc = h5out_local(out, &spec, type, NACCOUNT_TYPES, e);

	memset(label, 0, sizeof label); /* to their ends: they are written as they lie */
	for (unsigned p = 0; p < HEADCOUNT_PATTERNS; p++)
		if (is_used(a, p))
			users_pattern(p, label[n++]);
	spec.path = "/users/labels/sources";
	spec.width = USERS_PATTERN;
	spec.description = "sets of sources that showed accounts";
	return rc ? rc : h5out_local(out, &spec, label, n, e);
}

static int store_columns(struct h5out *out, struct headcount *a, struct err *e)
{
	static const struct h5out_spec
		oid = { "/users/_id",
			H5OUT_TEXT,
			OID_HEX,
			"ObjectId of the account, its first 8 digits are the creation time",
			"1",
			"_id",
			"empty string",
			NULL },
		year = { "/users/created_year", H5OUT_I32, 0, "year of the _id, UTC", "year", "_id", "-1", NULL },
		type = { "/users/type",
			 H5OUT_I8,
			 0,
			 "unknown, user or organisation",
			 "1",
			 "type",
			 "never missing",
			 "/users/labels/type" },
		sources = { "/users/sources",
			    H5OUT_I32,
			    0,
			    "the lists and other places that showed the account",
			    "1",
			    NULL,
			    "-1",
			    "/users/labels/sources" },
		followers = { "/users/followers",
			      H5OUT_I64,
			      0,
			      "followers, where an overview told them; with hashes the power of two below",
			      "accounts",
			      "numFollowers",
			      "-1",
			      NULL };
	struct roster *r = &a->roster;
	int rc = a->key_id[0] ? E_OK : store_made(out, &oid, a, OID_HEX, fill_oid, e);

	rc = rc ? rc : store_made(out, &year, a, sizeof(int32_t), fill_year, e);
	rc = rc ? rc : h5out_column(out, &type, r->type, r->n, e);
	rc = rc ? rc : store_made(out, &sources, a, sizeof(int32_t), fill_sources, e);
	rc = rc ? rc : h5out_column(out, &followers, r->followers, r->n, e);
	return rc;
}

/* Names last, as their cells are wide: the other columns are gone by then. */
static int store_names(struct h5out *out, struct headcount *a, MPI_Comm comm, struct err *e)
{
	struct h5out_spec spec = { "/users/name",
				   H5OUT_TEXT,
				   0,
				   "name of the account, of several spellings the first in byte order",
				   "1",
				   "user",
				   "never missing",
				   NULL };
	struct roster *r = &a->roster;
	uint64_t width = 1;

	free(r->oid);
	free(r->followers);
	free(r->sources);
	free(r->type);
	r->oid = NULL;
	r->followers = NULL;
	r->sources = NULL;
	r->type = NULL;
	for (uint64_t i = 0; i < r->n; i++) {
		uint64_t len = r->name.off[i + 1] - r->name.off[i];

		width = len > width ? len : width;
	}
	width = wire_max(comm, width);
	spec.width = (uint32_t)width;
	if (a->key_id[0]) {

		spec.description = "keyed hash that stands for the name; the attribute key_id of /users names the key";
		spec.source = NULL;
	}
	return store_made(out, &spec, a, width, fill_name, e);
}

static int store_sketch(struct h5out *out, const struct headcount *a, struct err *e)
{
	static const struct h5out_spec spec = { "/sketches/users",
						H5OUT_U8,
						0,
						"HyperLogLog registers of the accounts' names: those of two censuses "
						"are merged by taking the larger of each",
						"1",
						NULL,
						"never missing",
						NULL };
	int rc = h5out_local(out, &spec, a->sketch.reg, SKETCH_NREG, e);

	rc = rc ? rc : h5out_attr_i64(out, spec.path, "precision", SKETCH_P, e);
	rc = rc ? rc : h5out_attr_text(out, spec.path, "hash", "XXH3_64bits_withSeed", e);
	rc = rc ? rc : h5out_attr_i64(out, spec.path, "seed", (int64_t)SKETCH_SEED, e);
	return rc ? rc : h5out_attr_text(out, spec.path, "text", "ASCII lower case", e);
}

int headcount_store(struct h5out *out, struct headcount *a, MPI_Comm comm, struct err *e)
{
	int rc;

	rc = h5out_attr_i64(out, "/users", "rows", (int64_t)a->total, e);
	if (!rc && !a->key_id[0])
		rc = h5out_attr_i64(out, "/users", "renamed", a->renamed, e);
	if (!rc && a->key_id[0])
		rc = h5out_attr_text(out, "/users", "key_id", a->key_id, e);
	rc = rc ? rc : store_columns(out, a, e);
	rc = rc ? rc : store_names(out, a, comm, e);
	rc = rc ? rc : store_labels(out, a, e);
	return rc ? rc : store_sketch(out, a, e);
}
