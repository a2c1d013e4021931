// SPDX-License-Identifier: Apache-2.0
#include "io/users_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/snapshot.h"
#include "io/users_end.h"

/* Names of half a million shards: more is not read into memory. */
#define DOCUMENT_MAX (16 << 20)

int users_json_refuse(const char *path, const char *what, struct err *e)
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
	if (*j)
		return E_OK;
	if (!je.text[0]) /* of want of memory jansson says nothing */
		return err_set(e, E_NOMEM, "no memory to read '%s'", path);
	return err_set(e, E_FORMAT, "'%s' line %d cannot be read: %s; remove it, and what is sealed counts", path,
		       je.line, je.text);
}

int users_json_read(json_t **j, char path[USERS_JSON_PATH], const char *folder, struct err *e)
{
	int fd, rc;
	FILE *f;

	*j = NULL;
	if (snprintf(path, USERS_JSON_PATH, "%s/users.json", folder) >= USERS_JSON_PATH)
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

int users_json_write(json_t *j, const char *folder, struct err *e)
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

int64_t users_json_count(const json_t *x)
{
	int64_t n = json_is_integer(x) ? json_integer_value(x) : -1;

	return n <= USERS_END_MAX ? n : -1;
}
