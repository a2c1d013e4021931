/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter counts: of the base for a quantized row whose base is known, else safetensors.total, else the number in the
 * name. gguf.total is left out, because the census does not ask for it unless it is told to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "truth_in.h"

enum { NBUCKET = 7, NSOURCE = 4, TOP = 10 };
static const char *const bucket_name[NBUCKET] = { "<1B", "1-9B", "9-20B", "20-70B", "70-100B", ">=100B", "unknown" };
static const char *const source_name[NSOURCE] = { "base", "safetensors", "name", "unknown" };

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What a word of a name says: "7B", "8x7B", "0.5b", "350M", "1p7b", "05b", "2.4T"; 0: no count. *unit becomes its
 * unit. */
static double count_in_word(const char *word, double *unit)
{
	char digits[32], *end;
	size_t n = strlen(word), x = strcspn(word, "xX"), k = 0;
	double times = 1, v;
	if (n < 2 || n >= sizeof digits)
		return 0;
	*unit = strchr("bB", word[n - 1]) ? 1e9
	      : strchr("mM", word[n - 1]) ? 1e6
	      : strchr("tT", word[n - 1]) ? 1e12
					  : 0;
	if (x > 0 && x < n && strspn(word, "0123456789") == x) {
		times = atof(word);
		word += x + 1;
		n -= x + 1;
	}
	if (!is_digit(*word) || n < 2)
		return 0;
	for (size_t i = 0; i < n - 1; i++)
		digits[k++] = word[i] == 'p' || word[i] == '_' ? '.' : word[i];
	digits[k] = 0;
	if (digits[k - 1] == '.' || strspn(digits, "0123456789.") != k)
		return 0;
	v = strtod(digits, &end);
	if (*end)
		return 0;
	if (word[0] == '0' && k > 1 && !strchr(digits, '.'))
		v /= pow(10, (double)(k - 1));
	if (*unit == 1e9 && v >= 1990 && v < 2040 && v == floor(v))
		return 0;
	v *= times * *unit;
	return v >= 1e5 && v <= 1e13 ? v : 0;
}

/* The words of a name end at what is neither a letter nor a digit, and at a dot that is not within a number. An
 * underscore behind a 0 or 1 that stands alone is within one: "1_5b", unless that is Llama 3.1. */
static size_t word_length(const char *name, const char *p)
{
	size_t n = 0;
	while (is_alnum(p[n]) || (p[n] == '.' && n && is_digit(p[n - 1]) && is_digit(p[n + 1])) ||
	       (p[n] == '_' && n == 1 && (*p == '0' || *p == '1') && is_digit(p[2]) &&
		!(*p == '1' && p >= name + 2 && p[-1] == '_' && p[-2] == '3' &&
		  (!strncasecmp(p, "1_8b", 4) || !strncasecmp(p, "1_70b", 5) || !strncasecmp(p, "1_405b", 6)))))
		n++;
	return n;
}

/* The first count in billions or millions behind the slash, else the first in trillions. 0: none. */
static int64_t count_in_name(const char *id)
{
	const char *slash = strrchr(id, '/'), *name = slash ? slash + 1 : id;
	double trillions = 0;
	for (const char *p = name; *p;) {
		size_t n = word_length(name, p);
		char word[256];
		double unit = 0, v = 0;
		if (n > 0 && n < sizeof word) {
			memcpy(word, p, n);
			word[n] = 0;
			v = count_in_word(word, &unit);
		}
		if (v > 0 && unit < 1e12)
			return (int64_t)rint(v);
		if (v > 0 && trillions == 0)
			trillions = v;
		p += n ? n : 1;
	}
	return (int64_t)rint(trillions);
}

struct sized {
	int64_t count; /* 0 unknown */
	int source, bucket;
};

static struct sized own_size(const struct truth *t, const struct truth_row *r)
{
	if (r->st_total > 0)
		return (struct sized){ r->st_total, 1, 0 };
	int64_t n = count_in_name(t->names.text[r->id]);
	return n ? (struct sized){ n, 2, 0 } : (struct sized){ 0, 3, 0 };
}

static int cmp_oid(const void *a, const void *b)
{
	return strcmp(a, ((const struct truth_row *)b)->oid);
}

/* The row that a quantized row was made of, if it tells one that is in the census. */
static const struct truth_row *quantized_base(const struct truth *t, const struct truth_row *r, const uint32_t *row_of)
{
	static const char prefix[] = "base_model:quantized:";
	for (int k = 0; k < r->ntags; k++) {
		const char *tag = t->names.text[r->tags[k]];
		if (strncmp(tag, prefix, sizeof prefix - 1) != 0)
			continue;
		if (r->nbase == 1 && r->base[0].oid[0]) {
			const struct truth_row *b =
				bsearch(r->base[0].oid, t->rows[MODELS], t->n[MODELS], sizeof *b, cmp_oid);
			if (b)
				return b;
		}
		char *low = mem_str(tag + sizeof prefix - 1);
		for (char *p = low; *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p + 32);
		uint32_t id = names_find(&t->names, low);
		free(low);
		if (id != UINT32_MAX && row_of[id])
			return &t->rows[MODELS][row_of[id] - 1];
	}
	return NULL;
}

