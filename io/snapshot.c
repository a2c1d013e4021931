// SPDX-License-Identifier: Apache-2.0
#include "io/snapshot.h"
#include "io/sync.h"
#include "io/utc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h> /* documents: sorted keys and exact integers; its speed does not matter here */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef HUBCENSUS_VERSION
#define HUBCENSUS_VERSION "0.0.0"
#endif

#define PATH_CAP     4096
#define DOCUMENT_MAX (1 << 20)

int snapshot_is_partial(const struct snapshot *s)
{
	return s->author[0] != '\0' || s->ntag > 0;
}

/* One that may be written but not read cannot be opened to be synced: that is an error unless it may be so. */
static int sync_dir(const char *dir, int may_be_closed, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), bad, rc;

	if (fd < 0 && may_be_closed && errno == EACCES)
		return E_OK;
	if (fd < 0)
		return err_sys(e, errno, "cannot open the folder '%s'", dir);
	/* Some network file systems do not know fsync of a folder. */
	bad = sync_fd(fd);
	rc = bad && bad != EINVAL && bad != ENOTSUP ? err_sys(e, bad, "cannot sync the folder '%s'", dir) : E_OK;
	close(fd);
	return rc;
}

int snapshot_sync_dir(const char *dir, struct err *e)
{
	return sync_dir(dir, 0, e);
}

int snapshot_write_file(const char *dir, const char *name, const char *text, size_t n, struct err *e)
{
	char path[PATH_CAP], tmp[PATH_CAP + 8];
	int fd, bad;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	snprintf(tmp, sizeof tmp, "%s.tmp", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_sys(e, errno, "cannot write '%s'", tmp);
	bad = sync_write(fd, text, n);
	if (!bad)
		bad = sync_fd(fd);
	if (close(fd) && !bad)
		bad = errno;
	if (!bad && rename(tmp, path))
		bad = errno;
	if (bad) {
		unlink(tmp);
		return err_sys(
			e, bad,
			"cannot write '%s'; free some space or choose another folder, then run the same command again",
			path);
	}
	return snapshot_sync_dir(dir, e);
}

int snapshot_copy(const char *from, const char *to, struct err *e)
{
	char path[PATH_CAP], *text = malloc(DOCUMENT_MAX);
	int fd = -1, rc = E_OK;
	ssize_t n = 0;

	if (!text)
		return err_set(e, E_NOMEM, "no memory for a copy of snapshot.json");
	snprintf(path, sizeof path, "%s/snapshot.json", from);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (n = read(fd, text, DOCUMENT_MAX)) < 0)
		rc = err_sys(e, errno, "cannot read '%s'", path);
	if (fd >= 0)
		close(fd);
	if (!rc)
		rc = snapshot_write_file(to, "snapshot.json", text, (size_t)n, e);
	free(text);
	return rc;
}

/* What a folder of this path lies in. */
static void parent_of(char parent[PATH_CAP], const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	snprintf(parent, PATH_CAP, "%.*s", n > 0 ? (int)n : 1, n > 0 ? path : ".");
}

int snapshot_make_dir(const char *path, unsigned mode, struct err *e)
{
	char parent[PATH_CAP];

	if (mkdir(path, mode))
		return errno == EEXIST ? E_OK : err_sys(e, errno, "cannot make the folder '%s'", path);
	parent_of(parent, path);
	return sync_dir(parent, 1, e);
}

static int make_dirs(const char *dir, struct err *e)
{
	char part[PATH_CAP];

	if (snprintf(part, sizeof part, "%s", dir) >= (int)sizeof part)
		return err_set(e, E_USAGE, "the path '%.60s...' is too long", dir);
	for (char *p = part + 1;; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (snapshot_make_dir(part, 0777, e))
			return e->code;
		*p = c;
		if (c == '\0')
			return E_OK;
	}
}

/* One that lacks a name would be another census: NULL when memory is short. */
static json_t *add_name(json_t *a, const char *name)
{
	if (a && json_array_append_new(a, json_string(name))) {
		json_decref(a);
		return NULL;
	}
	return a;
}

