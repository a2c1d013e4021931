// SPDX-License-Identifier: Apache-2.0
// The only C++ of the project, and the only file that knows simdjson. Built without exceptions: every call that can
// fail returns a code.
#include "io/json.h"

#include <simdjson.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>

using simdjson::dom::element;
using simdjson::dom::element_type;

static_assert(simdjson::SIMDJSON_PADDING <= JS_PADDING, "the padding that the header promises is too short");
static_assert(sizeof(element) <= sizeof(js_value), "an element does not fit its handle");
static_assert(sizeof(simdjson::dom::object::iterator) * 2 <= sizeof(js_iter), "an iterator does not fit its handle");
static_assert(std::is_trivially_copyable<element>::value, "handles are copied as bytes");
static_assert(std::is_trivially_copyable<simdjson::dom::object::iterator>::value, "iterators are copied as bytes");
static_assert(std::is_trivially_copyable<simdjson::dom::array::iterator>::value, "iterators are copied as bytes");

struct js {
	simdjson::dom::parser parser;
};

template <class To, class From> static To as(const From &from)
{
	To to{};
	memcpy(static_cast<void *>(&to), static_cast<const void *>(&from),
	       sizeof(From) < sizeof(To) ? sizeof(From) : sizeof(To));
	return to;
}

static js_value wrap(element e)
{
	return as<js_value>(e);
}

static element unwrap(js_value v)
{
	return as<element>(v);
}

extern "C" struct js *js_create(void)
{
	struct js *j = new (std::nothrow) js;

	if (j && j->parser.allocate(1 << 20, JS_MAX_DEPTH) != simdjson::SUCCESS) {
		delete j;
		return nullptr;
	}
	return j;
}

extern "C" void js_free(struct js *j)
{
	delete j;
}

static const size_t KEPT = 8 << 20;

extern "C" int js_parse(struct js *j, const char *text, size_t n, struct js_value *root, struct err *e)
{
	element el;
	simdjson::error_code rc;

	// A hostile text of 32 MB takes 12 times as much, which is not kept for what comes behind it.
	if (j->parser.capacity() > KEPT)
		j->parser = simdjson::dom::parser();
	// parse() grows to the text's size and would fall back to the library's own depth limit: allocate first, with
	// ours. A parser with room for a text of so many bytes more has room behind the strings of this one.
	if (j->parser.capacity() < n + JS_TEXT_PADDING &&
	    (rc = j->parser.allocate(n + n / 2 + JS_TEXT_PADDING, JS_MAX_DEPTH)) != simdjson::SUCCESS)
		return err_set(e, E_NOMEM, "no memory to parse %zu bytes of JSON", n);
	rc = j->parser.parse(text, n, false).get(el);
	if (rc == simdjson::MEMALLOC)
		return err_set(e, E_NOMEM, "no memory to parse %zu bytes of JSON", n);
	if (rc != simdjson::SUCCESS)
		return err_set(e, E_FORMAT, "not JSON: %s", simdjson::error_message(rc));
	*root = wrap(el);
	return E_OK;
}

extern "C" enum js_type js_type(struct js_value v)
{
	switch (unwrap(v).type()) {
	case element_type::ARRAY:
		return JS_ARRAY;
	case element_type::OBJECT:
		return JS_OBJECT;
	case element_type::INT64:
		return JS_INT;
	case element_type::UINT64:
		return JS_UINT;
	case element_type::DOUBLE:
		return JS_REAL;
	case element_type::STRING:
		return JS_STRING;
	case element_type::BOOL:
		return JS_BOOL;
	default:
		return JS_NULL;
	}
}

extern "C" int js_bool(struct js_value v)
{
	bool b = false;

	return unwrap(v).get(b) == simdjson::SUCCESS && b;
}

extern "C" int64_t js_int(struct js_value v)
{
	int64_t x = 0;

	return unwrap(v).get(x) == simdjson::SUCCESS ? x : 0;
}

extern "C" uint64_t js_uint(struct js_value v)
{
	uint64_t x = 0;

	return unwrap(v).get(x) == simdjson::SUCCESS ? x : 0;
}