static int bucket_of(int64_t n)
{
	static const int64_t edge[5] = { 1000000000, 9000000000, 20000000000, 70000000000, 100000000000 };
	int b = 0;
	while (b < 5 && n >= edge[b])
		b++;
	return n ? b : NBUCKET - 1;
}

static struct sized *sizes(const struct truth *t)
{
	struct sized *s = mem_new((t->n[MODELS] + 1) * sizeof *s);
	uint32_t *row_of = mem_new(t->names.n * sizeof *row_of);
	for (uint64_t i = t->n[MODELS]; i-- > 0;)
		row_of[t->rows[MODELS][i].id] = (uint32_t)i + 1;
	for (uint64_t i = 0; i < t->n[MODELS]; i++) {
		const struct truth_row *r = &t->rows[MODELS][i], *base = quantized_base(t, r, row_of);
		s[i] = base ? own_size(t, base) : (struct sized){ 0, 3, 0 };
		if (s[i].count)
			s[i].source = 0;
		else
			s[i] = own_size(t, r);
		s[i].bucket = bucket_of(s[i].count);
	}
	free(row_of);
	return s;
}

static int descending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x > y ? -1 : x < y;
}

static void put_bucket(const struct truth *t, const struct sized *s, int b, json_t *v)
{
	int64_t *d = mem_new((t->n[MODELS] + 1) * sizeof *d), n = 0, sum = 0, source[NSOURCE] = { 0 };
	size_t nd = 0;
	for (uint64_t i = 0; i < t->n[MODELS]; i++) {
		int64_t x = t->rows[MODELS][i].counter[COUNTER_RECENT];
		if (s[i].bucket != b)
			continue;
		n++;
		source[s[i].source]++;
		if (x >= 0) {
			d[nd++] = x;
			sum += x;
		}
	}
	qsort(d, nd, sizeof *d, descending);
	size_t m = nd < TOP ? nd : TOP;
	if (n) {
		json_t *leaf = truth_at(v, bucket_name[b]), *from = truth_at(leaf, "sources");
		json_object_set_new(leaf, "repositories", json_integer(n));
		json_object_set_new(leaf, "downloads", json_integer(sum));
		json_object_set_new(leaf, "downloads_per_repository", truth_share(sum, n));
		/* Element ceil(m / 2) of the m, counted from the smallest. */
		json_object_set_new(leaf, "median_top10", m ? json_integer(d[m - (m + 1) / 2]) : json_null());
		for (int k = 0; k < NSOURCE; k++)
			if (source[k])
				json_object_set_new(from, source_name[k], json_integer(source[k]));
	}
	free(d);
}

struct weighted {
	int64_t count, weight;
};

static int by_count(const void *a, const void *b)
{
	int64_t x = ((const struct weighted *)a)->count, y = ((const struct weighted *)b)->count;
	return x < y ? -1 : x > y;
}

static void put_mean(const struct truth *t, const struct sized *s, int year, json_t *v)
{
	struct weighted *w = mem_new((t->n[MODELS] + 1) * sizeof *w);
	__int128 sum = 0, total = 0, so_far = 0;
	size_t n = 0, k = 0;
	char key[16];
	for (uint64_t i = 0; i < t->n[MODELS]; i++) {
		const struct truth_row *r = &t->rows[MODELS][i];
		int64_t x = r->counter[COUNTER_RECENT];
		if ((year && r->year != year) || s[i].count == 0 || x <= 0)
			continue;
		w[n++] = (struct weighted){ s[i].count, x };
		sum += (__int128)s[i].count * x;
		total += x;
	}
	qsort(w, n, sizeof *w, by_count);
	for (; k < n; k++) {
		so_far += w[k].weight;
		if (2 * so_far >= total)
			break;
	}
	snprintf(key, sizeof key, year ? "%d" : "all", year);
	if (n) {
		json_t *leaf = truth_at(v, key);
		json_object_set_new(leaf, "mean", truth_share(sum, total));
		json_object_set_new(leaf, "median", json_integer(w[k].count));
		json_object_set_new(leaf, "repositories", json_integer((json_int_t)n));
	}
	free(w);
}

void truth_size(struct truth *t)
{
	struct sized *s = sizes(t);
	json_t *buckets = json_object(), *mean = json_object();
	for (int b = 0; b < NBUCKET; b++)
		put_bucket(t, s, b, buckets);
	put_mean(t, s, 0, mean);
	for (int y = 2022; y <= t->t0_year; y++)
		put_mean(t, s, y, mean);
	free(s);
	truth_figure(t, "size.buckets", buckets);
	truth_figure(t, "size.mean_downloaded", mean);
}
