/* SPDX-License-Identifier: Apache-2.0 */
/* The synthetic Hub: every row is computed from its index, nothing is kept but a few tables of some kB.
 *
 * Rows are indexed in _id order. Each sort key but createdAt has a bijection index <-> rank, and the key's value is a
 * function of the rank that never increases: so any order can be served from any place. */
#ifndef HUB_SYNTH_H
#define HUB_SYNTH_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "curve.h"
#include "ladder.h"
#include "mix.h"
#include "row.h"

enum { SYNTH_HEAD = 4096, SYNTH_FLAGSHIPS = 64, SYNTH_SLOTS = 5 };

/* Who follows, likes and belongs to what; see graph.h. */
struct graph_opts {
	bool independent; /* each source draws its accounts by itself */
	double capture;   /* then: the share of the users that a source shows, 0 … 1 */
	double deep;      /* else: the share of the users that only followers of users lead to, 0 … 1 */
	uint64_t quiet;   /* organisations that own nothing: only overviews of users name them */
};

struct synth_opts {
	uint64_t n[NKIND];
	uint64_t users;
	uint64_t seed;
	int64_t until;      /* s: createdAt of the newest row of each kind */
	bool all_time;      /* serve downloadsAllTime */
	uint64_t more_tags; /* of each model, beside those it has */
	struct graph_opts graph;
};

/* Numbers of which few are marked: "no" is certain, "yes" has to be looked up. */
enum { SIEVE_BITS = 14 };
struct sieve {
	uint64_t word[1 << (SIEVE_BITS - 6)];
};
void sieve_mark(struct sieve *v, uint64_t x);
static inline bool sieve_may(const struct sieve *v, uint64_t x)
{
	x = x * 0x9e3779b97f4a7c15u >> (64 - SIEVE_BITS);
	return v->word[x >> 6] >> (x & 63) & 1;
}

/* A sparse correction of a bijection: from[k] -> to[k], both ascending in `from`. */
struct moves {
	int n;
	uint64_t from[2 * SYNTH_FLAGSHIPS], to[2 * SYNTH_FLAGSHIPS];
	struct sieve some; /* of from */
};

struct synth_kind {
	struct curve curve;
	uint64_t seed;
	uint64_t n;
	uint64_t year[ACCOUNT_YEARS + 1]; /* index of the first row of 2022 + y */
	uint64_t step;                    /* between two rows in the part of an _id behind its time */
	struct perm perm[NSORT];
	struct ladder recent, all_time; /* downloads */
	uint64_t block;                 /* rows whose lastModified are permuted together */
	int16_t head[SYNTH_HEAD];       /* owner by rank: index in orgs[], -1 = a user */
	uint64_t nhead;
	double lean[NREGION]; /* how the tail's regions are weighted */
};

/* New models of a special parent in a year: evenly spread over the year's rows. */
struct slot_row {
	enum special publisher;
	int year; /* index */
	uint64_t count;
	double phase;
};

/* Organisations of a region by their weights in a year: each as often as it weighs. */
enum { ORG_DRAWS = 512 };
struct org_draws {
	unsigned n;
	uint8_t org[ORG_DRAWS];
};

struct synth {
	struct synth_opts opts;
	struct synth_kind kind[NKIND];
	struct org_draws draws[2][ACCOUNT_YEARS][NREGION]; /* of models, of anything else */
	int nflag;
	uint64_t flag_index[SYNTH_FLAGSHIPS]; /* ascending */
	int flag_of[SYNTH_FLAGSHIPS];         /* flagships[] of that row */
	int flag_weight[SYNTH_FLAGSHIPS + 1]; /* of all before */
	struct sieve special;                 /* models that are flagships or stand in a slot */
	struct moves up, down;                /* downloads rank of models: corrections so that flagships lead */
	struct slot_row slot[SYNTH_SLOTS];
};

void synth_init(struct synth *s, const struct synth_opts *o);

/* Positions of a row in the orders that its counters follow from. */
struct ranks {
	uint64_t downloads, likes, trending, modified;
};

/* Those of rows i[0 … n-1], n <= SYNTH_RUN: cheaper together.
 *   trending  false: nobody asks for that one, which will be the last */
enum { SYNTH_RUN = PERM_MANY };
void synth_ranks(const struct synth *s, enum kind kind, const uint64_t *i, size_t n, bool trending,
		 struct ranks *ranks);

