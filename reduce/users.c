// SPDX-License-Identifier: Apache-2.0
#include "reduce/users.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/served.h"
#include "reduce/wire.h"

#define USERS "accounts"
#define BY_TYPE                                                                                                        \
	{ "all", CELL_I64, 0, USERS, "accounts" },                                                                     \
	{                                                                                                              \
		"organisation", CELL_I64, 0, USERS, "organisations"                                                    \
	}
#define BY_TYPE2                                                                                                       \
	{                                                                                                              \
		"unknown", CELL_I64, 0, USERS, "accounts of which it is not known what they are"                       \
	}
#define BY_TYPE3                                                                                                       \
	{                                                                                                              \
		"user", CELL_I64, 0, USERS, "users"                                                                    \
	}

const struct figure_col users_cols[9] = {
	{ "at_least/high", CELL_F64, 0, "users", "upper end of the 95 % interval of the lower bound" },
	{ "at_least/low", CELL_F64, 0, "users", "lower end of it" },
	{ "at_least/point", CELL_F64, 0, "users", "at least so many users there are, by totals.users.at_least" },
	{ "observed/all", CELL_I64, 0, USERS, "distinct names observed" },
	{ "observed/organisation", CELL_I64, 0, USERS, "organisations among them" },
	{ "observed/unknown", CELL_I64, 0, USERS, "accounts of which it is not known what they are" },
	{ "observed/user", CELL_I64, 0, USERS, "users among them" },
	{ "owners", CELL_I64, 0, "namespaces", "distinct namespaces that own a repository" },
	{ "sketch", CELL_F64, 0, USERS, "observed accounts as estimated by the sketch of their names" },
};

const struct figure_col users_type_cols[5] = {
	{ "year", CELL_TEXT, FIGURE_KEY, NULL, "year (UTC) of the account's _id, or unknown: no list told the _id" },
	BY_TYPE,
	BY_TYPE2,
	BY_TYPE3,
};

const struct figure_col users_source_cols[6] = {
	{ "source", CELL_TEXT, FIGURE_KEY, NULL, "where accounts were seen" },
	BY_TYPE,
	{ "only", CELL_I64, 0, USERS, "accounts that no other source showed" },
	BY_TYPE2,
	BY_TYPE3,
};

const struct figure_col users_capture_cols[4] = {
	{ "sources", CELL_TEXT, FIGURE_KEY, NULL, "the sources that showed the account" },
	{ "organisation", CELL_I64, 0, USERS, "organisations" },
	BY_TYPE2,
	BY_TYPE3,
};

const struct figure_col users_bound_cols[13] = {
	{ "chao", CELL_F64, 0, "users",
	  "Chao's bound as if the lists were independent, which is the point where they are" },
	{ "dependent", CELL_BOOL, 0, "1", "1 if the lists cannot be independent, alike for all users: p < 0.01" },
	{ "df", CELL_I64, 0, "1", "degrees of freedom of x2" },
	{ "f1", CELL_I64, 0, "users", "users that exactly one of the lists showed" },
	{ "f2", CELL_I64, 0, "users", "users that exactly two of them showed" },
	{ "high", CELL_F64, 0, "users", "upper end of the 95 % interval" },
	{ "if_independent", CELL_F64, 0, "users",
	  "users, were the lists independent and all users alike (Darroch 1958)" },
	{ "low", CELL_F64, 0, "users", "lower end of the 95 % interval; not below the users observed" },
	{ "p", CELL_F64, 0, "1", "chance of so large an x2, were the lists independent" },
	{ "point", CELL_F64, 0, "users",
	  "the lower bound, where lists depend on each other low; not below the users observed" },
	{ "seen", CELL_I64, 0, "users", "users that any of the lists showed" },
	{ "sources", CELL_TEXT, 0, NULL, "the lists that count as occasions, each as one" },
	{ "x2", CELL_F64, 0, "1", "Pearson's X^2 of the patterns against independent lists" },
};