static json_t *kinds_json(const struct snapshot *s)
{
	json_t *a = json_array();

	for (int k = 0; k < NKINDS; k++)
		if (s->kinds >> k & 1)
			a = add_name(a, kind_name[k]);
	if (s->users)
		a = add_name(a, "users");
	return a;
}

static json_t *fields_json(const struct snapshot *s)
{
	json_t *a = json_array();

	for (int f = 0; f < NFIELDS; f++)
		if (s->fields >> f & 1)
			a = add_name(a, schema[f].name);
	return a;
}

static json_t *tags_json(const struct snapshot *s)
{
	json_t *a = json_array();

	for (int i = 0; i < s->ntag; i++)
		a = add_name(a, s->tag[i]);
	return a;
}

static json_t *to_json(const struct snapshot *s, const char *options)
{
	char t0[32], created[32];
	json_t *o = options ? json_loads(options, 0, NULL) : NULL;

	if (options && !o)
		return NULL;
	return json_pack("{s:i s:s s:s s:s s:s s:s s:o s:b s:o s:s s:o s:o*}", "schema", SNAPSHOT_SCHEMA, "id", s->id,
			 "hub", s->hub, "t0", utc_format(s->t0, t0), "created", utc_format(s->created, created),
			 "version", s->version, "kinds", kinds_json(s), "user_names", s->users && !s->hashed, "fields",
			 fields_json(s), "filter_author", s->author, "filter_tags", tags_json(s), "options", o);
}

static int random_id(char id[33], struct err *e)
{
	unsigned char b[16];

	if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
		return err_sys(e, errno, "no random numbers from the system");
	for (int i = 0; i < 16; i++)
		snprintf(id + 2 * i, 3, "%02x", b[i]);
	return E_OK;
}

/* Write the document, and release it. */
static int save(json_t *j, const char *dir, struct err *e)
{
	char *text = j ? json_dumps(j, JSON_SORT_KEYS | JSON_INDENT(1)) : NULL;
	size_t n;
	int rc;

	json_decref(j);
	if (!text)
		return err_set(e, E_NOMEM, "no memory for snapshot.json, or an option is not UTF-8");
	n = strlen(text);
	text[n] = '\n'; /* instead of the NUL: the length is told */
	rc = snapshot_write_file(dir, "snapshot.json", text, n + 1, e);
	free(text);
	return rc;
}

int snapshot_create(struct snapshot *s, const char *dir, const char *options, struct err *e)
{
	char shards[PATH_CAP];

	s->created = time(NULL);
	snprintf(s->version, sizeof s->version, "%s", HUBCENSUS_VERSION);
	snprintf(shards, sizeof shards, "%s/shards", dir);
	if (random_id(s->id, e) || make_dirs(dir, e) || make_dirs(shards, e))
		return e->code;
	return save(to_json(s, options), dir, e);
}

/* Copy a string member into dst, or -1 if it is missing, no string, or too long. */
static int take_text(const json_t *j, const char *key, char *dst, size_t n)
{
	const json_t *v = json_object_get(j, key);

	if (!json_is_string(v) || json_string_length(v) >= n || strlen(json_string_value(v)) != json_string_length(v))
		return -1;
	memcpy(dst, json_string_value(v), json_string_length(v) + 1);
	return 0;
}

static int take_time(const json_t *j, const char *key, int64_t *t)
{
	char s[40];

	return take_text(j, key, s, sizeof s) || utc_parse(s, strlen(s), t);
}

/* A bit for each name of an array that `find` knows; -1 if one is unknown or there is none. */
static int take_set(const json_t *j, const char *key, int (*find)(const char *), unsigned *set)
{
	const json_t *a = json_object_get(j, key), *v;
	size_t i;

	if (!json_is_array(a))
		return -1;
	*set = 0;
	json_array_foreach(a, i, v)
	{
		int bit = json_is_string(v) ? find(json_string_value(v)) : -1;

		if (bit < 0)
			return -1;
		*set |= 1u << bit;
	}
	return *set ? 0 : -1;
}

static int find_kind(const char *name)
{
	return strcmp(name, "users") ? kind_find(name) : NKINDS;
}

