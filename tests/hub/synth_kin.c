/* SPDX-License-Identifier: Apache-2.0 */
/* Kinship of synthetic models: what a model is made from, and what follows from that. */
#include "flagship.h"
#include "synth.h"

static enum role role_of(const struct synth *s, uint64_t i, uint64_t h)
{
	static const double chance[ACCOUNT_YEARS] = { 0.10, 0.18, 0.26, 0.28, 0.28 };
	enum special publisher;
	bool special = sieve_may(&s->special, i);
	if (special && synth_flag(s, i) >= 0)
		return ROLE_FLAGSHIP;
	if (s->nflag == 0 || (special && synth_slotted(s, i, &publisher)))
		return ROLE_PLAIN;
	double u = mix_unit(mix_nth(h, 10)) / chance[synth_year(&s->kind[MODELS], i)];
	if (u >= 1)
		return ROLE_PLAIN;
	return u < 0.72 ? ROLE_CHILD : u < 0.88 ? ROLE_GRANDCHILD : u < 0.94 ? ROLE_GREAT : ROLE_ORPHAN;
}

static enum relation relation_of(enum role role, uint64_t h)
{
	if (role == ROLE_PLAIN || role == ROLE_FLAGSHIP)
		return REL_NONE;
	double u = mix_unit(mix_nth(h, 11));
	return u < 0.42 ? REL_QUANTIZED : u < 0.78 ? REL_FINETUNE : u < 0.96 ? REL_ADAPTER : REL_MERGE;
}

void synth_kin(const struct synth *s, enum kind kind, uint64_t i, uint64_t rank, struct kin *k)
{
	*k = (struct kin){ .s = s,
			   .kind = kind,
			   .i = i,
			   .h = synth_hash(s, kind, i),
			   .year = synth_year(&s->kind[kind], i),
			   .rank = rank,
			   .flag = -1,
			   .pick = -1,
			   .root_flag = -1,
			   .root = i };
	if (kind != MODELS)
		return;
	if (sieve_may(&s->special, i)) {
		k->flag = synth_flag(s, i);
		k->slotted = synth_slotted(s, i, &k->publisher);
	}
	k->role = role_of(s, i, k->h);
	k->relation = relation_of(k->role, k->h);
}

/* The first flagship whose weight and those before it exceed x. */
static int flag_at(const struct synth *s, int x)
{
	int f = 0;
	while (s->flag_weight[f + 1] <= x)
		f++;
	return f;
}

int synth_pick_flag(const struct kin *k, unsigned salt)
{
	const struct synth *s = k->s;
	int older = s->nflag;
	while (older > 0 && s->flag_index[older - 1] >= k->i)
		older--;
	int total = s->flag_weight[older];
	return total ? flag_at(s, (int)mix_below(mix_nth(k->h, 20 + salt), (uint64_t)total)) : -1;
}

/* A row before this one that has the role of a parent; in a few tries, or none. */
static bool find_parent(const struct kin *k, uint64_t *parent)
{
	if (k->i == 0 || (k->role != ROLE_GRANDCHILD && k->role != ROLE_GREAT))
		return false;
	enum role want = k->role == ROLE_GRANDCHILD ? ROLE_CHILD : ROLE_GRANDCHILD;
	for (unsigned t = 0; t < 24; t++) {
		uint64_t j = mix_below(mix_nth(k->h, 40 + t), k->i);
		if (role_of(k->s, j, synth_hash(k->s, MODELS, j)) == want) {
			*parent = j;
			return true;
		}
	}
	return false;
}

void synth_line(struct kin *k)
{
	k->root_flag = k->flag;
	if (k->role == ROLE_PLAIN || k->role == ROLE_FLAGSHIP || k->role == ROLE_ORPHAN)
		return;
	k->has_parent = find_parent(k, &k->parent);
	if (k->has_parent) {
		struct kin up;
		synth_kin(k->s, MODELS, k->parent, 0, &up);
		synth_line(&up);
		k->root_flag = up.root_flag;
		k->root = up.root;
	} else {
		k->pick = k->root_flag = synth_pick_flag(k, 0);
	}
}

const struct pack *synth_pack(const struct kin *k)
{
	static const struct pack packs[] = {
		{ "-GGUF", { "gguf", NULL } },
		{ "-i1-GGUF", { "gguf", "imatrix", NULL } },
		{ "-AWQ", { "awq", "4-bit", NULL } },
		{ "-GPTQ-Int4", { "gptq", "4-bit", NULL } },
		{ "-bnb-4bit", { "bitsandbytes", "4-bit", NULL } },
		{ "-MLX-4bit", { "mlx", "4-bit", NULL } },
		{ "-MLX-8bit", { "mlx", "8-bit", NULL } },
		{ "-FP8", { "fp8", "compressed-tensors", NULL } },
	};
	return &packs[mix_below(mix_nth(k->h, 12), sizeof packs / sizeof packs[0])];
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

double synth_billions(const struct kin *k)
{
	return k->root_flag >= 0 ? flagships[k->s->flag_of[k->root_flag]].billions : plain_billions(k->s, k->root);
}

const char *synth_arch(const struct kin *k)
{
	static const char *const arch[] = { "bert",   "roberta",  "llama", "gpt2",    "t5",
					    "vit",    "wav2vec2", "qwen2", "mistral", "stable-diffusion",
					    "resnet", "yolo" };
	if (k->root_flag >= 0)
		return flagships[k->s->flag_of[k->root_flag]].arch;
	return arch[mix_below(mix_nth(synth_hash(k->s, MODELS, k->root), 14), sizeof arch / sizeof arch[0])];
}
