/* SPDX-License-Identifier: Apache-2.0 */
/* Kinship and names of synthetic repositories. A name ends in its row's number, so that an id can be found without any
 * index. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "flagship.h"
#include "synth.h"

const struct pack packs[] = {
	{ "-GGUF", { "gguf", NULL } },
	{ "-i1-GGUF", { "gguf", "imatrix", NULL } },
	{ "-AWQ", { "awq", "4-bit", NULL } },
	{ "-GPTQ-Int4", { "gptq", "4-bit", NULL } },
	{ "-bnb-4bit", { "bitsandbytes", "4-bit", NULL } },
	{ "-MLX-4bit", { "mlx", "4-bit", NULL } },
	{ "-MLX-8bit", { "mlx", "8-bit", NULL } },
	{ "-FP8", { "fp8", "compressed-tensors", NULL } },
};
const int npack = sizeof packs / sizeof packs[0];

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

enum role synth_role(const struct synth *s, uint64_t i)
{
	static const double chance[ACCOUNT_YEARS] = { 0.10, 0.18, 0.26, 0.28, 0.28 };
	enum special parent;
	if (synth_flag(s, i) >= 0)
		return ROLE_FLAGSHIP;
	if (s->nflag == 0 || synth_slotted(s, i, &parent))
		return ROLE_PLAIN;
	double u = mix_unit(mix_nth(synth_hash(s, MODELS, i), 10)) / chance[synth_year(&s->kind[MODELS], i)];
	return u < 0.72 ? ROLE_CHILD
	     : u < 0.88 ? ROLE_GRANDCHILD
	     : u < 0.94 ? ROLE_GREAT
	     : u < 1    ? ROLE_ORPHAN
			: ROLE_PLAIN;
}

int synth_pick_flag(const struct synth *s, uint64_t i, unsigned salt)
{
	int total = 0;
	for (int f = 0; f < s->nflag && s->flag_index[f] < i; f++)
		total += flagships[s->flag_of[f]].weight;
	if (total == 0)
		return -1;
	int x = (int)mix_below(mix_nth(synth_hash(s, MODELS, i), 20 + salt), (uint64_t)total);
	for (int f = 0;; f++) {
		x -= flagships[s->flag_of[f]].weight;
		if (x < 0)
			return f;
	}
}

bool synth_parent(const struct synth *s, uint64_t i, uint64_t *parent)
{
	enum role role = synth_role(s, i);
	if (i == 0 || (role != ROLE_GRANDCHILD && role != ROLE_GREAT))
		return false;
	enum role want = role == ROLE_GRANDCHILD ? ROLE_CHILD : ROLE_GRANDCHILD;
	for (unsigned t = 0; t < 24; t++) {
		uint64_t j = mix_below(mix_nth(synth_hash(s, MODELS, i), 40 + t), i);
		if (synth_role(s, j) == want) {
			*parent = j;
			return true;
		}
	}
	return false;
}

const char *synth_relation(const struct synth *s, uint64_t i)
{
	enum role role = synth_role(s, i);
	if (role == ROLE_PLAIN || role == ROLE_FLAGSHIP)
		return "";
	double u = mix_unit(mix_nth(synth_hash(s, MODELS, i), 11));
	return u < 0.42 ? "quantized" : u < 0.78 ? "finetune" : u < 0.96 ? "adapter" : "merge";
}

int synth_pack(const struct synth *s, uint64_t i)
{
	return (int)mix_below(mix_nth(synth_hash(s, MODELS, i), 12), (uint64_t)npack);
}

/* Sizes of models that come from nowhere, in billions; later years have larger ones. */
static double plain_billions(const struct synth *s, uint64_t i)
{
	static const double size[] = { 0.014, 0.067, 0.11, 0.125, 0.335, 0.56, 1.1,  1.54, 3.1,   6.9,  7.2,
				       8.0,   9.2,   13.0, 14.8,  32.8,  47.0, 70.6, 72.7, 109.0, 236.0 };
	uint64_t h = mix_nth(synth_hash(s, MODELS, i), 13);
	uint64_t span = (uint64_t)(8 + 3 * synth_year(&s->kind[MODELS], i)) + (mix_unit(h) > 0.97);
	double v = size[mix_below(mix_nth(h, 1), span)];
	return v * (0.97 + 0.06 * mix_unit(mix_nth(h, 2)));
}

