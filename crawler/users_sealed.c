// SPDX-License-Identifier: Apache-2.0
#include "crawler/users_sealed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/h5accounts.h"
#include "io/users_json.h"

static const char begun_members[] = "when sessions began", sealed_members[] = "the shards that were sealed";

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
	json_t *j = users_end_json(x), *names = json_array();
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
	return users_json_write(j, archive, e);
}

/* A list of pairs of counts. */
static int is_begun(const json_t *begun)
{
	int good = json_is_array(begun);

	for (size_t i = 0; good && i < json_array_size(begun); i++) {
		const json_t *x = json_array_get(begun, i);

		good = json_array_size(x) == 2 && users_json_count(json_array_get(x, 0)) >= 0 &&
		       users_json_count(json_array_get(x, 1)) >= 0;
	}
	return good;
}

/* The sessions that have begun, from the file; to be released. */
static int begun_of(json_t **begun, const char *dir, struct err *e)
{
	char archive[4200], path[USERS_JSON_PATH];
	json_t *j = NULL;
	int found;

	*begun = NULL;
	if (archive_path(archive, dir, e) || users_json_read(&j, path, archive, e))
		return e->code;
	found = j != NULL;
	*begun = found ? json_incref(json_object_get(j, "begun")) : json_array();
	json_decref(j);
	if (is_begun(*begun))
		return E_OK;
	json_decref(*begun);
	*begun = NULL;
	return found ? users_json_refuse(path, begun_members, e) : err_set(e, E_NOMEM, "no memory for users.json");
}

int users_sealed_begin(const char *dir, int64_t session, int64_t seq, struct err *e)
{
	const struct users_end none = { .ending = END_NONE };
	json_t *begun;

	if (begun_of(&begun, dir, e))
		return e->code;
	if (json_array_append_new(begun, json_pack("[I, I]", (json_int_t)session, (json_int_t)seq))) {
		json_decref(begun);
		return err_set(e, E_NOMEM, "no memory for users.json");
	}
	return write_sealed(dir, session, &none, begun, e);
}

int users_sealed_end(const char *dir, int64_t session, const struct users_end *x, struct err *e)
{
	json_t *begun;

	return begun_of(&begun, dir, e) ? e->code : write_sealed(dir, session + 1, x, begun, e);
}

static int by_place(const void *a, const void *b)
{
	const struct users_sealed_shard *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Names of shards, as they are in DIR/shards: no path. */
static int take_sealed(struct users_sealed *s, const json_t *names)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		struct users_sealed_shard *x = s->at + s->n++;
		const char *name = json_string_value(json_array_get(names, i));

		if (!name || strchr(name, '/') || !account_shard_name_parse(name, &x->rank, &x->seq))
			return 0;
	}
	qsort(s->at, s->n, sizeof *s->at, by_place);
	return json_is_array(names);
}

static void take_begun(struct users_sealed *s, const json_t *begun)
{
	for (size_t i = 0; i < json_array_size(begun); i++) {
		const json_t *x = json_array_get(begun, i);

		s->first[s->nsession++] = (struct users_sealed_session){ json_integer_value(json_array_get(x, 0)),
									 json_integer_value(json_array_get(x, 1)) };
	}
}

static int take_document(struct users_sealed *s, const json_t *j, const char *path, struct err *e)
{
	const json_t *names = json_object_get(j, "sealed"), *begun = json_object_get(j, "begun");

	s->session = users_json_count(json_object_get(j, "session"));
	if (s->session < 0 || !is_begun(begun))
		return users_json_refuse(path, begun_members, e);
	s->at = calloc(json_array_size(names) + 1, sizeof *s->at);
	s->first = calloc(json_array_size(begun) + 1, sizeof *s->first);
	if (!s->at || !s->first)
		return err_set(e, E_NOMEM, "no memory for the archive's list of shards");
	take_begun(s, begun);
	return take_sealed(s, names) ? E_OK : users_json_refuse(path, sealed_members, e);
}

int users_sealed_read(struct users_sealed *s, const char *archive, struct err *e)
{
	char path[USERS_JSON_PATH];
	json_t *j;
	int rc = users_json_read(&j, path, archive, e);

	*s = (struct users_sealed){ .session = 0 };
	if (j)
		rc = take_document(s, j, path, e);
	json_decref(j);
	return rc;
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
