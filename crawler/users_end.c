// SPDX-License-Identifier: Apache-2.0
#include "crawler/users_end.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/h5accounts.h"
#include "io/snapshot.h"

const char *const ending_name[NENDINGS] = { "", "every list was asked", "request limit",
					    "lists that the Hub did not give" };

/* Names of half a million shards: more is not read into memory. */
#define DOCUMENT_MAX (16 << 20)

static const char end_members[] = "what was counted", begun_members[] = "when sessions began",
		  sealed_members[] = "the shards that were sealed";

static int refuse(const char *path, const char *what, struct err *e)
{
	return err_set(e, E_FORMAT, "'%s' is damaged: it does not tell %s; remove it, and what is sealed counts", path,
		       what);
}

static int read_document(const char *path, FILE *f, json_t **j, struct err *e)
{
	json_error_t je;
	struct stat st;

	if (fstat(fileno(f), &st))
		return err_sys(e, errno, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_size > DOCUMENT_MAX)
		return err_set(e, E_FORMAT, "'%s' is no file of hubcensus; remove it, and what is sealed counts", path);
	*j = json_loadf(f, JSON_REJECT_DUPLICATES, &je);
	return *j ? E_OK
		  : err_set(e, E_FORMAT, "'%s' line %d cannot be read: %s; remove it, and what is sealed counts", path,
			    je.line, je.text);
}

/* FOLDER/users.json, and its path; *j is NULL where there is none. */
static int load(json_t **j, char path[4200], const char *folder, struct err *e)
{
	int fd, rc;
	FILE *f;

	*j = NULL;
	if (snprintf(path, 4200, "%s/users.json", folder) >= 4200)
		return err_set(e, E_USAGE, "the folder's name is too long");
	/* Whoever put a pipe there is not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot read '%s'", path);
	f = fdopen(fd, "rb");
	if (!f) {
		close(fd);
		return err_set(e, E_NOMEM, "no memory to read '%s'", path);
	}
	rc = read_document(path, f, j, e);
	fclose(f);
	return rc;
}

/* A count, or -1. */
static int64_t count_of(const json_t *x)
{
	int64_t n = json_is_integer(x) ? json_integer_value(x) : -1;

	return n <= USERS_END_MAX ? n : -1;
}

static int end_of(struct users_end *x, const json_t *j)
{
	const char *name = json_string_value(json_object_get(j, "ended"));
	struct {
		const char *name;
		int64_t *to;
	} member[] = { { "requests", &x->requests },
		       { "accounts", &x->accounts },
		       { "pages", &x->pages },
		       { "lists_given_up", &x->given_up },
		       { "repositories", &x->rows } };
	int good = 0;

	for (int i = END_NONE; name && i < NENDINGS; i++)
		if (!strcmp(name, ending_name[i])) {
			x->ending = (enum ending)i;
			good = 1;
		}
	for (size_t i = 0; i < sizeof member / sizeof *member; i++) {
		*member[i].to = count_of(json_object_get(j, member[i].name));
		good = good && *member[i].to >= 0;
	}
	return good;
}

int users_end_read(struct users_end *x, const char *folder, struct err *e)
{
	const struct users_end none = { .ending = END_NONE };
	char path[4200];
	json_t *j;
	int rc = load(&j, path, folder, e);

	*x = none;
	if (j && !end_of(x, j)) {
		*x = none;
		rc = refuse(path, end_members, e);
	}
	json_decref(j);
	return rc;
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

/* A list of pairs of counts. */
static int is_begun(const json_t *begun)
{
	int good = json_is_array(begun);

	for (size_t i = 0; good && i < json_array_size(begun); i++) {
		const json_t *x = json_array_get(begun, i);

		good = json_array_size(x) == 2 && count_of(json_array_get(x, 0)) >= 0 &&
		       count_of(json_array_get(x, 1)) >= 0;
	}
	return good;
}

/* The sessions that have begun, from the file; to be released. */
static int begun_of(json_t **begun, const char *dir, struct err *e)
{
	char archive[4200], path[4200];
	json_t *j = NULL;
	int found;

	*begun = NULL;
	if (archive_path(archive, dir, e) || load(&j, path, archive, e))
		return e->code;
	found = j != NULL;
	*begun = found ? json_incref(json_object_get(j, "begun")) : json_array();
	json_decref(j);
	if (is_begun(*begun))
		return E_OK;
	json_decref(*begun);
	*begun = NULL;
	return found ? refuse(path, begun_members, e) : err_set(e, E_NOMEM, "no memory for users.json");
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

	s->session = count_of(json_object_get(j, "session"));
	if (s->session < 0 || !is_begun(begun))
		return refuse(path, begun_members, e);
	s->at = calloc(json_array_size(names) + 1, sizeof *s->at);
	s->first = calloc(json_array_size(begun) + 1, sizeof *s->first);
	if (!s->at || !s->first)
		return err_set(e, E_NOMEM, "no memory for the archive's list of shards");
	take_begun(s, begun);
	return take_sealed(s, names) ? E_OK : refuse(path, sealed_members, e);
}

int users_sealed_read(struct users_sealed *s, const char *archive, struct err *e)
{
	char path[4200];
	json_t *j;
	int rc = load(&j, path, archive, e);

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