/* Accounts are no kind of repository, but people name them with the kinds. */
static int take_kinds(const json_t *j, struct snapshot *s)
{
	if (take_set(j, "kinds", find_kind, &s->kinds))
		return -1;
	s->users = s->kinds >> NKINDS & 1;
	s->hashed = s->users && !json_is_true(json_object_get(j, "user_names"));
	s->kinds &= ~(1u << NKINDS);
	return s->kinds ? 0 : -1;
}

static int take_tags(const json_t *j, struct snapshot *s)
{
	const json_t *a = json_object_get(j, "filter_tags"), *v;
	size_t i;

	if (!json_is_array(a) || json_array_size(a) > SNAPSHOT_TAGS_MAX)
		return -1;
	json_array_foreach(a, i, v)
	{
		if (!json_is_string(v) || json_string_length(v) >= sizeof s->tag[0])
			return -1;
		snprintf(s->tag[i], sizeof s->tag[i], "%s", json_string_value(v));
	}
	s->ntag = (int)json_array_size(a);
	return 0;
}

static int take_audit(const json_t *j, struct snapshot *s)
{
	const json_t *pages = json_object_get(j, "second_pass_unfinished");

	s->audit = pages ? json_integer_value(pages) : 0;
	return s->audit < 0 || (pages && !json_is_integer(pages)) ? -1 : 0;
}

static int from_json(struct snapshot *s, const json_t *j, const char *path, struct err *e)
{
	const json_t *version = json_object_get(j, "schema");

	if (!json_is_integer(version))
		return err_set(e, E_FORMAT, "'%s' is not a snapshot of hubcensus; choose another folder", path);
	if (json_integer_value(version) != SNAPSHOT_SCHEMA)
		return err_set(e, E_FORMAT,
			       "'%s' has schema %lld, this version reads %d; use the version that began it", path,
			       (long long)json_integer_value(version), SNAPSHOT_SCHEMA);
	if (take_text(j, "id", s->id, sizeof s->id) || strspn(s->id, "0123456789abcdef") != 32 ||
	    take_text(j, "hub", s->hub, sizeof s->hub) || take_text(j, "version", s->version, sizeof s->version) ||
	    take_text(j, "filter_author", s->author, sizeof s->author) || take_time(j, "t0", &s->t0) ||
	    take_time(j, "created", &s->created) || take_kinds(j, s) ||
	    take_set(j, "fields", schema_find, &s->fields) || take_tags(j, s) || take_audit(j, s))
		return err_set(e, E_FORMAT,
			       "'%s' is damaged: a member is missing or not what it should be; put it back from a "
			       "copy, or choose another folder",
			       path);
	return E_OK;
}

/* Of want of memory jansson says nothing. */
static int not_read(const char *path, const json_error_t *why, struct err *e)
{
	if (!why->text[0])
		return err_set(e, E_NOMEM, "no memory to read '%s'", path);
	if (json_error_code(why) == json_error_cannot_open_file)
		return err_sys(e, errno, "cannot read '%s'", path);
	return err_set(e, E_FORMAT, "'%s' is damaged (line %d: %s); put it back from a copy, or choose another folder",
		       path, why->line, why->text);
}

int snapshot_read(struct snapshot *s, const char *dir, int *found, struct err *e)
{
	char path[PATH_CAP];
	json_error_t je;
	struct stat st;
	json_t *j;
	int rc;

	memset(s, 0, sizeof *s);
	*found = 0;
	snprintf(path, sizeof path, "%s/snapshot.json", dir);
	if (stat(path, &st)) {
		if (errno == ENOTDIR)
			return err_set(e, E_USAGE, "'%s' is no folder, and so no census", dir);
		return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot read '%s'", path);
	}
	if (!S_ISREG(st.st_mode) || st.st_size > DOCUMENT_MAX)
		return err_set(e, E_FORMAT, "'%s' is not a snapshot of hubcensus; choose another folder", path);
	j = json_load_file(path, JSON_REJECT_DUPLICATES, &je);
	if (!j)
		return not_read(path, &je, e);
	rc = from_json(s, j, path, e);
	json_decref(j);
	*found = rc == E_OK;
	return rc;
}

