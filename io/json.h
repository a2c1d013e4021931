// SPDX-License-Identifier: Apache-2.0
/* NOTE the prefix js_: json_ belongs to jansson, which writes our documents and would be preempted by functions of the
 * same name.
 *
 * Reading JSON from the network: simdjson behind a C interface (2,500 MB/s on a page of the Hub, 64 times jansson's
 * rate).
 *
 * A `struct js_value` is a view into its `struct js`; it, and every string taken from it, lives until the next
 * js_parse() or js_free(). No call fails but js_create() and js_parse().
 */
#ifndef IO_JSON_H
#define IO_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "io/dict.h"
#include "io/err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct js;

enum js_type { JS_NULL, JS_BOOL, JS_INT, JS_UINT, JS_REAL, JS_STRING, JS_ARRAY, JS_OBJECT };
/* JS_INT: fits int64_t; JS_UINT: above INT64_MAX and fits uint64_t; a larger integer makes the document unreadable. */

struct js_value {
	uint64_t opaque[2];
};

struct js_iter {
	uint64_t opaque[4];
};

/* A parser. NULL when memory is short. */
struct js *js_create(void);
void js_free(struct js *j);

/* Bytes that must be readable (of any content) behind the text handed to js_parse(). */
#define JS_PADDING 64
/* Bytes that may be read (of any content) behind each text that is handed out. */
#define JS_TEXT_PADDING 32
/* Nesting beyond this is refused. */
#define JS_MAX_DEPTH 64

/* Parse a whole document of n bytes: valid JSON, valid UTF-8 (RFC 8259), nothing behind it, no deeper than
 * JS_MAX_DEPTH. The text may be dropped after the call. Errors: E_FORMAT, E_NOMEM. */
int js_parse(struct js *j, const char *text, size_t n, struct js_value *root, struct err *e);

enum js_type js_type(struct js_value v);

/* The values, for a v of that type only. */
int js_bool(struct js_value v);
int64_t js_int(struct js_value v);
uint64_t js_uint(struct js_value v);
double js_real(struct js_value v);
const char *js_string(struct js_value v, size_t *len); /* UTF-8, may hold NUL, not terminated */
size_t js_count(struct js_value v); /* elements of an array, members of an object; at most 16,777,215 is told */

/* Member `name` of an object. Returns 0 and leaves *out alone where there is none or v is no object. */
int js_member(struct js_value v, const char *name, struct js_value *out);

/* Walk an array (key == NULL) or an object. Any other type gives no element:
 *     for (it = js_begin(v); js_next(&it, &key, &nkey, &x);)
 */
struct js_iter js_begin(struct js_value v);
int js_next(struct js_iter *it, const char **key, size_t *nkey, struct js_value *out);

/* A value with what it holds. */
struct js_item {
	struct js_value v;
	enum js_type type;
	union {
		int flag;         /* JS_BOOL */
		int64_t i;        /* JS_INT */
		struct text text; /* JS_STRING, as js_string() gives it */
	} as;
};

struct js_item js_look(struct js_value v);

struct js_member {
	struct text key;
	struct js_item value;
};

/* The members that come next in an object, at most max of them; how many. */
size_t js_next_members(struct js_iter *it, struct js_member *out, size_t max);

/* The texts that come next in an array, at most max of them; how many. It ends before an element that is none. */
size_t js_next_texts(struct js_iter *it, struct text *out, size_t max);

/* Write v compactly to dst, at most n - 1 bytes and a NUL; returns the bytes the whole needs. */
size_t js_write(struct js_value v, char *dst, size_t n);

/* The same of a text. */
size_t js_write_text(const char *s, size_t len, char *dst, size_t n);

#ifdef __cplusplus
}
#endif
#endif
