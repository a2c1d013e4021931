/* SPDX-License-Identifier: Apache-2.0 */
#include "truth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "truth_in.h"
#include "when.h"

const char *const counter_name[NCOUNTER] = { "downloads", "downloads_all_time" };

/* ---- helpers of the figures ---- */

void truth_figure(struct truth *t, const char *key, json_t *v)
{
	json_t *o = json_object();
	json_object_set_new(o, "value", v);
	json_object_set_new(t->figures, key, o);
}

json_t *truth_at(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);
	if (!v) {
		v = json_object();
		json_object_set_new(o, key, v);
	}
	return v;
}

json_t *truth_real(double x)
{
	return json_real(rint(x * 1e9) / 1e9);
}

json_t *truth_share(__int128 a, __int128 b)
{
	return b ? truth_real((double)a / (double)b) : json_null();
}

void truth_month(char out[16], int month)
{
	snprintf(out, 16, "%04d-%02d", month / 12 % 10000, month % 12 + 1);
}

const char *truth_sector(const struct truth *t, const struct truth_row *r)
{
	return r->org >= 0 && *t->tables.org[r->org].sector ? t->tables.org[r->org].sector : NULL;
}

const char *truth_country(const struct truth *t, const struct truth_row *r)
{
	return r->org >= 0 && *t->tables.org[r->org].country ? t->tables.org[r->org].country : NULL;
}

/* ---- topics ---- */

static uint32_t topic_index(struct topic_set *s, const char *topic)
{
	for (uint32_t k = 0; k < s->ntopic; k++)
		if (!strcmp(s->topic[k], topic))
			return k;
	s->topic = mem_grow(s->topic, (s->ntopic + 1) * sizeof *s->topic);
	s->topic[s->ntopic] = topic;
	return s->ntopic++;
}

/* A tag that stands for several topics of one group is told by further rows; the table has none today, the last row
 * would win. */
void topics_init(struct topic_set *s, const struct truth *t, const char *group)
{
	struct names lower;
	uint32_t *tag_topic;
	memset(s, 0, sizeof *s);
	names_init(&lower);
	for (size_t k = 0; k < t->tables.ntopic; k++)
		names_of(&lower, t->tables.topic[k].tag);
	tag_topic = mem_new(lower.n * sizeof *tag_topic);
	for (size_t k = 0; k < t->tables.ntopic; k++)
		if (!strcmp(t->tables.topic[k].group, group))
			tag_topic[names_find(&lower, t->tables.topic[k].tag)] =
				topic_index(s, t->tables.topic[k].topic) + 1;
	s->group = group;
	s->ntag = t->names.n;
	s->of_tag = mem_new(s->ntag * sizeof *s->of_tag);
	for (uint32_t k = 0; k < s->ntag; k++) {
		char *p, *low = mem_str(t->names.text[k]);
		for (p = low; *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p + 32);
		uint32_t id = names_find(&lower, low);
		s->of_tag[k] = id == UINT32_MAX ? 0 : tag_topic[id];
		free(low);
	}
	free(tag_topic);
	names_release(&lower);
}

int topics_of(const struct topic_set *s, const struct truth_row *r, uint32_t out[TOPICS_MAX])
{
	int n = 0;
	for (int k = 0; k < r->ntags; k++) {
		uint32_t topic = s->of_tag[r->tags[k]];
		bool again = topic == 0;
		for (int j = 0; j < n && !again; j++)
			again = out[j] == topic - 1;
		if (!again && n < TOPICS_MAX)
			out[n++] = topic - 1;
	}
	return n;
}

void topics_release(struct topic_set *s)
{
	free(s->of_tag);
	free(s->topic);
	memset(s, 0, sizeof *s);
}

/* ---- rows ---- */

static uint32_t owner_of(struct truth *t, const struct row *r)
{
	const char *slash = strchr(r->id, '/');
	if (r->author)
		return names_of_lower(&t->names, r->author);
	if (!slash)
		return 0;
	char *ns = mem_str(r->id);
	ns[slash - r->id] = 0;
	uint32_t id = names_of_lower(&t->names, ns);
	free(ns);
	return id;
}

