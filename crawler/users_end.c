// SPDX-License-Identifier: Apache-2.0
#include "crawler/users_end.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/h5accounts.h"
#include "io/snapshot.h"

const char *const ending_name[NENDINGS] = { "", "every list was asked", "request limit",
					    "lists that the Hub did not give" };

static json_t *load(const char *folder)
{
	char path[4200];
	json_error_t je;

	if (snprintf(path, sizeof path, "%s/users.json", folder) >= (int)sizeof path)
		return NULL;
	return json_load_file(path, 0, &je);
}

void users_end_read(struct users_end *x, const char *folder)
{
	json_t *j = load(folder);
	const char *name = json_string_value(json_object_get(j, "ended"));

	*x = (struct users_end){ END_NONE,
				 json_integer_value(json_object_get(j, "requests")),
				 json_integer_value(json_object_get(j, "accounts")),
				 json_integer_value(json_object_get(j, "pages")),
				 json_integer_value(json_object_get(j, "lists_given_up")),
				 json_integer_value(json_object_get(j, "repositories")) };
	for (int i = END_ALL; name && i < NENDINGS; i++)
		if (!strcmp(name, ending_name[i]))
			x->ending = (enum ending)i;
	json_decref(j);
}

/* Takes j. */
static int write_json(json_t *j, const char *folder, struct err *e)
{
	char *text = j ? json_dumps(j, JSON_SORT_KEYS | JSON_INDENT(1)) : NULL;
	int rc;

	json_decref(j);
	if (!text)
		return err_set(e, E_NOMEM, "no memory for users.json");
	rc = snapshot_write_file(folder, "users.json", text, strlen(text), e);
	free(text);
	return rc;
}

static json_t *json_of(const struct users_end *x)
{
	return json_pack("{s:s s:I s:I s:I s:I s:I}", "ended", ending_name[x->ending], "requests",
			 (json_int_t)x->requests, "accounts", (json_int_t)x->accounts, "pages", (json_int_t)x->pages,
			 "lists_given_up", (json_int_t)x->given_up, "repositories", (json_int_t)x->rows);
}

int users_end_write(const struct users_end *x, const char *dir, struct err *e)
{
	return write_json(json_of(x), dir, e);
}

/* --- the archive's --- */

static int add_shards(json_t *to, const char *dir, struct err *e)
{
	char shards[4200];
	struct shard_list l;
	int rc, bad = 0;

	snprintf(shards, sizeof shards, "%s/shards", dir);
	rc = account_shard_list(&l, shards, e);
	for (size_t i = 0; i < l.n && !rc && !bad; i++)
		bad = json_array_append_new(to, json_string(strrchr(l.path[i], '/') + 1));
	shard_list_release(&l);
	return bad ? err_set(e, E_NOMEM, "no memory for users.json") : rc;
}

static int archive_path(char path[4200], const char *dir, struct err *e)
{
	return snprintf(path, 4200, "%s/archive", dir) >= 4200 ? err_set(e, E_USAGE, "the folder's name is too long")
							       : E_OK;
}

/* Takes `begun`. */
static int write_sealed(const char *dir, int64_t session, const struct users_end *x, json_t *begun, struct err *e)
{
	json_t *j = json_of(x), *names = json_array();
	char archive[4200];
	int bad = json_object_set_new(j, "begun", begun) || json_object_set(j, "sealed", names) ||
		  json_object_set_new(j, "session", json_integer(session));

	if (bad)
		err_set(e, E_NOMEM, "no memory for users.json");
	if (bad || add_shards(names, dir, e) || archive_path(archive, dir, e)) {
		json_decref(names);
		json_decref(j);
		return e->code;
	}
	json_decref(names);
	return write_json(j, archive, e);
}

/* The sessions that have begun, from the file. */
static json_t *begun_of(const char *dir)
{
	struct err e = ERR_INIT;
	char archive[4200];
	json_t *j = archive_path(archive, dir, &e) ? NULL : load(archive);
	json_t *begun = json_incref(json_object_get(j, "begun"));

	json_decref(j);
	if (json_is_array(begun))
		return begun;
	json_decref(begun);
	return json_array();
}

int users_sealed_begin(const char *dir, int64_t session, int64_t seq, struct err *e)
{
	const struct users_end none = { .ending = END_NONE };
	json_t *begun = begun_of(dir);

	if (json_array_append_new(begun, json_pack("[I, I]", (json_int_t)session, (json_int_t)seq))) {
		json_decref(begun);
		return err_set(e, E_NOMEM, "no memory for users.json");
	}
	return write_sealed(dir, session, &none, begun, e);
}

int users_sealed_end(const char *dir, int64_t session, const struct users_end *x, struct err *e)
{
	return write_sealed(dir, session + 1, x, begun_of(dir), e);
}

static int by_place(const void *a, const void *b)
{
	const struct users_sealed_shard *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

int users_sealed_read(struct users_sealed *s, const char *archive, struct err *e)
{
	json_t *j = load(archive), *names = json_object_get(j, "sealed"), *begun = json_object_get(j, "begun");

	*s = (struct users_sealed){ .session = json_integer_value(json_object_get(j, "session")) };
	s->at = calloc(json_array_size(names) + 1, sizeof *s->at);
	s->first = calloc(json_array_size(begun) + 1, sizeof *s->first);
	for (size_t i = 0; s->at && i < json_array_size(names); i++) {
		struct users_sealed_shard *x = s->at + s->n;
		const char *name = json_string_value(json_array_get(names, i));

		s->n += name && account_shard_name_parse(name, &x->rank, &x->seq);
	}
	for (size_t i = 0; s->first && i < json_array_size(begun); i++) {
		const json_t *x = json_array_get(begun, i);

		s->first[s->nsession++] = (struct users_sealed_session){ json_integer_value(json_array_get(x, 0)),
									 json_integer_value(json_array_get(x, 1)) };
	}
	json_decref(j);
	if (!s->at || !s->first)
		return err_set(e, E_NOMEM, "no memory for the archive's list of shards");
	qsort(s->at, s->n, sizeof *s->at, by_place);
	return E_OK;
}

void users_sealed_release(struct users_sealed *s)
{
	free(s->at);
	free(s->first);
	*s = (struct users_sealed){ 0, 0, 0, NULL, NULL };
}

/* Numbers go up from session to session; one that sealed nothing has the same first number as the next. */
static int64_t session_of(const struct users_sealed *s, int64_t seq)
{
	int64_t session = -1;

	for (size_t i = 0; i < s->nsession && s->first[i].seq <= seq; i++)
		session = s->first[i].session;
	return session;
}

int users_sealed_has(const struct users_sealed *s, int64_t session, int rank, int64_t seq)
{
	const struct users_sealed_shard key = { seq, rank };

	return session >= s->session ||
	       (session_of(s, seq) == session && s->n > 0 && bsearch(&key, s->at, s->n, sizeof key, by_place) != NULL);
}
