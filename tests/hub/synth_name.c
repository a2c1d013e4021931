/* SPDX-License-Identifier: Apache-2.0 */
/* Names of synthetic repositories. A name ends in its row's number, so that an id can be found without any index. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "flagship.h"
#include "synth.h"

static const char *const words[] = { "aurora", "Basil",   "cobalt",  "delta",  "Ember",  "fjord",  "Granit", "halo",
				     "Indigo", "juniper", "Krypton", "lumen",  "Marble", "nimbus", "Onyx",   "pepper",
				     "quartz", "Raven",   "sable",   "Tundra", "umbra",  "Vesper", "willow", "Xenon",
				     "yarrow", "Zephyr",  "atlas",   "Birch",  "comet",  "Dune",   "echo",   "Flint" };
static const char *const tuned[] = { "-sft",  "-dpo",       "-Instruct-zh", "-medical", "-finetuned-squad",
				     "-chat", "-Reasoning", "-code",        "-ft-v2",   "-GRPO" };
static const char *const topics[] = { "dataset", "corpus",    "QA",          "instruct-mix", "speech",
				      "images",  "benchmark", "preferences", "traces",       "eval-results" };
static const char *const demos[] = {
	"demo", "chat", "playground", "Leaderboard", "image-gen", "tts", "agent", "viewer"
};

bool synth_renamed(const struct synth *s, enum kind kind, uint64_t i)
{
	bool fixed = kind == MODELS && synth_flag(s, i) >= 0;
	return !fixed && synth_hash(s, kind, i) % 97 == 0;
}

#define WORD(h)         ONE_OF(words, h)
#define ONE_OF(list, h) (list)[(h) % (sizeof(list) / sizeof((list)[0]))]

/* What a derivative adds to the name it builds on. */
static const char *derived_suffix(const struct kin *k, uint64_t h)
{
	switch (k->relation) {
	case REL_QUANTIZED:
		return synth_pack(k)->suffix;
	case REL_ADAPTER:
		return h & 1 ? "-lora" : "-qlora-r16";
	case REL_MERGE:
		return h & 1 ? "-slerp" : "-TIES";
	default:
		return ONE_OF(tuned, h);
	}
}

/* Up to three parts at p; returns the end. */
static char *join(char *p, const char *a, const char *b, const char *c)
{
	return stpcpy(stpcpy(stpcpy(p, a), b), c);
}

/* A number of parameters, to the nearest billion or million. */
static char *put_size(char *p, double billions)
{
	char digits[24], *t = digits + sizeof digits;
	uint64_t v = (uint64_t)llrint(billions < 1 ? billions * 1000 : billions);
	*--t = 0;
	*--t = billions < 1 ? 'M' : 'B';
	do
		*--t = (char)('0' + v % 10);
	while (v /= 10);
	return stpcpy(p, t);
}

static char *model_name(const struct kin *k, uint64_t h, char *p)
{
	if (k->pick >= 0)
		return join(p, strchr(flagships[k->s->flag_of[k->pick]].id, '/') + 1, derived_suffix(k, h >> 20), "");
	if (k->role != ROLE_PLAIN)
		return stpcpy(join(p, WORD(h), "-", WORD(h >> 8)), derived_suffix(k, h >> 20));
	double b = synth_billions(k);
	const char *arch = synth_arch(k);
	if (h >> 40 & 1)
		return join(join(p, arch, "-", WORD(h)), "-", WORD(h >> 8), "");
	return put_size(b < 1 ? join(join(p, arch, "-", WORD(h)), "-", "", "")
			      : join(join(p, WORD(h), "-", arch), "-", "", ""),
			b);
}

size_t synth_id_kin(const struct kin *k, char id[ROW_ID])
{
	uint64_t h = mix_nth(k->h, 15);
	if (k->flag >= 0) {
		str_put(id, ROW_ID, flagships[k->s->flag_of[k->flag]].id);
		return strlen(id);
	}
	struct owner w = synth_owner_kin(k);
	synth_owner_name(&w, id);
	char *p = join(id + strlen(id), "/", h >> 50 & 511 ? "" : "a-rather-long-name-that-somebody-chose-for-it.", "");
	if (k->kind == MODELS)
		p = model_name(k, h, p);
	else if (k->kind == DATASETS)
		p = join(p, WORD(h), "_", ONE_OF(topics, h >> 8));
	else
		p = join(p, WORD(h), "-", ONE_OF(demos, h >> 8));
	*p++ = '-';
	return (size_t)(p - id) + token_write(p, k->i);
}

void synth_id(const struct synth *s, enum kind kind, uint64_t i, char id[ROW_ID])
{
	struct kin k;
	synth_kin(s, kind, i, synth_pos(s, kind, SORT_DOWNLOADS, i), &k);
	synth_line(&k);
	synth_id_kin(&k, id);
}

/* The row of an id that has its present name. */
static bool find_now(const struct synth *s, enum kind kind, const char *id, uint64_t *i)
{
	char again[ROW_ID];
	const char *dash = strrchr(id, '-');
	for (int f = 0; kind == MODELS && f < s->nflag; f++)
		if (!strcasecmp(flagships[s->flag_of[f]].id, id)) {
			*i = s->flag_index[f];
			return true;
		}
	if (!dash || token_read(dash + 1, i) || *i >= s->kind[kind].n)
		return false;
	synth_id(s, kind, *i, again);
	return !strcasecmp(again, id);
}

int synth_find(const struct synth *s, enum kind kind, const char *id, uint64_t *i)
{
	char now[2 * ROW_ID];
	const char *slash = strchr(id, '/');
	if (find_now(s, kind, id, i))
		return 1;
	if (!slash || strncasecmp(slash + 1, "old-", 4) != 0 || strlen(id) >= ROW_ID)
		return 0;
	snprintf(now, sizeof now, "%.*s/%s", (int)(slash - id), id, slash + 5);
	return find_now(s, kind, now, i) && synth_renamed(s, kind, *i) ? 2 : 0;
}
