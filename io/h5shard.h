// SPDX-License-Identifier: Apache-2.0
/* A shard: rows of one kind and the pieces of the axis that they complete, in one file that is either whole or not
 * there.
 *
 * shard_seal() writes NAME.tmp, closes it, syncs it, renames it to shards/<kind>-r<rank>-<seq>.h5 and syncs the folder:
 * the rename commits rows and coverage at once, so there is no journal and nothing to reconcile. A killed crawl leaves
 * at most .tmp files, which the next one removes. The union of the pieces of all shards is what has been crawled.
 *
 * Layout of the file: a stamp with a checksum over the whole (io/stamp.h) in the HDF5 user block, then
 *     /                       attributes: format, version, snapshot, kind, rank, seq, session, sealed_at, hub_total
 *     /rows/<column>          oid: uint8[n][12]; integers: int64[n]; flags: int8[n];
 *     /rows/<column>/...      texts: off uint64[n+1], bytes uint8; categories: code int32[n], label_off, label_bytes;
 * lists: off, code, label_off, label_bytes
 *     /pieces/{lo,hi,flags,pages,rows,observed_first,observed_last,next_off,next_bytes}
 *     /refusals/{field,observed,oid,why_off,why_bytes,raw_off,raw_bytes}
 *     /counters               int64, one per enum counter, since the last shard of that rank
 */
#ifndef IO_H5SHARD_H
#define IO_H5SHARD_H

#include <stdint.h>

#include "io/cover.h"
#include "io/err.h"
#include "io/table.h"

#define SHARD_VERSION 1

/* What a rank did since it sealed last; the sum over all shards is the run's. The names are in counter_name[]. */
enum counter {
	CNT_REQUESTS,       /* requests sent */
	CNT_OK,             /* replies 2xx */
	CNT_REDIRECT,       /* 3xx, never followed */
	CNT_TOO_MANY,       /* 429 */
	CNT_CLIENT_ERROR,   /* other 4xx */
	CNT_SERVER_ERROR,   /* 5xx */
	CNT_NO_REPLY,       /* reset, timeout, cut short */
	CNT_NOT_JSON,       /* 2xx with a body that is not what was asked for */
	CNT_RETRIES,        /* requests that repeated another */
	CNT_PAGES,          /* pages taken */
	CNT_PAGES_BROKEN,   /* pages out of order or outside their window */
	CNT_ROWS,           /* rows taken */
	CNT_ROWS_OUTSIDE,   /* rows of a window's last page that lie beyond the window */
	CNT_DUPLICATES,     /* rows that a page repeated */
	CNT_REFUSED,        /* records in the quarantine */
	CNT_FIELDS_REFUSED, /* members not understood, their records taken */
	CNT_LABELS_CUT,     /* labels longer than the schema's cap */
	CNT_BYTES_WIRE,     /* bytes of bodies as received */
	CNT_BYTES,          /* the same, decompressed */
	CNT_SHARDS,
	CNT_WINDOWS_SPLIT,
	CNT_WAIT_QUOTA_MS, /* time in which nothing was in flight because no token was there */
	NCOUNTERS
};

extern const char *const counter_name[NCOUNTERS];

/* May a shard have counted so much of anything, bytes among it? Sums over a million shards stay below 2^63. */
#define COUNTER_MAX ((int64_t)1 << 43)
static inline int counters_are_credible(const int64_t *counter, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (counter[i] < 0 || counter[i] > COUNTER_MAX)
			return 0;
	return 1;
}

/* Does it count requests, replies and their bytes, which the second pass has, too, and not what the census took? */
static inline int counter_is_of_requests(int c)
{
	return c <= CNT_RETRIES || c == CNT_BYTES_WIRE || c == CNT_BYTES;
}

enum piece_flag {
	PIECE_SUSPECT =
		1, /* a page of it broke order or bounds twice: its rows are taken, its completeness is doubtful */
};

/* A finished stretch of a walk: every row that the Hub listed in the span lies in this shard. */
struct shard_piece {
	struct span span;
	uint32_t flags; /* enum piece_flag */
	int64_t pages, rows;
	int64_t observed_first, observed_last; /* s since 1970 */
	char *next; /* the Hub's own cursor for what follows, NULL if none: needed where the Hub takes no crafted ones.
		       Owned. */
};

/* A record, or one member of it, that was not understood. */
#define REFUSAL_RAW_MAX 4096
/* A shard that holds more is refused: what a crawl seals behind a page cannot have them (crawler/buffer.c). */
#define SHARD_REFUSALS_MAX (1 << 20)
struct shard_refusal {
	int field;        /* enum field, or -1: the whole record is lost */
	int64_t observed; /* s since 1970 */
	struct oid oid;   /* OID_MIN if it could not be read */
	char *why;        /* owned */
	char *raw;        /* the record's JSON, cut at REFUSAL_RAW_MAX bytes. Owned. */
	uint32_t nraw;
};