extern "C" double js_real(struct js_value v)
{
	double x = 0;

	return unwrap(v).get(x) == simdjson::SUCCESS ? x : 0;
}

extern "C" const char *js_string(struct js_value v, size_t *len)
{
	std::string_view s;

	if (unwrap(v).get(s) != simdjson::SUCCESS)
		s = std::string_view("", 0);
	*len = s.size();
	return s.data();
}

extern "C" size_t js_count(struct js_value v)
{
	simdjson::dom::array a;
	simdjson::dom::object o;

	if (unwrap(v).get(a) == simdjson::SUCCESS)
		return a.size();
	if (unwrap(v).get(o) == simdjson::SUCCESS)
		return o.size();
	return 0;
}

extern "C" int js_member(struct js_value v, const char *name, struct js_value *out)
{
	simdjson::dom::object o;
	element el;

	if (unwrap(v).get(o) != simdjson::SUCCESS || o.at_key(name).get(el) != simdjson::SUCCESS)
		return 0;
	*out = wrap(el);
	return 1;
}

// An iterator is its position and its end, held in the handle itself: copied out and back, each step would wait for the
// stores of the last. A value that is neither array nor object gives none.
template <class It> static It *ends(struct js_iter *it)
{
	return std::launder(reinterpret_cast<It *>(it->opaque));
}

template <class Iterable> static void begin(struct js_iter *it, const Iterable &v)
{
	using It = typename Iterable::iterator;

	static_assert(alignof(It) <= alignof(js_iter), "an iterator does not fit its handle");
	new (it->opaque) It[2]{ v.begin(), v.end() };
}

extern "C" struct js_iter js_begin(struct js_value v)
{
	simdjson::dom::array a;
	simdjson::dom::object o;
	struct js_iter it = { { 0, 0, 0, 0 } };

	if (unwrap(v).get(a) == simdjson::SUCCESS)
		begin(&it, a);
	else if (unwrap(v).get(o) == simdjson::SUCCESS)
		begin(&it, o);
	return it;
}

extern "C" int js_next(struct js_iter *it, const char **key, size_t *nkey, struct js_value *out)
{
	if (!it->opaque[0])
		return 0;
	if (!key) {
		auto *at = ends<simdjson::dom::array::iterator>(it);

		if (!(at[0] != at[1]))
			return 0;
		*out = wrap(*at[0]);
		++at[0];
		return 1;
	}
	auto *at = ends<simdjson::dom::object::iterator>(it);

	if (!(at[0] != at[1]))
		return 0;
	std::string_view k = at[0].key();
	*key = k.data();
	*nkey = k.size();
	*out = wrap(at[0].value());
	++at[0];
	return 1;
}

static inline void look(element e, struct js_item *out)
{
	std::string_view s;

	out->v = wrap(e);
	switch (e.type()) {
	case element_type::STRING:
		out->type = JS_STRING;
		s = e.get_string().value_unsafe();
		out->as.text = { s.data(), s.size() };
		break;
	case element_type::INT64:
		out->type = JS_INT;
		out->as.i = e.get_int64().value_unsafe();
		break;
	case element_type::BOOL:
		out->type = JS_BOOL;
		out->as.flag = e.get_bool().value_unsafe();
		break;
	default:
		out->type = js_type(out->v);
	}
}

extern "C" struct js_item js_look(struct js_value v)
{
	struct js_item x = {};

	look(unwrap(v), &x);
	return x;
}

extern "C" size_t js_next_members(struct js_iter *it, struct js_member *out, size_t max)
{
	auto *ends_at = ends<simdjson::dom::object::iterator>(it);
	auto at = ends_at[0], end = ends_at[1];
	size_t n = 0;

	if (!it->opaque[0])
		return 0;
	for (; n < max && at != end; ++at, n++) {
		std::string_view k = at.key();

		out[n].key = { k.data(), k.size() };
		look(at.value(), &out[n].value);
	}
	ends_at[0] = at;
	return n;
}