/* ranks: of row i. */
void synth_row(const struct synth *s, enum kind kind, uint64_t i, const struct ranks *ranks, struct row *row,
	       struct row_space *space);
void synth_oid(const struct synth *s, enum kind kind, uint64_t i, char oid[OID_TEXT]);

/* Who owns row i: an organisation of orgs[], one of packers[], or an invented user; -1: not that. */
struct owner {
	int org, packer;
	uint64_t user;
};
struct owner synth_owner_of(const struct synth *s, enum kind kind, uint64_t i);

/* The same by name; much cheaper than the row. */
void synth_owner(const struct synth *s, enum kind kind, uint64_t i, char name[ACCOUNT_TEXT]);

/* Position in the order of a sort key other than createdAt, back, and the key's value there
 * (lastModified: ms since 1970), which never increases with the position. */
uint64_t synth_pos(const struct synth *s, enum kind kind, enum sort sort, uint64_t i);
uint64_t synth_at(const struct synth *s, enum kind kind, enum sort sort, uint64_t pos);
double synth_key(const struct synth *s, enum kind kind, enum sort sort, uint64_t pos);

/* The row of an id, in any letter case. Returns 0 not found, 1 found, 2 found under the name it had before it was
 * renamed. */
int synth_find(const struct synth *s, enum kind kind, const char *id, uint64_t *i);

/* ---- for synth_*.c only ---- */

enum role { ROLE_PLAIN, ROLE_FLAGSHIP, ROLE_CHILD, ROLE_GRANDCHILD, ROLE_GREAT, ROLE_ORPHAN };
enum relation { REL_NONE, REL_QUANTIZED, REL_FINETUNE, REL_ADAPTER, REL_MERGE };

/* A row, and what several of its members follow from, each found once. */
struct kin {
	const struct synth *s;
	enum kind kind;
	uint64_t i, h; /* synth_hash() */
	int year;
	uint64_t rank; /* of downloads, of which the owner is drawn; 0 where nobody asks for that */
	/* Of models; others are plain. */
	int flag; /* position in flag_index, or -1 */
	bool slotted;
	enum special publisher; /* of a slotted one */
	enum role role;
	enum relation relation;
	/* What it is made from, by synth_line(). */
	bool has_parent; /* a row that is no flagship */
	uint64_t parent;
	int pick;      /* else the flagship, a position in flag_index, or -1: none is older */
	int root_flag; /* the flagship that its line begins with, or -1: then with the row `root` */
	uint64_t root;
};

void synth_kin(const struct synth *s, enum kind kind, uint64_t i, uint64_t rank, struct kin *k);
void synth_line(struct kin *k);

static inline uint64_t synth_hash(const struct synth *s, enum kind kind, uint64_t i)
{
	return mix64(s->kind[kind].seed + i * 0x9e3779b97f4a7c15u);
}

static inline int synth_year(const struct synth_kind *k, uint64_t i)
{
	int y = 0;
	for (int later = 1; later < ACCOUNT_YEARS; later++)
		y += i >= k->year[later];
	return y;
}

int synth_flag(const struct synth *s, uint64_t i); /* position in flag_index, or -1 */
bool synth_slotted(const struct synth *s, uint64_t i, enum special *publisher);
int synth_pick_flag(const struct kin *k, unsigned salt);                            /* position in flag_index, or -1 */
const struct pack *synth_pack(const struct kin *k);                                 /* that a quantized row has */
double synth_billions(const struct kin *k);                                         /* after synth_line() */
const char *synth_arch(const struct kin *k);                                        /* after synth_line() */
void synth_counts(const struct kin *k, const struct ranks *ranks, struct row *row); /* _id, times and counters */
bool synth_renamed(const struct synth *s, enum kind kind, uint64_t i);
void synth_owners_init(struct synth *s);
void synth_head_init(struct synth *s, enum kind kind);
struct owner synth_owner_kin(const struct kin *k);
void synth_owner_name(const struct owner *w, char name[ACCOUNT_TEXT]);

/* owner/name; at most ROW_ID bytes with the NUL. */
enum { ROW_ID = 192 };
void synth_id(const struct synth *s, enum kind kind, uint64_t i, char id[ROW_ID]);
size_t synth_id_kin(const struct kin *k, char id[ROW_ID]); /* after synth_line(); returns the length */

struct pack {
	const char *suffix;
	const char *tag[4];
};
#endif