const struct figure_col users_occasion_cols[5] = {
	{ "source", CELL_TEXT, FIGURE_KEY, NULL, "list that may count as an occasion" },
	{ "counts", CELL_BOOL, 0, "1", "1 if it is an occasion: at least 30 of its lists were asked, or all" },
	{ "lists", CELL_I64, 0, "lists", "lists that were asked" },
	{ "only", CELL_I64, 0, "users", "users that no other occasion showed; missing where it is none" },
	{ "users", CELL_I64, 0, "users", "users that it showed; likewise" },
};

const struct figure_col users_list_cols[6] = {
	{ "list", CELL_TEXT, FIGURE_KEY, NULL, "what is asked of an account or a repository" },
	{ "done", CELL_I64, 0, "lists", "asked to their end" },
	{ "known", CELL_I64, 0, "lists", "of accounts and repositories that are known" },
	{ "not_asked", CELL_I64, 0, "lists", "not asked at all" },
	{ "refused", CELL_I64, 0, "lists", "private, or their account or repository is gone" },
	{ "unfinished", CELL_I64, 0, "lists", "asked in part" },
};

/* Who follows an organisation may do so in the place of following somebody, and the other way round: lists that could
 * avoid each other would push the bound above the truth, so both are one occasion. */
static const struct {
	const char *name;
	unsigned sources, lists;
} occasion[USERS_OCCASIONS] = {
	{ "member", 1u << SOURCE_MEMBER, 1u << LIST_MEMBERS },
	{ "organisation_follower or follower", 1u << SOURCE_ORG_FOLLOWER | 1u << SOURCE_FOLLOWER,
	  1u << LIST_ORG_FOLLOWERS | 1u << LIST_FOLLOWERS },
	{ "following", 1u << SOURCE_FOLLOWING, 1u << LIST_FOLLOWING },
	{ "liker", 1u << SOURCE_LIKER, 1u << LIST_LIKERS_MODEL | 1u << LIST_LIKERS_DATASET | 1u << LIST_LIKERS_SPACE },
};

char *users_pattern(unsigned sources, char dst[USERS_PATTERN])
{
	size_t n = 0;

	dst[0] = '\0';
	for (int s = 0; s < NACCOUNT_SOURCES; s++)
		if (sources >> s & 1)
			n += (size_t)snprintf(dst + n, USERS_PATTERN - n, "%s%s", n ? "+" : "", account_source_name[s]);
	return dst;
}

/* Lists of likers are known from the repositories' likes, those that were asked in any case. */
static struct list_count list_of(const struct census *c, const struct users *u, int list)
{
	struct list_count n = c->accounts.list[list];
	int64_t liked = list >= LIST_LIKERS_MODEL ? u->liked[list - LIST_LIKERS_MODEL] : 0;

	n.known = n.known > liked ? n.known : liked;
	return n;
}

/* Which occasions count. */
static void choose(struct users *u, const struct census *c)
{
	for (int j = 0; j < USERS_OCCASIONS; j++) {
		int64_t left = 0;

		for (int l = 0; l < NACCOUNT_LISTS; l++) {
			struct list_count n = list_of(c, u, l);

			if (!(occasion[j].lists >> l & 1))
				continue;
			u->lists[j] += n.done + n.unfinished;
			left += n.known - n.done - n.refused;
		}
		u->counts[j] = u->lists[j] >= USERS_LISTS_MIN || (u->lists[j] > 0 && left == 0);
		u->noccasion += u->counts[j];
	}
}

/* The occasions among the sources, as bits in their order. */
static unsigned occasions_of(const struct users *u, unsigned sources)
{
	unsigned set = 0;

	for (int j = 0; j < USERS_OCCASIONS; j++)
		set |= (unsigned)(u->counts[j] && (sources & occasion[j].sources) != 0) << j;
	return set;
}

/* Each list is a crowd: that they overlap by more, or by less, than chance would have it, is so likely to be an
 * accident of which lists were asked that the bound of such ones is the lower end of an interval that allows for it.
 * (Measured on the stand-in's dependent population of 4,000: Chao's point is above the truth in one run of 25 with a
 * tenth of the requests.) */
static int is_dependent(const struct users *u)
{
	return u->fit.df > 0 && u->fit.p < 0.01;
}

