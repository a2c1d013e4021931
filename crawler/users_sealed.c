// SPDX-License-Identifier: Apache-2.0
#include "crawler/users_sealed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/h5accounts.h"
#include "io/users_json.h"

static const char begun_members[] = "when sessions began", sealed_members[] = "the shards that were sealed",
		  kept_members[] = "the shards that were taken from it again";

/* What earlier sessions have left in the file; to be released. */
struct told {
	json_t *begun;
	/* NULL, or {"by": shards of DIR that were taken again from this archive, "sealed": those that held their rows
	 * when they were archived}. */
	json_t *kept;
};

static void release(struct told *t)
{
	json_decref(t->begun);
	json_decref(t->kept);
	*t = (struct told){ NULL, NULL };
}

static int add_shards(json_t *to, const char *dir, const char *folder, struct err *e)
{
	char shards[4200];
	struct shard_list l;
	int rc, bad = 0;

	snprintf(shards, sizeof shards, "%s/%s", dir, folder);
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

/* The rows of the old names are in DIR/shards as long as all that were taken again are; once one is set aside the Hub
 * is asked for them anew, and the later replies count. Returns -1 when memory is short. */
static int add_kept(json_t *to, const json_t *kept, int *holds)
{
	const json_t *by = json_object_get(kept, "by");
	json_t *there = json_object();
	size_t n = 0;
	int bad = !there;

	for (size_t i = 0; i < json_array_size(to) && !bad; i++)
		bad = json_object_set_new(there, json_string_value(json_array_get(to, i)), json_true());
	for (size_t i = 0; i < json_array_size(by); i++)
		n += json_object_get(there, json_string_value(json_array_get(by, i))) != NULL;
	json_decref(there);
	*holds = n > 0 && n == json_array_size(by);
	return bad || (*holds && json_array_extend(to, json_object_get(kept, "sealed"))) ? -1 : 0;
}

static int write_sealed(const char *dir, int64_t session, const struct users_end *x, const struct told *t,
			struct err *e)
{
	json_t *j = users_end_json(x), *names = json_array();
	char archive[4200];
	int holds, rc = E_OK;

	if (json_object_set(j, "begun", t->begun) || json_object_set(j, "sealed", names) ||
	    json_object_set_new(j, "session", json_integer(session)))
		rc = err_set(e, E_NOMEM, "no memory for users.json");
	rc = rc ? rc : add_shards(names, dir, "shards", e);
	if (!rc && (add_kept(names, t->kept, &holds) || (holds && json_object_set(j, "kept", t->kept))))
		rc = err_set(e, E_NOMEM, "no memory for users.json");
	json_decref(names);
	if (rc || archive_path(archive, dir, e)) {
		json_decref(j);
		return e->code;
	}
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

/* Names of shards of accounts. */
static int are_names(const json_t *names)
{
	int good = json_is_array(names), rank;
	int64_t seq;

	for (size_t i = 0; good && i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		good = name && !strchr(name, '/') && account_shard_name_parse(name, &rank, &seq);
	}
	return good;
}

static int is_kept(const json_t *kept)
{
	return !kept || (are_names(json_object_get(kept, "by")) && are_names(json_object_get(kept, "sealed")));
}

/* Release it also on error. */
static int read_told(struct told *t, const char *dir, struct err *e)
{
	char archive[4200], path[USERS_JSON_PATH];
	json_t *j = NULL;

	*t = (struct told){ NULL, NULL };
	if (archive_path(archive, dir, e) || users_json_read(&j, path, archive, e))
		return e->code;
	t->begun = j ? json_incref(json_object_get(j, "begun")) : json_array();
	t->kept = json_incref(json_object_get(j, "kept"));
	if (!j && !t->begun)
		err_set(e, E_NOMEM, "no memory for users.json");
	else if (!is_begun(t->begun))
		users_json_refuse(path, begun_members, e);
	else if (!is_kept(t->kept))
		users_json_refuse(path, kept_members, e);
	json_decref(j);
	return e->code;
}

int users_sealed_begin(const char *dir, int64_t session, int64_t seq, struct err *e)
{
	const struct users_end none = { .ending = END_NONE };
	struct told t;

	if (!read_told(&t, dir, e)) {
		if (json_array_append_new(t.begun, json_pack("[I, I]", (json_int_t)session, (json_int_t)seq)))
			err_set(e, E_NOMEM, "no memory for users.json");
		else
			write_sealed(dir, session, &none, &t, e);
	}
	release(&t);
	return e->code;
}

int users_sealed_end(const char *dir, int64_t session, const struct users_end *x, struct err *e)
{
	struct told t;

	if (!read_told(&t, dir, e))
		write_sealed(dir, session + 1, x, &t, e);
	release(&t);
	return e->code;
}

int users_sealed_keep(const char *dir, const char *filling, struct err *e)
{
	char archive[4200], path[USERS_JSON_PATH];
	json_t *j = NULL, *by, *sealed;

	if (archive_path(archive, dir, e) || users_json_read(&j, path, archive, e) || !j)
		return e->code;
	by = json_array();
	sealed = json_object_get(j, "sealed");
	if (!are_names(sealed))
		users_json_refuse(path, sealed_members, e);
	else if (!add_shards(by, dir, filling, e) && json_array_size(by) > 0) {
		if (json_object_set_new(j, "kept", json_pack("{s:O, s:O}", "by", by, "sealed", sealed)))
			err_set(e, E_NOMEM, "no memory for users.json");
		else
			users_json_write(json_incref(j), archive, e);
	}
	json_decref(by);
	json_decref(j);
	return e->code;
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
