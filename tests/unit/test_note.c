// SPDX-License-Identifier: Apache-2.0
#include "crawler/note.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/listing.h"
#include "tests/tap.h"

static struct note page(unsigned flags, int chain)
{
	struct note n = { .what = NOTE_PAGE, .limit = 1000, .flags = flags, .chain = chain };

	n.window = (struct window){ KIND_SPACES, HUB_DESC, { oid_at(1700000000), OID_MAX } };
	return n;
}

static void round_trip(const struct note *n, const char *want)
{
	char text[NOTE_MAX], again[NOTE_MAX];
	struct note got;

	ok(!strcmp(note_format(n, text), want), "written: %s", text);
	ok(note_parse(&got, text, strlen(text)) == 0 && got.what == n->what && got.window.kind == n->window.kind &&
		   got.place == n->place && !strcmp(note_format(&got, again), text),
	   "and read");
}

int main(void)
{
	static const char *const bad[] = {
		"",
		"page",
		"page spaces desc",
		"page spaces down 6553f1000000000000000000 ffffffffffffffffffffffff 1000 3 1",
		"page houses desc 6553f1000000000000000000 ffffffffffffffffffffffff 1000 3 1",
		"page spaces desc 6553f100000000000000000 ffffffffffffffffffffffff 1000 3 1",
		"page spaces desc 6553F1000000000000000000 ffffffffffffffffffffffff 1000 3 1",
		"page spaces desc 6553f1000000000000000000 ffffffffffffffffffffffff 1001 3 1",
		"page spaces desc 6553f1000000000000000000 ffffffffffffffffffffffff 0 3 1",
		"page spaces desc 6553f1000000000000000000 ffffffffffffffffffffffff 1000 8 1",
		"page spaces desc 6553f1000000000000000000 ffffffffffffffffffffffff 1000 -1 1",
		"page spaces desc 6553f1000000000000000000 ffffffffffffffffffffffff 1000 3 2",
		"page spaces desc 6553f1000000000000000000 ffffffffffffffffffffffff 1000 3 1 ",
		"page  spaces desc 6553f1000000000000000000 ffffffffffffffffffffffff 1000 3 1",
		"total",
		"total houses",
		"total models\n",
		"audit models -1",
		"audit models 99999999999999999999",
		"audits models 1",
		"list followers",
		"list fans Ada 7 0 0 3 300 1 9 2 1234567890abcdef 0",
		"list followers A/a 7 0 0 3 300 1 9 2 1234567890abcdef 0",
		"list followers Ada 7 -1 0 3 300 1 9 2 1234567890abcdef 0",
		"list followers Ada 7 0 0 3 300 3 9 2 1234567890abcdef 0",
		"list followers Ada 7 0 0 3 300 1 32 2 1234567890abcdef 0",
		"list followers Ada 7 0 0 3 300 1 9 2 1234567890ABCDEF 0",
		"list followers Ada 7 0 0 3 300 1 9 2 1234567890abcdef0 0",
		"list likers_models Ada 7 0 0 3 300 1 9 2 1234567890abcdef 0",
		"list followers Ada 7 0 0 3 300 1 9 2 1234567890abcdef",
		"list followers Ada 7 0 0 3 300 1 9 2 1234567890abcdef 2",
	};
	struct note list = { .what = NOTE_LIST,
			     .list = { LIST_FOLLOWERS, "Ada", 7, 5, 2, 3, 300, ACCOUNT_USER, 9, 2,
				       UINT64_C(0x1234567890abcdef), ROLL_FORCE } };
	struct note likers = { .what = NOTE_LIST,
			       .list = { .list = LIST_LIKERS_SPACE, .whose = "6553f1000000000000000000" } };
	struct note n = page(3, 1), total = { .what = NOTE_TOTAL }, audit = { .what = NOTE_AUDIT, .place = 17 }, none;
	char text[NOTE_MAX], longest[NOTE_MAX];
	int wrong = 0;

	round_trip(&n, "page spaces desc 6553f1000000000000000000 ffffffffffffffffffffffff 1000 3 1");
	round_trip(&total, "total models");
	round_trip(&audit, "audit models 17");
	round_trip(&list, "list followers Ada 7 2 5 3 300 1 9 2 1234567890abcdef 1");
	list.list.flags = LISTING_DRY;
	round_trip(&list, "list followers Ada 7 2 5 3 300 1 9 2 1234567890abcdef 4");
	round_trip(&likers, "list likers_spaces 6553f1000000000000000000 0 0 0 0 0 0 0 0 0000000000000000 0");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(note_parse(&none, bad[i], strlen(bad[i])) == -1 && none.what == NOTE_NOTHING, "refused: %.60s",
		   i == 16 ? "a line end" : bad[i]);
	ok(note_parse(&none, "total models\0x", 14) == -1, "refused: a NUL");
	memset(longest, 'x', sizeof longest);
	ok(note_parse(&none, longest, sizeof longest) == -1, "refused: too long");
	note_format(&n, text);
	for (size_t k = 0; k < strlen(text); k++) {
		/* Of its own size, so that the sanitizer sees any step beyond it. */
		char *part = malloc(k + 1);

		memcpy(part, text, k);
		wrong += note_parse(&none, part, k) == 0;
		free(part);
	}
	ok(!wrong, "cut at each of its bytes: refused");
	return plan_done();
}