/* Rank 0. */
static void estimate(struct users *u, const struct headcount *a)
{
	int64_t pattern[1 << USERS_OCCASIONS] = { 0 };
	struct estimate_total *x = &u->at_least;

	for (unsigned p = 0; p < HEADCOUNT_PATTERNS; p++)
		pattern[occasions_of(u, p)] += a->pattern[p][ACCOUNT_USER];
	for (unsigned w = 1; w < 1u << USERS_OCCASIONS; w++) {
		int n = __builtin_popcount(w);

		u->seen += pattern[w];
		u->f1 += n == 1 ? pattern[w] : 0;
		u->f2 += n == 2 ? pattern[w] : 0;
		for (int j = 0; j < USERS_OCCASIONS; j++) {
			u->of[j] += w >> j & 1 ? pattern[w] : 0;
			u->only[j] += w == 1u << j ? pattern[w] : 0;
		}
	}
	u->known = headcount_count(a, ACCOUNT_USER);
	estimate_unequal(u->seen, u->only, USERS_OCCASIONS, u->f2, x);
	estimate_fit(pattern, USERS_OCCASIONS, &u->fit);
	u->chao = fmax(x->point, (double)u->known);
	u->is_thin = u->noccasion < USERS_OCCASIONS_MIN || u->seen < u->known - u->seen || x->high < (double)u->known;
	u->is_untold = !u->is_thin && x->flags & ESTIMATE_INTERVAL && u->fit.df == 0;
	if (u->is_thin) /* what is known, without an interval */
		*x = (struct estimate_total){ 0, 0, INFINITY, ESTIMATE_POINT };
	else if (is_dependent(u)) {
		estimate_widen(u->seen, u->fit.x2 / u->fit.df, x);
		x->point = x->low;
	}
	x->point = fmax(x->point, (double)u->known);
	x->low = fmax(x->low, (double)u->known);
	x->high = fmax(x->high, (double)u->known);
}

/* Repositories whose likers can be asked for, and those whose likes are told. */
static void count_liked(const struct table *t, int64_t *liked, int64_t *told)
{
	const int64_t *likes = t->col[F_LIKES].i64;

	for (uint64_t i = 0; i < t->n && likes; i++) {
		size_t len;
		const char *id = texts_get(&t->col[F_ID].str, i, &len);

		*liked += likes[i] > 0 && account_repo_is_askable(id, len);
		*told += likes[i] >= 0;
	}
}

int users_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;
	struct users *u = f->users = calloc(1, sizeof *u);

	if (!rc && !u)
		rc = err_set(e, E_NOMEM, "out of memory for the count of users");
	if ((rc = err_agree(c->comm, rc, e)))
		return rc;
	for (int k = 0; k < NKINDS; k++)
		count_liked(&c->kind[k].t, &u->liked[k], &u->told[k]);
	wire_sum(c->comm, u->liked, NKINDS);
	wire_sum(c->comm, u->told, NKINDS);
	choose(u, c);
	if (c->rank == 0)
		estimate(u, &c->accounts);
	return E_OK;
}

/* Which repositories of a kind have likers: not known where no likes are. */
static int likes_are_told(const struct facts *f, int kind)
{
	return f->users->told[kind] > 0 || f->c->kind[kind].total == 0;
}

void users_tell_likes(const struct facts *f, struct figure_table *t)
{
	for (int k = 0; k < NKINDS; k++) {
		if (likes_are_told(f, k))
			continue;
		if (served_part(f->c, F_LIKES, ": which repositories have lists of likers is not known", t))
			figure_status(t, FIGURE_PARTIAL,
				      "the Hub served no likes for %s: which of them have lists of likers is not known",
				      kind_name[k]);
	}
}

/* What was left, and whether the Hub would not give it. */
static void tell_left(const struct users_end *end, long long left, long long known, struct figure_table *t)
{
	char refused[80] = "";

	if (end->given_up > 0)
		snprintf(refused, sizeof refused, ", %lld of them for the Hub did not give them",
			 (long long)end->given_up);
	figure_status(t, FIGURE_PARTIAL,
		      "%lld of %lld known lists of accounts were not asked to their end%s: hubcrawl %s", left, known,
		      refused,
		      end->ending == END_NONE   ? "goes on, the discovery is not over"
		      : end->ending == END_GAPS ? "asks for them again"
						: "goes on with a larger --user-requests");
}

