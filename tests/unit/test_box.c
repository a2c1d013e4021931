// SPDX-License-Identifier: Apache-2.0
#include "crawler/box.h"

#include <string.h>

#include "tests/tap.h"

#define N 300

struct side {
	unsigned char key[BOX_KEY];
	struct box *l;
};

static struct side side(void)
{
	struct err e = ERR_INIT;
	struct side s = { .l = NULL };

	s.l = box_create(s.key, &e);
	ok(s.l != NULL, "a pair of keys: %s", e.text);
	return s;
}

/* Is it opened, and the same? */
static int opens(const struct side *s, const unsigned char *from, const unsigned char *closed, size_t n,
		 const void *want)
{
	struct err e = ERR_INIT;
	unsigned char text[N + 1], zero[N + 1] = { 0 };

	memset(text, 'x', sizeof text);
	if (!box_open(s->l, from, closed, n, text, &e))
		return !memcmp(text, want, n);
	return e.code == E_IO && !memcmp(text, zero, n) ? 0 : -1;
}

int main(void)
{
	struct side a = side(), b = side(), c = side();
	unsigned char text[N], closed[N + BOX_EXTRA], other[N + BOX_EXTRA], bad[BOX_KEY];
	struct err e = ERR_INIT;
	int wrong = 0, refused = 0;

	memset(text, 'T', sizeof text);
	ok(!box_seal(a.l, b.key, text, N, closed, &e), "closed: %s", e.text);
	ok(!memmem(closed, sizeof closed, "TTTT", 4), "nothing of it shows");
	ok(opens(&b, a.key, closed, N, text) == 1, "opened by whom it is for");
	ok(opens(&c, a.key, closed, N, text) == 0, "and by nobody else");
	ok(opens(&b, c.key, closed, N, text) == 0, "nor as if from somebody else");
	ok(opens(&a, b.key, closed, N, text) == 0, "nor sent back to where it came from");
	ok(!box_seal(a.l, c.key, text, N, other, &e) && memcmp(closed, other, sizeof other) != 0,
	   "the same text for two makes two boxes");
	for (size_t i = 0; i < sizeof closed; i++) {
		closed[i] ^= 1;
		wrong += opens(&b, a.key, closed, N, text) != 0;
		closed[i] ^= 1;
	}
	ok(wrong == 0, "with one bit changed it is refused, wherever that is, and nothing of it given");
	for (size_t i = 0; i < sizeof bad; i++) {
		memcpy(bad, a.key, sizeof bad);
		bad[i] ^= 1;
		err_clear(&e);
		refused += box_seal(b.l, bad, text, N, other, &e) == E_IO && strstr(e.text, "OpenSSL");
		wrong += opens(&b, bad, closed, N, text) != 0;
	}
	ok(refused > 60 && wrong == 0, "what is no key is refused, or another one");
	memset(bad, 0, sizeof bad);
	err_clear(&e);
	ok(box_seal(b.l, bad, text, N, other, &e) == E_IO, "no key at all: %s", e.text);
	err_clear(&e);
	ok(!box_seal(b.l, a.key, text, 0, closed, &e) && opens(&a, b.key, closed, 0, text) == 1, "an empty one");
	box_free(a.l);
	box_free(b.l);
	box_free(c.l);
	box_free(NULL);
	return plan_done();
}
