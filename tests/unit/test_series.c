// SPDX-License-Identifier: Apache-2.0
/* The parts of a comparison and of a series that need neither files of HDF5 nor ranks: what a cadence misses, what lies
 * in a hole, keys, and census.json of any content. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reduce/figures.h"
#include "reduce/moments.h"
#include "reduce/points.h"
#include "reduce/previous.h"
#include "tests/tap.h"

#define DAY  86400
#define WEEK (7 * DAY)

static void missing(void)
{
	static const struct {
		int64_t a, b, every;
		uint64_t n;
		int64_t first, last;
		const char *name;
	} row[] = {
		{ 0, WEEK, WEEK, 0, 0, 0, "one cadence apart: none" },
		{ 0, WEEK + DAY, WEEK, 0, 0, 0, "a day late: none" },
		{ 0, WEEK + WEEK / 2, WEEK, 0, 0, 0, "one and a half: none yet" },
		{ 0, WEEK + WEEK / 2 + 1, WEEK, 1, WEEK, WEEK, "a second more: one" },
		{ 100, 100 + 2 * WEEK, WEEK, 1, 100 + WEEK, 100 + WEEK, "two cadences: one" },
		{ 100, 100 + 5 * WEEK - DAY, WEEK, 4, 100 + WEEK, 100 + 4 * WEEK, "five, a day early: four" },
		{ 0, DAY, WEEK, 0, 0, 0, "closer than stated: none" },
		{ 0, 100 * WEEK, 0, 0, 0, 0, "no cadence: none" },
		{ WEEK, 0, WEEK, 0, 0, 0, "no time between: none" },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int64_t t[8] = { 0 };
		uint64_t n = moments_missing(row[i].a, row[i].b, row[i].every, t, 8);

		ok(n == row[i].n && (n == 0 || (t[0] == row[i].first && t[n - 1] == row[i].last)), "%s", row[i].name);
	}
	ok(moments_missing(0, 1000 * WEEK, WEEK, (int64_t[2]){ 0 }, 2) == 999,
	   "more than there is room for: their number");
}

static void holes(void)
{
	struct cover c = COVER_INIT;
	struct oid lost[2] = { oid_at(500), oid_at(700) };
	struct span s = { oid_at(100), oid_at(200) }, t = { oid_at(300), oid_at(400) };

	cover_add(&c, s);
	cover_add(&c, t);
	ok(!hole_has(&c, lost, 2, oid_at(100)), "a span begins behind its lower end");
	ok(hole_has(&c, lost, 2, oid_at(101)) && hole_has(&c, lost, 2, oid_at(200)), "and ends with its upper one");
	ok(!hole_has(&c, lost, 2, oid_at(250)) && !hole_has(&c, lost, 2, oid_at(401)), "between spans, behind them");
	ok(hole_has(&c, lost, 2, oid_at(500)) && hole_has(&c, lost, 2, oid_at(700)) &&
		   !hole_has(&c, lost, 2, oid_at(600)),
	   "records that were lost");
	cover_release(&c);
	ok(!hole_has(&c, NULL, 0, oid_at(150)), "no hole at all");
}

static void keys(void)
{
	static const char key[] = "growth.orgs\0Baidu\0models/2025", bare[] = "gating\0";
	size_t n;
	const char *s = key_part(key, sizeof key - 1, KEY_ORGANISATION, &n);

	ok(n == 5 && !memcmp(s, "Baidu", 5), "the organisation of a key");
	s = key_part(key, sizeof key - 1, KEY_ITEM, &n);
	ok(n == 11 && !memcmp(s, "models/2025", 11), "its item");
	s = key_part(bare, sizeof bare, KEY_ITEM, &n);
	ok(s && n == 0, "a bare key has none");
	s = key_part("x", 1, KEY_ITEM, &n);
	ok(s && n == 0, "nor has one that is cut");
}

/* The points of a census.json with that text, or the error's code. */
static int read_text(struct points *x, const char *text, size_t n)
{
	char path[] = "/tmp/hubcensus-points-XXXXXX";
	struct err e = ERR_INIT;
	int fd = mkstemp(path);

	points_init(x, 1);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return -1;
	close(fd);
	points_read(x, path, 0, &e);
	unlink(path);
	return e.code;
}

static const struct point *find(const struct points *x, const char *key, size_t n)
{
	int32_t code = dict_find(&x->key, key, n);

	for (uint64_t i = 0; i < x->n && code >= 0; i++)
		if (x->at[i].key == code)
			return &x->at[i];
	return NULL;
}

#define TEXT(s) (s), sizeof(s) - 1
#define HEAD    "{\"schema\":1,\"snapshot\":{\"complete\":true},\"figures\":{"

static void documents(void)
{
	static const char text[] =
		HEAD "\"totals.models\":{\"status\":\"ok\",\"value\":12},"
		     "\"growth.orgs\":{\"status\":\"partial\",\"value\":{\"A\\u0000B\":{\"models\":{\"2025\":3,\"ratio_"
		     "2025\":"
		     "\"from none\",\"ratio_2024\":null}}}},"
		     "\"compare.orgs\":{\"status\":\"ok\",\"value\":{\"1\":{\"X\":{\"models\":{\"likes\":-4}}},\"2\":{"
		     "\"X\":{"
		     "\"models\":{\"likes\":-5}}}}},"
		     "\"growth.top\":{\"status\":\"ok\",\"value\":{\"absolute\":{\"models\":{\"001\":{\"new\":9}}}}},"
		     "\"gating\":{\"status\":\"not available\",\"why\":\"x\",\"value\":{\"a\":1}},"
		     "\"unknown.figure\":{\"status\":\"ok\",\"value\":1}}}";
	struct points x;
	const struct point *p;
	int taken = 0;

	ok(read_text(&x, text, sizeof text - 1) == 0 && x.n == 5, "a census.json: five numbers");
	p = find(&x, TEXT("totals.models\0\0"));
	ok(p && p->count == 12 && p->value >= 12 && p->value <= 12 && x.total[KIND_MODELS] == 12 && x.complete[0],
	   "an integer, and the total");
	p = find(&x, TEXT("growth.orgs\0A?B\0models/ratio_2025"));
	ok(p && isinf(p->value) && p->count == INT64_MIN, "from none; a NUL in a name is shown");
	p = find(&x, TEXT("growth.orgs\0A?B\0models/ratio_2024"));
	ok(p && isnan(p->value), "null is a number that is missing");
	p = find(&x, TEXT("compare.orgs\0X\0001/models/likes"));
	ok(p && p->count == -4, "of several earlier censuses the latest");
	ok(x.known[figures_find("gating", 6)] == FIGURE_IS_MISSING &&
		   x.known[figures_find("science", 7)] == FIGURE_UNKNOWN,
	   "what is known about a figure");
	points_release(&x);
	for (size_t n = 0; n < sizeof text - 1; n++) {
		taken += read_text(&x, text, n) != E_FORMAT;
		points_release(&x);
	}
	ok(read_text(&x, TEXT("{\"schema\":7,\"snapshot\":{},\"figures\":{}}")) == E_FORMAT, "of another schema");
	points_release(&x);
	ok(read_text(&x, TEXT("{\"snapshot\":{},\"figures\":{}}")) == E_FORMAT, "of none");
	points_release(&x);
	ok(taken == 0, "cut at any byte: %d of %zu are taken", taken, sizeof text - 1);
}

int main(void)
{
	missing();
	holes();
	keys();
	documents();
	return plan_done();
}
