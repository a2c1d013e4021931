/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "mix.h"

#define CN REGION_CN
#define US REGION_US
#define XX REGION_OTHER

const struct org orgs[] = {
	{ "Qwen", CN, SPECIAL_NO, { 0, 20, 30, 34, 34 } },
	{ "deepseek-ai", CN, SPECIAL_NO, { 0, 8, 12, 16, 14 } },
	{ "zai-org", CN, SPECIAL_NO, { 2, 6, 5, 10, 10 } },
	{ "moonshotai", CN, SPECIAL_NO, { 0, 0, 1, 8, 9 } },
	{ "MiniMaxAI", CN, SPECIAL_NO, { 0, 0, 0, 6, 7 } },
	{ "OpenGVLab", CN, SPECIAL_NO, { 2, 5, 9, 8, 4 } },
	{ "BAAI", CN, SPECIAL_NO, { 3, 14, 12, 6, 4 } },
	{ "internlm", CN, SPECIAL_NO, { 0, 8, 8, 4, 2 } },
	{ "01-ai", CN, SPECIAL_NO, { 0, 6, 6, 1, 0 } },
	{ "stepfun-ai", CN, SPECIAL_NO, { 0, 0, 1, 5, 5 } },
	{ "XiaomiMiMo", CN, SPECIAL_NO, { 0, 0, 0, 4, 5 } },
	{ "Alibaba-NLP", CN, SPECIAL_NO, { 1, 3, 5, 4, 2 } },
	{ "Wan-AI", CN, SPECIAL_NO, { 0, 0, 0, 8, 6 } },
	{ "openbmb", CN, SPECIAL_NO, { 2, 4, 6, 5, 3 } },
	{ "hfl", CN, SPECIAL_NO, { 9, 3, 3, 1, 0 } },
	{ "uer", CN, SPECIAL_NO, { 9, 1, 0, 0, 0 } },
	{ "FunAudioLLM", CN, SPECIAL_NO, { 0, 0, 4, 4, 3 } },
	{ "baidu", CN, SPECIAL_BAIDU, { 0, 0, 0, 0, 1 } },
	{ "PaddlePaddle", CN, SPECIAL_BAIDU, { 3, 1, 0, 0, 2 } },
	{ "ByteDance", CN, SPECIAL_BYTEDANCE, { 0, 1, 0, 0, 1 } },
	{ "ByteDance-Seed", CN, SPECIAL_BYTEDANCE, { 0, 0, 0, 0, 2 } },
	{ "tencent", CN, SPECIAL_TENCENT, { 0, 1, 0, 0, 3 } },
	{ "google", US, SPECIAL_NO, { 20, 14, 18, 16, 14 } },
	{ "google-bert", US, SPECIAL_NO, { 12, 0, 0, 0, 0 } },
	{ "openai-community", US, SPECIAL_NO, { 8, 0, 0, 0, 0 } },
	{ "FacebookAI", US, SPECIAL_NO, { 9, 0, 0, 0, 0 } },
	{ "facebook", US, SPECIAL_NO, { 22, 14, 10, 8, 6 } },
	{ "meta-llama", US, SPECIAL_NO, { 0, 12, 16, 6, 1 } },
	{ "microsoft", US, SPECIAL_NO, { 18, 10, 12, 10, 9 } },
	{ "nvidia", US, SPECIAL_NO, { 5, 4, 12, 22, 26 } },
	{ "openai", US, SPECIAL_NO, { 8, 5, 2, 5, 5 } },
	{ "ibm-granite", US, SPECIAL_NO, { 0, 0, 9, 12, 8 } },
	{ "apple", US, SPECIAL_NO, { 1, 3, 10, 8, 4 } },
	{ "amazon", US, SPECIAL_NO, { 1, 2, 4, 5, 4 } },
	{ "allenai", US, SPECIAL_NO, { 6, 6, 9, 10, 8 } },
	{ "HuggingFaceTB", US, SPECIAL_NO, { 0, 0, 9, 10, 5 } },
	{ "sentence-transformers", XX, SPECIAL_NO, { 20, 3, 2, 1, 1 } },
	{ "distilbert", US, SPECIAL_NO, { 8, 0, 0, 0, 0 } },
	{ "google-t5", US, SPECIAL_NO, { 3, 0, 0, 0, 0 } },
	{ "unsloth", US, SPECIAL_NO, { 0, 1, 14, 26, 28 } },
	{ "NousResearch", US, SPECIAL_NO, { 0, 8, 8, 5, 3 } },
	{ "EleutherAI", US, SPECIAL_NO, { 8, 8, 3, 2, 1 } },
	{ "Salesforce", US, SPECIAL_NO, { 5, 6, 6, 4, 2 } },
	{ "lmsys", US, SPECIAL_NO, { 0, 5, 1, 1, 0 } },
	{ "databricks", US, SPECIAL_NO, { 0, 4, 2, 0, 0 } },
	{ "togethercomputer", US, SPECIAL_NO, { 1, 5, 2, 2, 1 } },
	{ "LiquidAI", US, SPECIAL_NO, { 0, 0, 0, 8, 10 } },
	{ "laion", XX, SPECIAL_NO, { 6, 5, 2, 2, 2 } },
	{ "timm", US, SPECIAL_NO, { 10, 20, 10, 8, 6 } },
	{ "arcee-ai", US, SPECIAL_NO, { 0, 0, 6, 5, 4 } },
	{ "RedHatAI", US, SPECIAL_NO, { 0, 0, 3, 14, 12 } },
	{ "mistralai", XX, SPECIAL_NO, { 0, 8, 10, 8, 7 } },
	{ "stabilityai", XX, SPECIAL_NO, { 4, 10, 8, 3, 1 } },
	{ "black-forest-labs", XX, SPECIAL_NO, { 0, 0, 6, 6, 4 } },
	{ "CohereLabs", XX, SPECIAL_NO, { 0, 0, 6, 6, 3 } },
	{ "tiiuae", XX, SPECIAL_NO, { 0, 6, 6, 8, 4 } },
	{ "upstage", XX, SPECIAL_NO, { 0, 3, 3, 2, 3 } },
	{ "LGAI-EXAONE", XX, SPECIAL_NO, { 0, 0, 3, 5, 4 } },
	{ "rinna", XX, SPECIAL_NO, { 4, 4, 3, 1, 0 } },
	{ "SakanaAI", XX, SPECIAL_NO, { 0, 0, 3, 2, 2 } },
	{ "Helsinki-NLP", XX, SPECIAL_NO, { 30, 1, 1, 1, 1 } },
	{ "cardiffnlp", XX, SPECIAL_NO, { 8, 2, 1, 0, 0 } },
	{ "speakleash", XX, SPECIAL_NO, { 0, 0, 3, 4, 3 } },
};
const int norg = sizeof orgs / sizeof orgs[0];

