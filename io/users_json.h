// SPDX-License-Identifier: Apache-2.0
/* A file users.json, of a census or of its archive, as a JSON document: read without trust, written whole. Local. */
#ifndef IO_USERS_JSON_H
#define IO_USERS_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "io/err.h"

#define USERS_JSON_PATH 4200

/* FOLDER/users.json, to be released, and its path; *j is NULL, and no error, where there is none. Whoever put a pipe or
 * a folder there, or 16 MB, is refused. Errors: E_USAGE (a name that is too long), E_FORMAT, E_IO, E_NOMEM. */
int users_json_read(json_t **j, char path[USERS_JSON_PATH], const char *folder, struct err *e);

/* FOLDER/users.json; takes j, of which NULL is want of memory. Errors: E_IO, E_NOMEM. */
int users_json_write(json_t *j, const char *folder, struct err *e);

/* A count up to USERS_END_MAX, else -1. */
int64_t users_json_count(const json_t *x);

/* E_FORMAT: the file is a document, but does not tell `what` it should. */
int users_json_refuse(const char *path, const char *what, struct err *e);

#endif