extern "C" size_t js_next_texts(struct js_iter *it, struct text *out, size_t max)
{
	auto *at = ends<simdjson::dom::array::iterator>(it);
	size_t n = 0;

	for (; n < max && it->opaque[0] && at[0] != at[1]; ++at[0], n++) {
		std::string_view s;

		if ((*at[0]).get(s) != simdjson::SUCCESS)
			break;
		out[n] = { s.data(), s.size() };
	}
	return n;
}

// Into a buffer of the caller's: simdjson's own minify() makes a std::string, which ends the program where memory is
// short.
namespace
{
struct sink {
	char *dst;
	size_t n, need;

	void put(const char *s, size_t len)
	{
		if (need < n)
			memcpy(dst + need, s, len < n - need ? len : n - need);
		need += len;
	}
	void put(char c)
	{
		put(&c, 1);
	}
};

void put_text(struct sink *o, std::string_view s)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt", digit[] = "0123456789abcdef";

	o->put('"');
	for (char c : s) {
		const char *at = c ? strchr(plain, c) : NULL;
		auto u = static_cast<unsigned char>(c);

		if (at) {
			o->put('\\');
			o->put(letter[at - plain]);
		} else if (u < 0x20) {
			o->put("\\u00", 4);
			o->put(digit[u >> 4]);
			o->put(digit[u & 15]);
		} else {
			o->put(c);
		}
	}
	o->put('"');
}

void put_number(struct sink *o, element v)
{
	int64_t i;
	uint64_t u;
	double x = 0;
	char text[64];
	int n = 0;

	if (v.get(i) == simdjson::SUCCESS)
		n = snprintf(text, sizeof text, "%" PRId64, i);
	else if (v.get(u) == simdjson::SUCCESS)
		n = snprintf(text, sizeof text, "%" PRIu64, u);
	else if (v.get(x) == simdjson::SUCCESS)
		n = static_cast<int>(simdjson::internal::to_chars(text, text + sizeof text, x) - text);
	if (n > 0)
		o->put(text, static_cast<size_t>(n));
}

void put_value(struct sink *o, element v);

void put_array(struct sink *o, const simdjson::dom::array &a)
{
	const char *before = "";

	o->put('[');
	for (element x : a) {
		o->put(before, strlen(before));
		before = ",";
		put_value(o, x);
	}
	o->put(']');
}

void put_object(struct sink *o, const simdjson::dom::object &members)
{
	const char *before = "";

	o->put('{');
	for (auto member : members) {
		o->put(before, strlen(before));
		before = ",";
		put_text(o, member.key);
		o->put(':');
		put_value(o, member.value);
	}
	o->put('}');
}

// No deeper than JS_MAX_DEPTH: js_parse() has seen to it.
void put_value(struct sink *o, element v)
{
	simdjson::dom::array a;
	simdjson::dom::object members;
	std::string_view s;
	bool yes = false;

	if (v.get(a) == simdjson::SUCCESS)
		put_array(o, a);
	else if (v.get(members) == simdjson::SUCCESS)
		put_object(o, members);
	else if (v.get(s) == simdjson::SUCCESS)
		put_text(o, s);
	else if (v.get(yes) == simdjson::SUCCESS)
		yes ? o->put("true", 4) : o->put("false", 5);
	else if (v.is_null())
		o->put("null", 4);
	else
		put_number(o, v);
}
} // namespace

// Terminate what was put; the bytes that the whole needs.
static size_t finish(const struct sink *o, char *dst, size_t n)
{
	if (n > 0)
		dst[o->need < n - 1 ? o->need : n - 1] = '\0';
	return o->need;
}

extern "C" size_t js_write(struct js_value v, char *dst, size_t n)
{
	struct sink o = { dst, n > 0 ? n - 1 : 0, 0 };

	put_value(&o, unwrap(v));
	return finish(&o, dst, n);
}

extern "C" size_t js_write_text(const char *s, size_t len, char *dst, size_t n)
{
	struct sink o = { dst, n > 0 ? n - 1 : 0, 0 };

	put_text(&o, std::string_view(s, len));
	return finish(&o, dst, n);
}