const char *const packers[] = { "mradermacher", "bartowski", "TheBloke", "mradermacher", "mlx-community" };
const int npacker = sizeof packers / sizeof packers[0];

static const char *const given[] = { "Ada",   "ben",  "Chen", "dana",  "Emil",  "fatima", "Goran", "hana",
				     "Ivo",   "jun",  "Kai",  "lena",  "Mateo", "nadia",  "Omar",  "pia",
				     "Quinn", "rosa", "Sven", "tariq", "Uma",   "vera",   "Wei",   "ximena",
				     "Yuki",  "zoe",  "Amir", "bea",   "Ciro",  "daria",  "Enzo",  "freya" };
static const char *const trade[] = { "",     "-ml",  "-ai",   "Labs", "-research", "AI",   "-nlp", "Dev",
				     "-llm", "-org", "Robot", "-hf",  "",          "-lab", "X",    "-data" };

int org_find(const char *name)
{
	for (int i = 0; i < norg; i++)
		if (!strcasecmp(orgs[i].name, name))
			return i;
	return -1;
}

size_t token_write(char *out, uint64_t v)
{
	char t[16];
	size_t n = 0;
	do {
		t[n++] = "0123456789abcdefghijklmnopqrstuvwxyz"[v % 36];
		v /= 36;
	} while (v);
	for (size_t i = 0; i < n; i++)
		out[i] = t[n - 1 - i];
	out[n] = 0;
	return n;
}