static int org_of(const struct truth *t, uint32_t owner, int64_t created)
{
	if (owner == 0)
		return -1;
	for (size_t k = 0; k < t->tables.norg; k++) {
		const struct org_row *o = &t->tables.org[k];
		if (created >= o->from && created < o->to && t->org_name[k] == owner)
			return (int)k;
	}
	return -1;
}

static void take_tags(struct truth *t, struct truth_row *to, const struct row *r)
{
	to->tags = mem_new((size_t)r->ntags * sizeof *to->tags);
	for (int k = 0; k < r->ntags; k++) {
		uint32_t id = names_of(&t->names, r->tags[k]);
		bool again = false;
		for (int j = 0; j < to->ntags && !again; j++)
			again = to->tags[j] == id;
		if (!again)
			to->tags[to->ntags++] = id;
	}
}

static void take(struct truth *t, enum kind kind, const struct row *r)
{
	struct truth_row *to = &t->rows[kind][t->n[kind]++];
	int year, month, dom;
	when_civil(r->created / 86400, &year, &month, &dom);
	memcpy(to->oid, r->oid, OID_TEXT);
	to->created = r->created;
	to->year = year;
	to->month = year * 12 + month - 1;
	to->lump = r->created < when_date(2022, 3, 3);
	to->owner = owner_of(t, r);
	to->id = names_of_lower(&t->names, r->id);
	to->org = org_of(t, to->owner, r->created);
	to->counter[COUNTER_RECENT] = r->downloads;
	to->counter[COUNTER_ALL_TIME] = r->all_time;
	for (int c = 0; c < NCOUNTER; c++)
		t->served[kind][c] |= to->counter[c] >= 0;
	to->gated = r->gated;
	to->disabled = r->disabled;
	to->pipeline = r->pipeline ? names_of(&t->names, r->pipeline) : 0;
	to->library = r->library ? names_of(&t->names, r->library) : 0;
	to->st_total = r->st_total;
	to->gguf_total = r->gguf_total;
	take_tags(t, to, r);
	for (int k = 0; k < r->nbase; k++) {
		to->base[k].name = names_of_lower(&t->names, r->base[k].id);
		memcpy(to->base[k].oid, r->base[k].oid, OID_TEXT);
	}
	to->nbase = r->nbase;
}

static void collect(struct truth *t)
{
	struct row_space *space = mem_new(sizeof *space);
	struct row row;
	t->org_name = mem_new(t->tables.norg * sizeof *t->org_name);
	for (size_t k = 0; k < t->tables.norg; k++)
		t->org_name[k] = names_of(&t->names, t->tables.org[k].name);
	for (enum kind k = MODELS; k < NKIND; k++) {
		t->rows[k] = mem_new(t->pop->n[k] * sizeof *t->rows[k]);
		for (uint64_t i = 0; i < t->pop->n[k]; i++) {
			population_row(t->pop, k, i, &row, space);
			if (row.created <= t->t0)
				take(t, k, &row);
		}
	}
	free(space);
}

/* ---- totals ---- */

static void period(json_t *kind, const char *type, const char *name, int64_t n, int64_t cumulative, bool lump)
{
	json_t *leaf = truth_at(truth_at(kind, type), name);
	json_t *was = json_object_get(leaf, "new");
	json_object_set_new(leaf, "new", json_integer((was ? json_integer_value(was) : 0) + n));
	json_object_set_new(leaf, "cumulative", json_integer(cumulative));
	json_object_set_new(leaf, "lump", json_boolean(lump));
}

static void by_period(struct truth *t)
{
	json_t *v = json_object();
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < t->n[k];) {
			uint64_t j = i;
			int64_t today = t->rows[k][i].created / 86400;
			char text[WHEN_TEXT];
			while (j < t->n[k] && t->rows[k][j].created / 86400 == today)
				j++;
			when_text(today * 86400, text);
			json_t *kind = truth_at(v, kind_name[k]);
			static const int cut[3] = { 10, 7, 4 };
			static const char *const type[3] = { "day", "month", "year" };
			for (int c = 0; c < 3; c++) {
				text[cut[c]] = 0;
				period(kind, type[c], text, (int64_t)(j - i), (int64_t)j,
				       !strncmp("2022-03-02", text, (size_t)cut[c]));
			}
			i = j;
		}
	truth_figure(t, "totals.by_period", v);
}

