// SPDX-License-Identifier: Apache-2.0
#include "reduce/points.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/json.h"
#include "io/schema.h"
#include "io/snapshot.h"
#include "reduce/figures.h"

#define BYTES_MAX (256u << 20) /* of a census.json; that of 3 M models has about 5 MB */
#define PATH_TEXT 2048
#define REMEDY    "reduce its folder again, or move it out of the series"

const char *key_part(const char *key, size_t n, enum key_part p, size_t *len)
{
	const char *end = key + n;

	for (int i = 0; i < NKEY_PARTS; i++) {
		const char *stop = memchr(key, '\0', (size_t)(end - key));

		stop = stop ? stop : end;
		*len = (size_t)(stop - key);
		if (i == (int)p)
			break;
		key = stop < end ? stop + 1 : end;
	}
	return key;
}

int points_figure(int figure)
{
	static const char *const without[] = { "totals.by_period",     "growth.orgs_monthly",      "growth.top",
					       "geography.cumulative", "geography.china_above_us", "lineage.trees" };

	for (size_t i = 0; i < sizeof without / sizeof *without; i++)
		if (!strcmp(figure_list[figure].key, without[i]))
			return 0;
	return 1;
}

int points_init(struct points *x, uint64_t nmoments)
{
	memset(x, 0, sizeof *x);
	x->nmoments = nmoments;
	x->known = calloc((size_t)figure_count * (size_t)nmoments + 1, 1);
	x->has_key = calloc((size_t)figure_count, 1);
	x->total = malloc(((size_t)nmoments + 1) * NKINDS * sizeof *x->total);
	x->complete = calloc((size_t)nmoments + 1, 1);
	for (uint64_t i = 0; i < nmoments * NKINDS && x->total; i++)
		x->total[i] = -1;
	return x->known && x->has_key && x->total && x->complete ? 0 : -1;
}

void points_release(struct points *x)
{
	free(x->at);
	dict_release(&x->key);
	free(x->known);
	free(x->has_key);
	free(x->total);
	free(x->complete);
	memset(x, 0, sizeof *x);
}

/* The way to a value: names of its members. */
struct way {
	struct points *to;
	const char *path; /* of the file */
	int figure, org;  /* which level names an organisation, -1 none */
	int32_t moment;
	struct err *e;
	char organisation[PATH_TEXT], item[PATH_TEXT];
	size_t norg, nitem;
};

static int no_memory(struct way *w)
{
	return err_set(w->e, E_NOMEM, "out of memory for the points of '%s'", w->path);
}

static int add_text(struct way *w, char *dst, size_t *n, const char *s, size_t len)
{
	if (*n + len + 2 > PATH_TEXT)
		return err_set(w->e, E_FORMAT, "'%s' has a member with a name that is too long; " REMEDY, w->path);
	if (*n)
		dst[(*n)++] = '/';
	for (size_t i = 0; i < len; i++)
		dst[(*n)++] = (char)(s[i] ? s[i] : '?');
	return E_OK;
}

static int add_key(struct way *w, int32_t *code)
{
	char key[64 + 2 * PATH_TEXT];
	size_t n = strlen(figure_list[w->figure].key) + 1;

	memcpy(key, figure_list[w->figure].key, n);
	memcpy(key + n, w->organisation, w->norg);
	n += w->norg;
	key[n++] = '\0';
	memcpy(key + n, w->item, w->nitem);
	return dict_add(&w->to->key, key, n + w->nitem, code) ? no_memory(w) : E_OK;
}

static int add_point(struct way *w, int64_t count, double value)
{
	struct points *x = w->to;
	int32_t key;

	if (x->n == x->cap) {
		uint64_t cap = x->cap ? 2 * x->cap : 4096;
		struct point *at = realloc(x->at, (size_t)cap * sizeof *at);

		if (!at)
			return no_memory(w);
		x->at = at;
		x->cap = cap;
	}
	if (add_key(w, &key))
		return w->e->code;
	x->has_key[w->figure] = 1;
	x->at[x->n++] = (struct point){ count, value, key, w->moment };
	return E_OK;
}

static int is_text(struct js_value v, const char *s)
{
	size_t n;
	const char *x = js_type(v) == JS_STRING ? js_string(v, &n) : NULL;

	return x && n == strlen(s) && !memcmp(x, s, n);
}

static int add_leaf(struct way *w, struct js_value v)
{
	switch (js_type(v)) {
	case JS_NULL:
		return add_point(w, INT64_MIN, NAN);
	case JS_BOOL:
		return add_point(w, js_bool(v), js_bool(v));
	case JS_INT:
		return add_point(w, js_int(v), (double)js_int(v));
	case JS_REAL:
		return add_point(w, INT64_MIN, js_real(v));
	default:
		return is_text(v, "from none") ? add_point(w, INT64_MIN, INFINITY) : E_OK;
	}
}

static int walk(struct way *w, struct js_value v, int level)
{
	struct js_iter it;
	const char *key;
	size_t nkey;
	struct js_value x;

	if (js_type(v) != JS_OBJECT)
		return add_leaf(w, v);
	for (it = js_begin(v); !w->e->code && js_next(&it, &key, &nkey, &x);) {
		size_t norg = w->norg, nitem = w->nitem;

		/* Of several earlier censuses the latest, which is number 1 in every snapshot. */
		if (level == 0 && !strcmp(figure_list[w->figure].col[0].name, "previous") &&
		    !(nkey == 1 && *key == '1'))
			continue;
		if (level == w->org ? add_text(w, w->organisation, &w->norg, key, nkey)
				    : add_text(w, w->item, &w->nitem, key, nkey))
			break;
		walk(w, x, level + 1);
		w->norg = norg;
		w->nitem = nitem;
	}
	return w->e->code;
}

