// SPDX-License-Identifier: Apache-2.0
/* The folder of a census as a job finds it: whose it is, what of it is crawled, what is damaged. Rank 0, no MPI. */
#ifndef CRAWLER_FOLDER_H
#define CRAWLER_FOLDER_H

#include "crawler/options.h"
#include "crawler/resume.h"

struct folder {
	const char *dir;
	char shards[4096];
	int lock;   /* -1: not held */
	int is_new; /* this job began it */
	struct snapshot snapshot;
	struct resume resume;
	int64_t session; /* of this job: its beginning, ms since 1970; later than that of all before it, whatever the
			    clock says */
	int complete;    /* nothing is missing */
};

/* Lock the folder, read or write snapshot.json, read the shards and set aside those that are damaged, and remove what a
 * killed job has left half written. `f` is overwritten, and must be closed, also after an error.
 *   from  the snapshot that a new folder is to be of (the archive's), or NULL: what the options say
 * Errors: E_STOPPED, E_USAGE (another job, another census), E_FORMAT, E_IO, E_NOMEM. */
int folder_open(struct folder *f, const struct options *o, const struct plan *p, const struct snapshot *from,
		int (*is_stopped)(void), struct err *e);

/* Read the shards again: what counts at the end is what is on disk, also of a crawl that was stopped. Errors: as
 * resume_read(), E_DAMAGED. */
int folder_reread(struct folder *f, struct err *e);

/* Rows of repositories that are sealed. */
int64_t folder_rows(const struct folder *f);

/* A folder that is new is not to be bound to a Hub that was none: snapshot.json is removed. */
void folder_forget(const struct folder *f);

void folder_close(struct folder *f);

#endif
