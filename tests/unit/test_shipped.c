// SPDX-License-Identifier: Apache-2.0
/* jobs/orgs.csv and jobs/topics.csv as shipped: what users will look for is there, and every row keeps the rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reduce/country.h"
#include "reduce/orgs.h"
#include "reduce/record.h"
#include "reduce/topics.h"
#include "tests/tap.h"

static int is_company(const struct orgs *o, const char *namespace, const char *parent)
{
	const struct org *x = orgs_find(o, namespace, strlen(namespace), 1700000000);

	return x && !strcmp(x->parent_name, parent);
}

static void test_companies(const struct orgs *o)
{
	static const struct {
		const char *parent, *country, *namespace[6];
	} cases[] = {
		{ "Baidu", "CN", { "baidu", "PaddlePaddle" } },
		{ "ByteDance", "CN", { "ByteDance", "ByteDance-Seed", "bytedance-research" } },
		{ "Tencent", "CN", { "tencent", "TencentARC", "Tencent-Hunyuan", "tencent-community", "TencentBAC" } },
		{ "Alibaba", "CN", { "Qwen", "alibaba-pai", "Alibaba-NLP", "Wan-AI", "AIDC-AI", "Tongyi-MAI" } },
		{ "Ant Group", "CN", { "inclusionAI" } },
		{ "DeepSeek", "CN", { "deepseek-ai" } },
		{ "Moonshot AI", "CN", { "moonshotai" } },
		{ "Z.ai", "CN", { "zai-org", "THUDM" } },
		{ "MiniMax", "CN", { "MiniMaxAI" } },
		{ "Google", "US", { "google", "google-bert", "google-t5" } },
		{ "Meta", "US", { "facebook", "meta-llama", "FacebookAI" } },
		{ "Microsoft", "US", { "microsoft" } },
		{ "NVIDIA", "US", { "nvidia" } },
		{ "IBM", "US", { "ibm", "ibm-granite", "ibm-research" } },
		{ "Apple", "US", { "apple" } },
		{ "Amazon", "US", { "amazon" } },
		{ "OpenAI", "US", { "openai", "openai-community" } },
		{ "Mistral AI", "FR", { "mistralai" } },
		{ "Stability AI", "GB", { "stabilityai" } },
		{ "Hugging Face",
		  "US",
		  { "HuggingFaceTB", "HuggingFaceFW", "HuggingFaceM4", "huggingface", "lerobot", "distilbert" } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct org *x = orgs_find(o, cases[i].namespace[0], strlen(cases[i].namespace[0]), 1700000000);
		int all = x && x->country >= 0 && !strcmp(country_code(x->country), cases[i].country) &&
			  x->sector == SECTOR_INDUSTRY;

		for (int j = 0; j < 6 && cases[i].namespace[j]; j++)
			all &= is_company(o, cases[i].namespace[j], cases[i].parent);
		ok(all && orgs_parent_index(o, cases[i].parent) >= 0, "shipped: %s", cases[i].parent);
	}
}

/* No namespace listed under two parents for want of care, sources given, users without a country and parents of their
 * own. */
static void test_rules(const struct orgs *o)
{
	int nname = 0, norg = 0, broken = 0, cased = 0;

	for (size_t i = 0; i < orgs_nrow(o); i++) {
		const struct org *x = orgs_row(o, i);
		int user = x->sector == SECTOR_INDIVIDUAL;

		nname += !i || strcmp(orgs_row(o, i - 1)->key, x->key) != 0;
		norg += !user;
		if (!*x->source || (user && (x->country >= 0 || strcmp(x->parent_name, x->namespace) != 0))) {
			broken++;
			diag("line %d: '%s' breaks a rule of the file", x->line, x->namespace);
		}
	}
	for (int i = 0; i < orgs_nparent(o); i++)
		for (int j = 0; j < i; j++)
			if (!strcasecmp(orgs_parent(o, i), orgs_parent(o, j)) && ++cased)
				diag("parents '%s' and '%s' differ in letter case alone", orgs_parent(o, i),
				     orgs_parent(o, j));
	ok(nname >= 450 && norg >= 150, "shipped: %d namespaces, %d of them not of single users", nname, norg);
	ok(!broken, "shipped: every row has a source; a single user has no country, and is its own parent");
	ok(!cased, "shipped: parents differ by more than letter case");
}

static void test_shipped_orgs(void)
{
	struct orgs *o = orgs_create();
	struct err e = ERR_INIT;
	char *text = NULL;
	size_t n = 0;

	if (!ok(!record_file("jobs/orgs.csv", &text, &n, &e) && !orgs_parse(o, "jobs/orgs.csv", text, n, &e),
		"shipped: orgs.csv parses"))
		diag("%s", e.text);
	test_companies(o);
	test_rules(o);
	ok(is_company(o, "sentence-transformers", "UKP Lab") && orgs_find(o, "sentence-transformers", 21, 1763000000) &&
		   !strcmp(orgs_find(o, "sentence-transformers", 21, 1763000000)->parent_name, "Hugging Face"),
	   "shipped: an organisation that changed hands");
	free(text);
	orgs_free(o);
}

static int says(const struct topics *t, const char *tag, enum topic_group group, const char *topic)
{
	const struct topic *x = NULL;
	size_t n = topics_find(t, tag, strlen(tag), &x);

	for (size_t i = 0; i < n; i++)
		if (x[i].group == group && !strcmp(x[i].name, topic))
			return 1;
	return 0;
}