int token_read(const char *s, uint64_t *v)
{
	uint64_t x = 0;
	size_t n = strlen(s);
	if (n == 0 || n > 11)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		uint64_t d;
		if (c >= '0' && c <= '9')
			d = (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'z')
			d = (uint64_t)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'Z')
			d = (uint64_t)(c - 'A') + 10;
		else
			return -1;
		x = x * 36 + d;
	}
	*v = x;
	return 0;
}

static uint64_t user_hash(uint64_t u)
{
	return mix64(u ^ 0x75736572u);
}

bool user_is_group(uint64_t u)
{
	const char *t = trade[user_hash(u) / 32 % 16];
	return !strcmp(t, "Labs") || !strcmp(t, "-research") || !strcmp(t, "-org") || !strcmp(t, "-lab");
}

void user_name(char out[ACCOUNT_TEXT], uint64_t u)
{
	uint64_t h = user_hash(u);
	size_t n = 0;
	const char *part[2] = { given[h % 32], trade[h / 32 % 16] };
	for (int i = 0; i < 2; i++) {
		size_t k = strlen(part[i]);
		memcpy(out + n, part[i], k);
		n += k;
	}
	token_write(out + n, u);
}

int user_find(const char *name, uint64_t nuser, uint64_t *u)
{
	size_t n = strlen(name);
	/* The number is what stands behind the words, whose length is not told: try all. */
	for (size_t k = 1; k < n && k <= 10; k++) {
		char again[ACCOUNT_TEXT];
		uint64_t v;
		if (token_read(name + n - k, &v) || v >= nuser)
			continue;
		user_name(again, v);
		if (!strcasecmp(again, name)) {
			*u = v;
			return 1;
		}
	}
	return 0;
}

/* ---- twins ---- */

struct twins {
	uint32_t *p;
	size_t n, cap;
};

static void twins_add(struct twins *t, uint64_t u)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->p = mem_grow(t->p, t->cap * sizeof *t->p);
	}
	t->p[t->n++] = (uint32_t)u;
}

/* "AdaX" + "7" and "Ada" + "x7" are one name. No other words run into each other: `word` is behind a given name, the
 * twin has none. Numbers below hi and not below lo have the same length. */
static void twins_of(struct twins *t, const char *word, uint64_t nuser)
{
	uint64_t prefix;
	if (token_read(word, &prefix) || prefix == 0)
		return;
	for (uint64_t lo = 0, hi = 36; prefix * hi < nuser; lo = hi, hi *= 36)
		for (uint64_t u = lo; u < hi && prefix * hi + u < nuser; u++) {
			char a[ACCOUNT_TEXT], b[ACCOUNT_TEXT];
			user_name(a, u);
			user_name(b, prefix * hi + u);
			if (!strcasecmp(a, b))
				twins_add(t, prefix * hi + u);
		}
}

static int cmp_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

size_t user_twins(uint64_t nuser, uint32_t **twin)
{
	struct twins t = { 0 };
	for (size_t k = 0; k < sizeof trade / sizeof trade[0]; k++)
		if (*trade[k])
			twins_of(&t, trade[k], nuser);
	size_t n = 0;
	if (t.n)
		qsort(t.p, t.n, sizeof *t.p, cmp_u32);
	for (size_t k = 0; k < t.n; k++)
		if (n == 0 || t.p[n - 1] != t.p[k])
			t.p[n++] = t.p[k];
	*twin = t.p;
	return n;
}