static int organisation_level(const struct figure *f)
{
	for (int c = 0; c < f->ncol && f->col[c].flags & FIGURE_KEY; c++)
		if (!strcmp(f->col[c].name, "parent") || !strcmp(f->col[c].name, "namespace"))
			return c;
	return -1;
}

static int read_figure(struct way *w, struct js_value f)
{
	struct js_value status, value;
	uint8_t *known = &w->to->known[(uint64_t)w->figure * w->to->nmoments + (uint64_t)w->moment];

	if (!js_member(f, "status", &status))
		return E_OK;
	*known = (uint8_t)(is_text(status, "ok")        ? FIGURE_IS_OK
			   : is_text(status, "partial") ? FIGURE_IS_PARTIAL
							: FIGURE_IS_MISSING);
	w->org = organisation_level(&figure_list[w->figure]);
	w->norg = w->nitem = 0;
	return *known != FIGURE_IS_MISSING && js_member(f, "value", &value) ? walk(w, value, 0) : E_OK;
}

static void read_totals(struct points *x, struct js_value figures, uint64_t moment)
{
	for (int k = 0; k < NKINDS; k++) {
		char key[32];
		struct js_value f, v;

		snprintf(key, sizeof key, "totals.%s", kind_name[k]);
		if (js_member(figures, key, &f) && js_member(f, "value", &v) && js_type(v) == JS_INT)
			x->total[moment * NKINDS + (uint64_t)k] = js_int(v);
	}
}

static int read_document(struct points *x, struct js_value root, const char *path, uint64_t moment, struct err *e)
{
	struct js_value version, figures, snapshot, complete, f;
	struct way *w = calloc(1, sizeof *w);

	if (!w)
		return err_set(e, E_NOMEM, "out of memory for '%s'", path);
	w->to = x;
	w->path = path;
	w->moment = (int32_t)moment;
	w->e = e;
	if (!js_member(root, "schema", &version) || js_type(version) != JS_INT ||
	    !js_member(root, "figures", &figures) || js_type(figures) != JS_OBJECT ||
	    !js_member(root, "snapshot", &snapshot))
		err_set(e, E_FORMAT, "'%s' is no census.json; " REMEDY, path);
	else if (js_int(version) != SNAPSHOT_SCHEMA)
		err_set(e, E_FORMAT, "'%s' has schema %lld, this version reads %d; " REMEDY, path,
			(long long)js_int(version), SNAPSHOT_SCHEMA);
	for (int i = 0; i < figure_count && !e->code; i++)
		if (points_figure(i) && js_member(figures, figure_list[i].key, &f)) {
			w->figure = i;
			read_figure(w, f);
		}
	if (!e->code) {
		read_totals(x, figures, moment);
		x->complete[moment] =
			js_member(snapshot, "complete", &complete) && js_type(complete) == JS_BOOL && js_bool(complete);
	}
	free(w);
	return e->code;
}

/* The whole file and JS_PADDING bytes; NULL after an error. */
static char *read_file(const char *path, size_t *n, struct err *e)
{
	FILE *f = fopen(path, "rbe");
	struct stat st;
	char *text = NULL;

	*n = 0;
	if (!f || fstat(fileno(f), &st))
		err_sys(e, errno, "cannot read '%s'", path);
	else if (!S_ISREG(st.st_mode) || st.st_size > (off_t)BYTES_MAX)
		err_set(e, E_FORMAT, "'%s' is no census.json; " REMEDY, path);
	else if (!(text = calloc((size_t)st.st_size + JS_PADDING, 1)))
		err_set(e, E_NOMEM, "out of memory for '%s'", path);
	else if ((*n = fread(text, 1, (size_t)st.st_size, f)) != (size_t)st.st_size)
		err_set(e, E_IO, "cannot read '%s' to its end", path);
	if (f)
		fclose(f);
	if (e->code) {
		free(text);
		return NULL;
	}
	return text;
}

int points_read(struct points *x, const char *path, uint64_t moment, struct err *e)
{
	struct err why = ERR_INIT;
	struct js *js = NULL;
	struct js_value root;
	size_t n;
	char *text = read_file(path, &n, e);

	if (!text)
		return e->code;
	if (!(js = js_create()))
		err_set(e, E_NOMEM, "out of memory for '%s'", path);
	else if (js_parse(js, text, n, &root, &why))
		err_set(e, why.code, "'%s' is no census.json: %s; " REMEDY, path, why.text);
	else
		read_document(x, root, path, moment, e);
	js_free(js);
	free(text);
	return e->code;
}

void points_statuses(struct points *x, MPI_Comm comm)
{
	MPI_Allreduce(MPI_IN_PLACE, x->known, (int)((uint64_t)figure_count * x->nmoments), MPI_UINT8_T, MPI_MAX, comm);
	MPI_Allreduce(MPI_IN_PLACE, x->has_key, figure_count, MPI_UINT8_T, MPI_MAX, comm);
	MPI_Allreduce(MPI_IN_PLACE, x->total, (int)(x->nmoments * NKINDS), MPI_INT64_T, MPI_MAX, comm);
	MPI_Allreduce(MPI_IN_PLACE, x->complete, (int)x->nmoments, MPI_UINT8_T, MPI_MAX, comm);
}

int points_bare(struct points *x, int figure)
{
	char key[128];
	int32_t code;
	int n = snprintf(key, sizeof key, "%s%c%c", figure_list[figure].key, '\0', '\0');

	return dict_add(&x->key, key, (size_t)n, &code);
}