static int differs(const char *dir, const char *what, const char *was, const char *is, struct err *e)
{
	return err_set(e, E_USAGE,
		       "'%s' holds a census with %s '%s', not '%s'; give the same options to go on, or another folder",
		       dir, what, was, is);
}

static void set_text(unsigned set, int n, const char *(*name)(int), char *dst, size_t cap)
{
	size_t o = 0;

	dst[0] = '\0';
	for (int i = 0; i < n; i++)
		if (set >> i & 1 && o < cap)
			o += (size_t)snprintf(dst + o, cap - o, "%s%s", o ? "," : "", name(i));
}

static const char *name_of_kind(int k)
{
	return kind_name[k];
}

static const char *name_of_field(int f)
{
	return schema[f].name;
}

static int tags_differ(const struct snapshot *a, const struct snapshot *b)
{
	if (a->ntag != b->ntag)
		return 1;
	for (int i = 0; i < a->ntag; i++)
		if (strcmp(a->tag[i], b->tag[i]))
			return 1;
	return 0;
}

/* The document as it is, to be changed. NULL after an error. */
static json_t *load(const char *dir, struct err *e)
{
	char path[PATH_CAP];
	json_error_t je;
	json_t *j;

	snprintf(path, sizeof path, "%s/snapshot.json", dir);
	j = json_load_file(path, JSON_REJECT_DUPLICATES, &je);
	if (!j)
		not_read(path, &je, e);
	return j;
}

int snapshot_add_users(const struct snapshot *s, const char *dir, struct err *e)
{
	json_t *j = load(dir, e);

	if (!j)
		return e->code;
	/* A run that takes accounts which the folder does not tell of would be another census. */
	if (json_object_set_new(j, "kinds", kinds_json(s)) ||
	    json_object_set_new(j, "user_names", json_boolean(!s->hashed))) {
		json_decref(j);
		j = NULL;
	}
	return save(j, dir, e);
}

int snapshot_note_audit(const char *dir, int64_t pages, struct err *e)
{
	json_t *j = load(dir, e);

	if (!j)
		return e->code;
	if (pages == 0) {
		json_object_del(j, "second_pass_unfinished");
	} else if (json_object_set_new(j, "second_pass_unfinished", json_integer(pages))) {
		json_decref(j);
		j = NULL;
	}
	return save(j, dir, e);
}

int snapshot_check(const struct snapshot *old, const struct snapshot *now, const char *dir, struct err *e)
{
	char a[512], b[512];

	if (strcmp(old->hub, now->hub))
		return differs(dir, "--hub", old->hub, now->hub, e);
	if (old->kinds != now->kinds) {
		set_text(old->kinds, NKINDS, name_of_kind, a, sizeof a);
		set_text(now->kinds, NKINDS, name_of_kind, b, sizeof b);
		return differs(dir, "--kinds", a, b, e);
	}
	if (old->t0 != now->t0)
		return differs(dir, "--until", utc_format(old->t0, a), utc_format(now->t0, b), e);
	if (strcmp(old->author, now->author))
		return differs(dir, "--filter author=", old->author, now->author, e);
	if (tags_differ(old, now))
		return differs(dir, "--filter tag=", old->ntag ? old->tag[0] : "", now->ntag ? now->tag[0] : "", e);
	if (old->fields != now->fields) {
		set_text(old->fields, NFIELDS, name_of_field, a, sizeof a);
		set_text(now->fields, NFIELDS, name_of_field, b, sizeof b);
		return differs(dir, "--fields", a, b, e);
	}
	return E_OK;
}

int snapshot_has_shards(const char *dir, struct err *e)
{
	char path[PATH_CAP];

	snprintf(path, sizeof path, "%s/shards", dir);
	if (!access(path, F_OK))
		return E_OK;
	if (errno != ENOENT)
		return err_sys(e, errno, "cannot look into the folder '%s'", dir);
	snprintf(path, sizeof path, "%s/census.h5", dir);
	if (access(path, F_OK))
		return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot look into the folder '%s'", dir);
	return err_set(e, E_USAGE,
		       "the shards of '%s' were removed: its census.h5 is final; take another census elsewhere", dir);
}