/* 0, and t says why, where there are no accounts; t says how much was left. */
static int begin(const struct facts *f, struct figure_table *t)
{
	int64_t known = 0, left = 0;

	if (!f->c->snap.users) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take users");
		return 0;
	}
	users_tell_likes(f, t);
	for (int l = 0; l < NACCOUNT_LISTS; l++) {
		struct list_count c = list_of(f->c, f->users, l);

		known += c.known;
		left += c.known - c.done - c.refused;
	}
	/* Of a discovery that is not over it is not known how many lists there are. */
	if (left > 0 || f->c->discovery.given_up > 0 || f->c->discovery.ending == END_NONE)
		tell_left(&f->c->discovery, left, known, t);
	return 1;
}

/* A count of each type, in the columns of BY_TYPE and its like; -1: there is no such column. */
static void put_types(struct figure_table *t, const int64_t n[NACCOUNT_TYPES], int all, int organisation, int unknown,
		      int user)
{
	if (all >= 0)
		figure_i64(t, all, n[ACCOUNT_UNKNOWN] + n[ACCOUNT_USER] + n[ACCOUNT_ORG]);
	figure_i64(t, organisation, n[ACCOUNT_ORG]);
	figure_i64(t, unknown, n[ACCOUNT_UNKNOWN]);
	figure_i64(t, user, n[ACCOUNT_USER]);
}

/* Whole accounts: half a user says more than is known. */
static void put_bound(struct figure_table *t, const struct estimate_total *x, int high, int low, int point)
{
	if (x->flags & ESTIMATE_POINT)
		figure_f64(t, point, rint(x->point));
	if (!(x->flags & ESTIMATE_INTERVAL))
		return;
	figure_f64(t, low, rint(x->low));
	figure_f64(t, high, rint(x->high));
}

void users_totals(const struct facts *f, struct figure_table *t)
{
	const struct headcount *a = &f->c->accounts;
	int64_t n[NACCOUNT_TYPES];

	if (!begin(f, t))
		return;
	for (int i = 0; i < NACCOUNT_TYPES; i++)
		n[i] = headcount_count(a, i);
	figure_row(t);
	put_bound(t, &f->users->at_least, 0, 1, 2);
	put_types(t, n, 3, 4, 5, 6);
	figure_i64(t, 7, (int64_t)f->c->owners.all.total);
	figure_f64(t, 8, rint(sketch_estimate(&a->sketch)));
}

void users_by_year(const struct facts *f, struct figure_table *t)
{
	const struct headcount *a = &f->c->accounts;

	for (int y = 0; begin(f, t) && y <= HEADCOUNT_YEARS; y++) {
		const int64_t *n = a->year[y];
		char name[16];

		if (n[0] + n[1] + n[2] == 0)
			continue;
		snprintf(name, sizeof name, "%d", HEADCOUNT_YEAR + y);
		figure_row(t);
		figure_name(t, 0, y < HEADCOUNT_YEARS ? name : "unknown");
		put_types(t, n, 1, 2, 3, 4);
	}
}

void users_by_source(const struct facts *f, struct figure_table *t)
{
	const struct headcount *a = &f->c->accounts;

	for (int s = 0; begin(f, t) && s < NACCOUNT_SOURCES; s++) {
		int64_t n[NACCOUNT_TYPES] = { 0 }, only = 0;

		for (unsigned p = 0; p < HEADCOUNT_PATTERNS; p++)
			for (int i = 0; i < NACCOUNT_TYPES && p >> s & 1; i++) {
				n[i] += a->pattern[p][i];
				only += p == 1u << s ? a->pattern[p][i] : 0;
			}
		figure_row(t);
		figure_name(t, 0, account_source_name[s]);
		put_types(t, n, 1, 2, 4, 5);
		figure_i64(t, 3, only);
	}
}