static void owners(struct truth *t)
{
	json_t *v = json_object();
	uint8_t *seen = mem_new(t->names.n);
	int64_t n[NKIND + 1] = { 0 };
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < t->n[k]; i++) {
			uint8_t *s = &seen[t->rows[k][i].owner];
			if (t->rows[k][i].owner == 0)
				continue;
			n[NKIND] += *s == 0;
			n[k] += !(*s >> k & 1);
			*s |= (uint8_t)(1 << k);
		}
	for (enum kind k = MODELS; k < NKIND; k++)
		json_object_set_new(v, kind_name[k], json_integer(n[k]));
	json_object_set_new(v, "all", json_integer(n[NKIND]));
	free(seen);
	truth_figure(t, "totals.owners", v);
}

static void gating(struct truth *t)
{
	static const char *const gates[] = { "absent", "false", "auto", "manual", "true" }, *const locks[] = { "absent",
													       "false",
													       "true" };
	json_t *v = json_object();
	for (enum kind k = MODELS; k < NKIND; k++) {
		int64_t gate[5] = { 0 }, lock[3] = { 0 };
		for (uint64_t i = 0; i < t->n[k]; i++) {
			gate[t->rows[k][i].gated + 1]++;
			lock[t->rows[k][i].disabled + 1]++;
		}
		for (int g = 0; g < 5; g++)
			if (gate[g] && k != SPACES)
				json_object_set_new(truth_at(truth_at(v, kind_name[k]), "gated"), gates[g],
						    json_integer(gate[g]));
		for (int g = 0; g < 3; g++)
			if (lock[g])
				json_object_set_new(truth_at(truth_at(v, kind_name[k]), "disabled"), locks[g],
						    json_integer(lock[g]));
	}
	truth_figure(t, "gating", v);
}

void truth_totals(struct truth *t)
{
	static const char *const key[NKIND] = { "totals.models", "totals.datasets", "totals.spaces" };
	json_t *complete = json_object();
	for (enum kind k = MODELS; k < NKIND; k++) {
		truth_figure(t, key[k], json_integer((json_int_t)t->n[k]));
		json_t *leaf = truth_at(complete, kind_name[k]);
		json_object_set_new(leaf, "rows", json_integer((json_int_t)t->n[k]));
		json_object_set_new(leaf, "hub_total", json_integer((json_int_t)t->pop->n[k]));
	}
	truth_figure(t, "completeness", complete);
	by_period(t);
	owners(t);
	gating(t);
}

static void release(struct truth *t)
{
	for (enum kind k = MODELS; k < NKIND; k++) {
		for (uint64_t i = 0; t->rows[k] && i < t->n[k]; i++)
			free(t->rows[k][i].tags);
		free(t->rows[k]);
	}
	free(t->org_name);
	names_release(&t->names);
	tables_release(&t->tables);
	json_decref(t->figures);
}

int truth_print(const struct population *p, const struct truth_since *since, const struct fault_plan *faults,
		int64_t t0, const char *org_csv, const char *topic_csv, FILE *out, char *text, size_t ntext)
{
	struct truth t = { .pop = p, .t0 = t0 };
	int month, dom, rc = -1;
	json_t *whole = json_object();
	when_civil(t0 / 86400, &t.t0_year, &month, &dom);
	t.t0_month = t.t0_year * 12 + month - 1;
	names_init(&t.names);
	t.figures = json_object();
	if (tables_read(&t.tables, org_csv, topic_csv, text, ntext) == 0) {
		collect(&t);
		truth_totals(&t);
		truth_concentration(&t);
		truth_growth(&t);
		truth_categories(&t);
		truth_geography(&t);
		truth_lineage(&t);
		truth_size(&t);
		truth_compare(&t, since);
		json_object_set(whole, "figures", t.figures);
		if (!p->recorded)
			json_object_set_new(whole, "accounts", truth_accounts(&t, faults));
		rc = json_dumpf(whole, out, JSON_SORT_KEYS | JSON_INDENT(1) | JSON_REAL_PRECISION(15));
		fputc('\n', out);
		if (rc || fflush(out))
			snprintf(text, ntext, "cannot write the figures");
	}
	json_decref(whole);
	release(&t);
	return rc;
}
