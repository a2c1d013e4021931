// SPDX-License-Identifier: Apache-2.0
/* The folder of one census, and snapshot.json in it, which says what is being taken: written first, checked at a
 * restart.
 *
 *     DIR/snapshot.json                 hub, kinds, t0, filters, fields, versions; never a token
 *     DIR/shards/                       what has been crawled (io/h5shard.h); a series removes those of old snapshots
 *     DIR/census.h5  census.json  run.json      what hubreduce makes of it
 *     DIR/.lock                         held by the job that works on the folder
 */
#ifndef IO_SNAPSHOT_H
#define IO_SNAPSHOT_H

#include <stdint.h>

#include "io/err.h"
#include "io/schema.h"

#define SNAPSHOT_SCHEMA   1
#define SNAPSHOT_TAGS_MAX 32

struct snapshot {
	char id[33];     /* 32 hexadecimal digits, random: shards carry it */
	char hub[512];   /* scheme://host[:port][/path], no trailing slash */
	unsigned kinds;  /* bit per kind */
	int users;       /* accounts, too ("users" among the kinds) */
	int hashed;      /* of them keyed hashes are kept instead of names */
	unsigned fields; /* bit per field asked for */
	int64_t t0;      /* end of the axis, s since 1970: repositories created at or before it */
	int64_t created; /* s since 1970 */
	char author[97]; /* --filter author=, or "" */
	int ntag;        /* --filter tag= */
	char tag[SNAPSHOT_TAGS_MAX][257];
	char version[32];
	int64_t audit; /* pages per kind of a second pass that has begun and not ended; 0: none */
};

/* Is it the census of a part of the Hub only? */
int snapshot_is_partial(const struct snapshot *s);

/* Read DIR/snapshot.json. Local. *found = 0 and success if there is none.
 * Errors: E_USAGE (DIR is no folder), E_IO, E_FORMAT (not ours, of a later schema, broken), E_NOMEM. */
int snapshot_read(struct snapshot *s, const char *dir, int *found, struct err *e);

/* Give s an id and a creation time, make DIR and DIR/shards where missing, and write snapshot.json (tmp, sync, rename).
 * `options` is a JSON object to echo, or NULL. Local. Errors: E_IO, E_NOMEM. */
int snapshot_create(struct snapshot *s, const char *dir, const char *options, struct err *e);

/* Does a restart with `now` fit the folder's `old`? E_USAGE and one line that names the first difference if not. Fields
 * of `now` that were left to default must have been taken from `old` before. */
int snapshot_check(const struct snapshot *old, const struct snapshot *now, const char *dir, struct err *e);

/* The census takes accounts, too, from now on: note it in DIR/snapshot.json. Local. Errors: E_IO, E_FORMAT, E_NOMEM. */
int snapshot_add_users(const struct snapshot *s, const char *dir, struct err *e);

/* A second pass of so many pages per kind has begun, or (0) there is none that has not ended: note it in
 * DIR/snapshot.json. Local. Errors: E_IO, E_FORMAT, E_NOMEM. */
int snapshot_note_audit(const char *dir, int64_t pages, struct err *e);

/* Are there the shards from which its census.h5 was made? E_USAGE if they were removed to save space: crawled or
 * reduced again, the folder would lose the only thing that is left. Local. */
int snapshot_has_shards(const char *dir, struct err *e);

/* ---- The lock of a folder: record locks (fcntl(2)) on DIR/.lock, released by closing *fd or by the end of the
 * process, however it ends. Rank 0 of the job that works on the folder holds the first byte alone, all its ranks hold
 * the second together: so a second job is refused, and so it is while ranks of a job still write whose rank 0 is gone.
 *
 * They hold between the hosts of a file system that has such locks: NFS, GPFS, Lustre mounted with -o flock, BeeGFS
 * with tuneUseGlobalFileLocks. One that has none is warned of, and the work goes on. A lost host's lock is given up by
 * the server after its lease (NFS 4: 90 s as a rule).
 */

/* For rank 0, before anything is read. What is left of a job that died is waited for: its ranks for 30 s, its rank 0,
 * which may as well work on, for 3. Says who holds it. Local. Errors: E_USAGE (another job), E_IO. */
int snapshot_lock(const char *dir, int *fd, struct err *e);

/* For the other ranks, before they write. Local. Errors: E_IO. */
int snapshot_join(const char *dir, int *fd, struct err *e);

/* For those that only read, also where they cannot write: no job may begin as long. No .lock is no error, *fd is then
 * -1. Local. Errors: E_USAGE (another job), E_IO. */
int snapshot_look(const char *dir, int *fd, struct err *e);

/* Write n bytes to DIR/name as name.tmp, sync, rename, sync the folder. Local. Errors: E_IO. */
int snapshot_write_file(const char *dir, const char *name, const char *text, size_t n, struct err *e);

/* Copy snapshot.json from folder to folder, as it is. Local. Errors: E_IO, E_NOMEM. */
int snapshot_copy(const char *from, const char *to, struct err *e);

/* Make a folder, unless there is one, whose parent is there; a new one is on disk. Local. Errors: E_IO. */
int snapshot_make_dir(const char *path, unsigned mode, struct err *e);

/* fsync of a folder, so that a rename in it is on disk. */
int snapshot_sync_dir(const char *dir, struct err *e);

#endif