void users_captures(const struct facts *f, struct figure_table *t)
{
	const struct headcount *a = &f->c->accounts;

	for (unsigned p = 1; begin(f, t) && p < HEADCOUNT_PATTERNS; p++) {
		const int64_t *n = a->pattern[p];
		char name[USERS_PATTERN];

		if (n[0] + n[1] + n[2] == 0)
			continue;
		figure_row(t);
		figure_name(t, 0, users_pattern(p, name));
		put_types(t, n, -1, 1, 2, 3);
	}
}

static void put_fit(struct figure_table *t, const struct users *u)
{
	if (!u->fit.df)
		return;
	figure_bool(t, 1, is_dependent(u));
	figure_i64(t, 2, u->fit.df);
	figure_f64(t, 6, rint(u->fit.total));
	figure_f64(t, 8, u->fit.p);
	figure_f64(t, 12, u->fit.x2);
	if (is_dependent(u))
		figure_status(
			t, FIGURE_PARTIAL,
			"the lists are not independent: the interval is widened by how far they are from it, and the "
			"bound is its lower end, most likely too low");
}

void users_bound(const struct facts *f, struct figure_table *t)
{
	const struct users *u = f->users;
	char name[USERS_PATTERN] = "";
	size_t n = 0;

	if (!f->c->snap.users) {
		begin(f, t);
		return;
	}
	users_tell_likes(f, t);
	for (int j = 0; j < USERS_OCCASIONS; j++)
		if (u->counts[j])
			n += (size_t)snprintf(name + n, sizeof name - n, "%s%s", n ? ", " : "", occasion[j].name);
	figure_row(t);
	put_fit(t, u);
	figure_f64(t, 0, rint(u->chao));
	figure_i64(t, 3, u->f1);
	figure_i64(t, 4, u->f2);
	put_bound(t, &u->at_least, 5, 7, 9);
	figure_i64(t, 10, u->seen);
	figure_name(t, 11, name);
	if (u->is_thin)
		figure_status(t, FIGURE_PARTIAL,
			      "too few lists were asked to say more than what was seen: at least %d each of %d sorts",
			      USERS_LISTS_MIN, USERS_OCCASIONS_MIN);
	else if (u->is_untold)
		figure_status(t, FIGURE_PARTIAL,
			      "too few users were seen by several of the lists to tell whether these are independent");
	else if (u->f2 > 0 && !(u->at_least.flags & ESTIMATE_INTERVAL))
		figure_status(t, FIGURE_PARTIAL,
			      "one list shows all users whom the others show: they depend on it, or it is complete; "
			      "the bound "
			      "is what was seen");
	else if (!(u->at_least.flags & ESTIMATE_INTERVAL))
		figure_status(t, FIGURE_PARTIAL,
			      "too few users were seen, or by too few of the lists, for an interval");
	else if (u->at_least.flags & ESTIMATE_NO_F2)
		figure_status(t, FIGURE_PARTIAL, "no two lists showed the same user: the interval means little");
}

void users_occasions(const struct facts *f, struct figure_table *t)
{
	for (int j = 0; begin(f, t) && j < USERS_OCCASIONS; j++) {
		figure_row(t);
		figure_name(t, 0, occasion[j].name);
		figure_bool(t, 1, f->users->counts[j]);
		figure_i64(t, 2, f->users->lists[j]);
		/* Who was seen by a sort that does not count is not told apart. */
		if (f->users->counts[j]) {
			figure_i64(t, 3, f->users->only[j]);
			figure_i64(t, 4, f->users->of[j]);
		}
	}
}

void users_lists(const struct facts *f, struct figure_table *t)
{
	for (int l = 0; begin(f, t) && l < NACCOUNT_LISTS; l++) {
		struct list_count c = list_of(f->c, f->users, l);

		figure_row(t);
		figure_name(t, 0, account_list_name[l]);
		figure_i64(t, 1, c.done);
		if (l < LIST_LIKERS_MODEL || likes_are_told(f, l - LIST_LIKERS_MODEL)) {
			figure_i64(t, 2, c.known);
			figure_i64(t, 3, c.known - c.done - c.refused - c.unfinished);
		}
		figure_i64(t, 4, c.refused);
		figure_i64(t, 5, c.unfinished);
	}
}