double synth_billions(const struct synth *s, uint64_t i)
{
	uint64_t j;
	int f = synth_flag(s, i);
	enum role role = synth_role(s, i);
	if (f >= 0)
		return flagships[s->flag_of[f]].billions;
	if (role == ROLE_PLAIN || role == ROLE_ORPHAN)
		return plain_billions(s, i);
	if (synth_parent(s, i, &j))
		return synth_billions(s, j);
	f = synth_pick_flag(s, i, 0);
	return f >= 0 ? flagships[s->flag_of[f]].billions : plain_billions(s, i);
}

const char *synth_arch(const struct synth *s, uint64_t i)
{
	static const char *const arch[] = { "bert",   "roberta",  "llama", "gpt2",    "t5",
					    "vit",    "wav2vec2", "qwen2", "mistral", "stable-diffusion",
					    "resnet", "yolo" };
	uint64_t j;
	int f = synth_flag(s, i);
	if (f < 0 && synth_parent(s, i, &j))
		return synth_arch(s, j);
	if (f < 0 && synth_role(s, i) != ROLE_PLAIN && synth_role(s, i) != ROLE_ORPHAN)
		f = synth_pick_flag(s, i, 0);
	if (f >= 0)
		return flagships[s->flag_of[f]].arch;
	return arch[mix_below(mix_nth(synth_hash(s, MODELS, i), 14), sizeof arch / sizeof arch[0])];
}

bool synth_renamed(const struct synth *s, enum kind kind, uint64_t i)
{
	bool fixed = kind == MODELS && synth_flag(s, i) >= 0;
	return !fixed && synth_hash(s, kind, i) % 97 == 0;
}

#define WORD(h)         ONE_OF(words, h)
#define ONE_OF(list, h) (list)[(h) % (sizeof(list) / sizeof((list)[0]))]

/* What a derivative adds to the name it builds on. */
static const char *derived_suffix(const struct synth *s, uint64_t i, uint64_t h)
{
	const char *relation = synth_relation(s, i);
	if (!strcmp(relation, "quantized"))
		return packs[synth_pack(s, i)].suffix;
	if (!strcmp(relation, "adapter"))
		return h & 1 ? "-lora" : "-qlora-r16";
	if (!strcmp(relation, "merge"))
		return h & 1 ? "-slerp" : "-TIES";
	return ONE_OF(tuned, h);
}

static int model_name(const struct synth *s, uint64_t i, char *out, size_t room)
{
	uint64_t h = mix_nth(synth_hash(s, MODELS, i), 15), j;
	enum role role = synth_role(s, i);
	int f = -1;
	if (role == ROLE_CHILD || (role != ROLE_PLAIN && role != ROLE_ORPHAN && !synth_parent(s, i, &j)))
		f = synth_pick_flag(s, i, 0);
	if (f >= 0)
		return snprintf(out, room, "%s%s", strchr(flagships[s->flag_of[f]].id, '/') + 1,
				derived_suffix(s, i, h >> 20));
	if (role != ROLE_PLAIN)
		return snprintf(out, room, "%s-%s%s", WORD(h), WORD(h >> 8), derived_suffix(s, i, h >> 20));
	double b = synth_billions(s, i);
	if (h >> 40 & 1)
		return snprintf(out, room, "%s-%s-%s", synth_arch(s, i), WORD(h), WORD(h >> 8));
	if (b < 1)
		return snprintf(out, room, "%s-%s-%.0fM", synth_arch(s, i), WORD(h), b * 1000);
	return snprintf(out, room, "%s-%s-%.0fB", WORD(h), synth_arch(s, i), b);
}

void synth_id(const struct synth *s, enum kind kind, uint64_t i, char id[ROW_ID])
{
	uint64_t h = mix_nth(synth_hash(s, kind, i), 15);
	int f = kind == MODELS ? synth_flag(s, i) : -1, n;
	char name[80], owner[ACCOUNT_TEXT];
	if (f >= 0) {
		str_put(id, ROW_ID, flagships[s->flag_of[f]].id);
		return;
	}
	synth_owner(s, kind, i, owner);
	if (kind == MODELS)
		model_name(s, i, name, sizeof name);
	else if (kind == DATASETS)
		snprintf(name, sizeof name, "%s_%s", WORD(h), ONE_OF(topics, h >> 8));
	else
		snprintf(name, sizeof name, "%s-%s", WORD(h), ONE_OF(demos, h >> 8));
	n = snprintf(id, ROW_ID, "%s/%s%s-", owner,
		     h >> 50 & 511 ? "" : "a-rather-long-name-that-somebody-chose-for-it.", name);
	token_write(id + n, i);
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
