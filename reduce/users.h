// SPDX-License-Identifier: Apache-2.0
/* How many accounts there are: totals.users and what it rests on.
 *
 * Four numbers, of which none is another: namespaces that own a repository; accounts observed; those of each type; and
 * at least how many users there are, by lists that meet each other. The Hub publishes none of them.
 *
 * The occasions of the estimate are the lists that show users, and say of each that it is one: members of
 * organisations; followers, be it of organisations or of users; those whom users follow; likers. The two sorts of
 * followers are one occasion, for the one can take the place of the other, and lists that avoid each other push the
 * bound above the truth. Owners are no occasion: that an owner is a user and no organisation is known only where it was
 * asked, and it is not asked where another list shows it; and lists are asked because of owners, so the two are not
 * independent. The organisations that overviews name, and accounts of earlier censuses, are no users that a list showed
 * now.
 *
 * An occasion counts if at least USERS_LISTS_MIN of its lists were asked, or all that are known: a few lists are not a
 * sample of users but a few crowds, which do not meet the crowds of other lists by chance. (Measured on the stand-in's
 * dependent population of 20,000: bounds up to 20 times the truth with 8 lists, none above it with 30.) With less than
 * USERS_OCCASIONS_MIN occasions nothing shows whether they depend on each other; and where they show less than half of
 * the users that are known they are no sample of them. Then the bound is what was seen. Where the occasions are not
 * independent of each other the interval is widened and its lower end is the bound (estimate_widen()). */
#ifndef REDUCE_USERS_H
#define REDUCE_USERS_H

#include "reduce/estimate.h"
#include "reduce/figures.h"

enum { USERS_OCCASIONS = 4, USERS_OCCASIONS_MIN = 3, USERS_LISTS_MIN = 30 };

struct users {
	int64_t liked[NKINDS]; /* repositories with likes, of all ranks */
	int64_t told[NKINDS];  /* repositories of which the Hub has told the likes, also none */

	int64_t lists[USERS_OCCASIONS]; /* that were asked */
	int counts[USERS_OCCASIONS], noccasion, is_thin, is_untold;

	/* Of users, on rank 0, by the occasions that count. */
	int64_t seen;  /* by any of the lists */
	int64_t known; /* by anything */
	int64_t of[USERS_OCCASIONS], only[USERS_OCCASIONS], f1, f2;
	struct estimate_total at_least; /* not below `known` */
	double chao;                    /* its point, were the lists independent */
	struct estimate_fit fit;
};

extern const struct figure_col users_cols[9], users_type_cols[5], users_source_cols[6], users_capture_cols[4],
	users_bound_cols[13], users_occasion_cols[5], users_list_cols[6];

int users_prepare(struct facts *f, int rc, struct err *e);

/* Lists of likers are known from the repositories' likes. Where these were not asked for, or not served, t becomes
 * partial and says so. Rank 0, after users_prepare(). */
void users_tell_likes(const struct facts *f, struct figure_table *t);

void users_totals(const struct facts *f, struct figure_table *t);
void users_by_year(const struct facts *f, struct figure_table *t);
void users_by_source(const struct facts *f, struct figure_table *t);
void users_captures(const struct facts *f, struct figure_table *t);
void users_bound(const struct facts *f, struct figure_table *t);
void users_occasions(const struct facts *f, struct figure_table *t);
void users_lists(const struct facts *f, struct figure_table *t);

/* "follower+liker"; "" for no source. dst: room for all names. Returns dst. */
#define USERS_PATTERN 128
char *users_pattern(unsigned sources, char dst[USERS_PATTERN]);

#endif
