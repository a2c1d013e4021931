// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "io/json.h"
#include "tests/tap.h"

/* Parse from a buffer of exactly n + JS_PADDING bytes, so that a sanitizer sees reads beyond it. */
static int parse(struct js *j, const char *s, size_t n, struct js_value *v)
{
	struct err e = ERR_INIT;
	char *text = malloc(n + JS_PADDING);
	int rc;

	memcpy(text, s, n);
	memset(text + n, 'x', JS_PADDING);
	rc = js_parse(j, text, n, v, &e);
	free(text);
	return rc;
}

static void refused(struct js *j)
{
	static const char *const bad[] = {
		"",           " ",
		"{",          "[1,",
		"[1]x",       "[NaN]",
		"[1e999]",    "[123456789012345678901234567890]",
		"[\"\xFF\"]", "[\"\\ud800\"]",
		"[\"a\nb\"]", "{\"a\":}",
		"[01]",       "<html>",
		"[1]\0[2]",
	};
	struct js_value v;
	char *deep = malloc(200001);

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(parse(j, bad[i], i == sizeof bad / sizeof *bad - 1 ? 7 : strlen(bad[i]), &v) == E_FORMAT,
		   "refused: %zu", i);
	memset(deep, '[', 100000);
	memset(deep + 100000, ']', 100000);
	ok(parse(j, deep, 200000, &v) == E_FORMAT, "100,000 brackets");
	ok(parse(j, deep + 100000 - 60, 120, &v) == E_OK, "60 brackets");
	/* Large documents make the parser grow: the limit stays. */
	ok(parse(j, deep + 100000 - 100, 200, &v) == E_FORMAT, "100 brackets");
	free(deep);
}

/* Three at a time: what each holds is what the others tell of it. */
static void members(struct js_value v)
{
	struct js_iter it = js_begin(v);
	struct js_member m[3];
	struct js_value x;
	size_t n, len, count = 0;
	int good = 1;

	while ((n = js_next_members(&it, m, 3)) > 0)
		for (size_t i = 0; i < n; i++, count++) {
			const struct js_item *a = &m[i].value;
			char name[2] = { m[i].key.s[0], '\0' };

			good &= m[i].key.len == 1 && js_member(v, name, &x) && a->type == js_type(x) &&
				js_type(a->v) == js_type(x) && js_look(x).type == a->type;
			good &= a->type != JS_BOOL || a->as.flag == js_bool(x);
			good &= a->type != JS_INT || a->as.i == js_int(x);
			good &= a->type != JS_STRING || (a->as.text.s == js_string(x, &len) && a->as.text.len == len);
		}
	ok(good && count == js_count(v), "members with what they hold");
	it = js_begin(m[0].value.v);
	ok(js_type(m[0].value.v) != JS_INT || !js_next_members(&it, m, 3), "a number has none");
}

static void values(struct js *j)
{
	static const char text[] = "{\"s\":\"a\\u0000b\",\"i\":-5,\"u\":18446744073709551615,\"d\":0.5,\"t\":true,"
				   "\"n\":null,\"l\":[1,\"x\",{}],\"o\":{\"k\":1}}";
	struct js_value v, x;
	struct js_iter it;
	const char *s, *key;
	size_t n, nkey, count = 0;
	char out[256];

	ok(parse(j, text, strlen(text), &v) == E_OK && js_type(v) == JS_OBJECT && js_count(v) == 8, "an object");
	ok(js_member(v, "s", &x) && js_type(x) == JS_STRING && (s = js_string(x, &n)) && n == 3 &&
		   !memcmp(s, "a\0b", 3),
	   "a string with NUL");
	ok(js_member(v, "i", &x) && js_type(x) == JS_INT && js_int(x) == -5, "an integer");
	ok(js_member(v, "u", &x) && js_type(x) == JS_UINT && js_uint(x) == UINT64_MAX, "a large integer");
	ok(js_member(v, "d", &x) && js_type(x) == JS_REAL && js_real(x) == 0.5, "a real");
	ok(js_member(v, "t", &x) && js_type(x) == JS_BOOL && js_bool(x), "a boolean");
	ok(js_member(v, "n", &x) && js_type(x) == JS_NULL, "null");
	ok(!js_member(v, "zz", &x) && js_member(v, "i", &x) && !js_member(x, "k", &x), "no such member");
	for (it = js_begin(v); js_next(&it, &key, &nkey, &x);)
		count += nkey;
	ok(count == 8, "walk an object");
	members(v);
	ok(js_member(v, "l", &x), "an array");
	count = 0;
	for (it = js_begin(x); js_next(&it, NULL, NULL, &v);)
		count += (size_t)js_type(v);
	ok(count == JS_INT + JS_STRING + JS_OBJECT, "walk an array");
	it = js_begin(v);
	ok(!js_next(&it, NULL, NULL, &x) || js_type(v) == JS_OBJECT, "walk nothing");
	ok(parse(j, text, strlen(text), &v) == E_OK && js_write(v, out, sizeof out) == strlen(text) &&
		   !strcmp(out, text),
	   "write: %s", out);
	ok(js_write(v, out, 5) == strlen(text) && !strcmp(out, "{\"s\""), "write is cut");
}

/* What a large text took is given back, and the parser is as before. */
static void large(struct js *j)
{
	size_t n = 20u << 20;
	char *s = malloc(n);
	struct js_value v;
	int good;

	if (!s)
		abort();
	for (size_t i = 0; i < n; i++)
		s[i] = i % 2 ? ',' : '1';
	s[0] = '[';
	s[1] = ' ';
	s[n - 1] = ']';
	good = !parse(j, s, n, &v) && js_count(v) == n / 2 - 1;
	good &= !parse(j, "[1,2]", 5, &v) && js_count(v) == 2;
	good &= !parse(j, s, n, &v) && js_count(v) == n / 2 - 1;
	ok(good, "10 million elements, two, and as many again");
	memset(s, '[', JS_MAX_DEPTH + 1);
	memset(s + JS_MAX_DEPTH + 1, ']', JS_MAX_DEPTH + 1);
	ok(parse(j, s, 2 * (JS_MAX_DEPTH + 1), &v) == E_FORMAT, "no deeper behind them");
	free(s);
}

int main(void)
{
	struct js *j = js_create();
	struct js_value v;
	static const char text[] = "[{\"_id\":\"621ffdc036468d709f17434d\",\"tags\":[\"a\"]}]";

	refused(j);
	values(j);
	int good = 1;
	for (size_t n = 0; n < sizeof text - 1; n++)
		good &= parse(j, text, n, &v) != E_OK;
	ok(good, "cut at every byte: refused");
	large(j);
	js_free(j);
	js_free(NULL);
	return plan_done();
}