static void test_shipped_topics(void)
{
	static const struct {
		const char *tag;
		enum topic_group group;
		const char *topic;
	} cases[] = {
		{ "en", TOPIC_LANGUAGE, "en" },
		{ "zh", TOPIC_LANGUAGE, "zh" },
		{ "yue", TOPIC_LANGUAGE, "yue" },
		{ "GGUF", TOPIC_FORMAT, "gguf" },
		{ "safetensors", TOPIC_FORMAT, "safetensors" },
		{ "mlx", TOPIC_FORMAT, "mlx" },
		{ "onnx", TOPIC_FORMAT, "onnx" },
		{ "gguf", TOPIC_QUANTIZATION, "gguf" },
		{ "4-bit", TOPIC_QUANTIZATION, "4-bit" },
		{ "4bit", TOPIC_QUANTIZATION, "4-bit" },
		{ "awq", TOPIC_QUANTIZATION, "awq" },
		{ "nvfp4", TOPIC_QUANTIZATION, "nvfp4" },
		{ "biology", TOPIC_SCIENCE, "biology" },
		{ "chemistry", TOPIC_SCIENCE, "chemistry" },
		{ "protein", TOPIC_SCIENCE, "protein" },
		{ "molecule", TOPIC_SCIENCE, "molecule" },
		{ "Healthcare", TOPIC_SCIENCE, "medical" },
		{ "climate", TOPIC_SCIENCE, "climate" },
		{ "physics", TOPIC_SCIENCE, "physics" },
		{ "materials", TOPIC_SCIENCE, "materials" },
		{ "LeRobot", TOPIC_ROBOTICS, "robotics" },
	};
	struct topics *t = topics_create();
	struct err e = ERR_INIT;
	const struct topic *x = NULL;
	char *text = NULL;
	size_t n = 0;
	int codes = 1;

	if (!ok(!record_file("jobs/topics.csv", &text, &n, &e) && !topics_parse(t, "jobs/topics.csv", text, n, &e),
		"shipped: topics.csv parses"))
		diag("%s", e.text);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ok(says(t, cases[i].tag, cases[i].group, cases[i].topic), "shipped: tag %s is %s %s", cases[i].tag,
		   topic_group_name(cases[i].group), cases[i].topic);
	for (size_t i = 0; i < topics_nrow(t); i++)
		if ((x = topics_row(t, i))->group == TOPIC_LANGUAGE)
			codes &= !strcmp(x->tag, x->name) && !strcmp(x->tag, x->key) &&
				 (strlen(x->tag) == 2 || strlen(x->tag) == 3);
	ok(codes && topics_count(t, TOPIC_LANGUAGE) > 184, "shipped: %d languages, each topic is its code",
	   topics_count(t, TOPIC_LANGUAGE));
	ok(topics_count(t, TOPIC_SCIENCE) == 8 && topics_count(t, TOPIC_ROBOTICS) == 1,
	   "shipped: eight sciences, and robotics");
	free(text);
	topics_free(t);
}

/* ---- against the labels of others ---- */

/* The reference says "eu" of Europe, Switzerland and the United Kingdom included. */
static const char *region(const struct org *x)
{
	static const char europe[] =
		"AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";
	const char *c = x->country >= 0 ? country_code(x->country) : "";

	if (!*c)
		return "unknown";
	return !strcmp(c, "US") ? "us" : !strcmp(c, "CN") ? "china" : strstr(europe, c) ? "eu" : "other";
}

/* A line namespace,region,notes of the reference. Returns whether both know the namespace; *differ counts. */
static int compare_line(const struct orgs *o, char *s, int *differ)
{
	const int64_t dated = 1786924800; /* 2026-08-17, the date of the reference */
	char *comma = strchr(s, ',');
	const struct org *x = comma ? orgs_find(o, s, (size_t)(comma - s), dated) : NULL;

	if (!x)
		return 0;
	comma[1 + strcspn(comma + 1, ",\r\n")] = '\0';
	if (strcmp(region(x), comma + 1) != 0) {
		++*differ;
		diag("%s: ours %s (%s, %s), theirs %s", x->namespace, region(x),
		     x->country >= 0 ? country_code(x->country) : "no country", sector_name(x->sector), comma + 1);
	}
	return 1;
}

static void test_regions(void)
{
	const char *dir = getenv("HUB_RECORDED") ? getenv("HUB_RECORDED") : getenv("RECORDED");
	struct orgs *o = orgs_create();
	char path[4096], *text = NULL, line[512];
	size_t n = 0;
	int both = 0, differ = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/org_regions.csv", dir ? dir : "../shared/hub-recorded");
	if (!(f = fopen(path, "r"))) {
		skip("labels agree with org_regions.csv", "no recorded metadata here; HUB_RECORDED names its folder");
		orgs_free(o);
		return;
	}
	ok(!record_file("jobs/orgs.csv", &text, &n, NULL) && !orgs_parse(o, "jobs/orgs.csv", text, n, NULL),
	   "shipped: orgs.csv parses again");
	while (fgets(line, sizeof line, f))
		both += compare_line(o, line, &differ);
	fclose(f);
	ok(both >= 60 && differ * 10 <= both, "labels agree with org_regions.csv: %d namespaces in both, %d differ",
	   both, differ);
	free(text);
	orgs_free(o);
}

int main(void)
{
	test_shipped_orgs();
	test_shipped_topics();
	test_regions();
	return plan_done();
}