struct shard {
	char snapshot[33]; /* struct snapshot.id */
	enum kind kind;
	int32_t rank;
	int64_t seq;       /* 0 …, per kind and rank, never reused within a snapshot */
	int64_t session;   /* start of the crawl that wrote it, ms since 1970 */
	int64_t sealed_at; /* ms since 1970; set by shard_seal() */
	int64_t hub_total; /* repositories of the kind that the Hub itself says it has, -1 unknown */
	struct table rows;
	struct shard_piece *piece;
	uint32_t npiece, piece_cap;
	struct shard_refusal *refusal;
	uint32_t nrefusal, refusal_cap;
	uint64_t refusal_nbytes; /* of their texts */
	int64_t counter[NCOUNTERS];
};

void shard_init(struct shard *s, enum kind kind, const char *snapshot, int rank, int64_t session);
void shard_release(struct shard *s);

/* No rows, pieces, refusals, counters; snapshot, kind, rank, session kept, and memory, unless the shard was full. */
void shard_clear(struct shard *s);

/* Append a piece (next is copied, may be NULL), or lengthen the last one where p->span goes on from its end (either
 * end), flags and `next` fitting. Returns 0, or -1 when memory is short. */
int shard_add_piece(struct shard *s, const struct shard_piece *p);

/* Append a refusal; why and raw are copied, raw cut at REFUSAL_RAW_MAX. Returns 0 or -1. */
int shard_add_refusal(struct shard *s, int field, int64_t observed, struct oid oid, const char *why, const char *raw,
		      size_t nraw);

/* Is there anything worth sealing: a row, a piece, a refusal, a counter? */
int shard_is_empty(const struct shard *s);

/* Bytes that its rows, labels and refusals take; memory held may be twice that. No loop over them: once a page. */
uint64_t shard_nbytes(const struct shard *s);

/* Is it to be sealed, however few its rows? A hostile page has 32 MB of labels, or thousands of refusals. */
#define SHARD_REFUSALS_FULL 5000
#define SHARD_NBYTES_FULL   (32u << 20)
int shard_is_full(const struct shard *s);

/* Write the shard under its final name into folder `dir` (".../shards") and increment s->seq. Local. The content stays;
 * call shard_clear() afterwards. On error no file with the final name was made (unless the last call failed,
 * the sync of the folder: then it may be there, and must not be sealed again), none that was there is replaced, and
 * nothing is lost from memory. Errors: E_IO, E_H5, E_NOMEM. */
int shard_seal(struct shard *s, const char *dir, struct err *e);

/* Read a shard. Local. `s` is overwritten and must be released, also on error.
 *   path       of the file
 *   snapshot   id that it must belong to, under the name that it was sealed as; NULL: any, under any name
 *   with_rows  0: everything but the rows (their number is in *nrows)
 * A file that is no shard, belongs to another snapshot or has another's name, holds external storage, links or virtual
 * datasets, or whose sizes and codes do not fit each other, or with more than SHARD_REFUSALS_MAX, is refused with one
 * line (E_FORMAT) before its datasets are read. A file whose stamp does not hold is E_DAMAGED, and not read at all;
 * E_FORMAT where no crawl gives it that name, for then none sets it aside. */
int shard_read(struct shard *s, const char *path, const char *snapshot, int with_rows, uint64_t *nrows, struct err *e);

/* The shards of a snapshot folder, sorted by name. Local. */
struct shard_list {
	char **path; /* n of them; owned */
	size_t n;
};

/* List dir's *.h5 but the shards of accounts (io/h5accounts.h). A missing folder is an empty list. Errors: E_IO,
 * E_NOMEM. */
int shard_list(struct shard_list *l, const char *dir, struct err *e);

/* The same for the *.h5 that are wanted by their name. */
int shard_list_where(struct shard_list *l, const char *dir, int (*is_wanted)(const char *name), struct err *e);
void shard_list_release(struct shard_list *l);

/* Kind, rank and number from a shard's file name; 0 if it is none. */
int shard_name_parse(const char *path, enum kind *kind, int *rank, int64_t *seq);

/* The first number that no shard of a kind has, in the folder or set aside: whatever became of a shard, its name is not
 * given again. Local. Errors: E_IO, E_NOMEM. */
int shard_numbers(const char *dir, int64_t next[NKINDS], struct err *e);

/* Move a shard into the folder "damaged" beside it, under its name, or one with a number where that is taken; nothing
 * is ever removed. `to` gets the new path. Local. Errors: E_IO. */
int shard_set_aside(const char *path, char to[4200], struct err *e);

#endif
