/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a synthetic model. */
#include <string.h>

#include "digits.h"
#include "flagship.h"
#include "synth_draft.h"

static const struct tag languages[NLANGUAGE] = { TAG("en"), TAG("zh"), TAG("en"), TAG("es"), TAG("fr"), TAG("de"),
						 TAG("ja"), TAG("ko"), TAG("ru"), TAG("pt"), TAG("ar"), TAG("hi"),
						 TAG("it"), TAG("vi"), TAG("tr"), TAG("id"), TAG("nl"), TAG("pl"),
						 TAG("uk"), TAG("fa"), TAG("th"), TAG("sw") };

static void base_flag(struct draft *d, int f)
{
	const struct synth *s = d->kin.s;
	if (f < 0)
		return;
	struct base *b = &d->row->base[d->row->nbase];
	b->id = flagships[s->flag_of[f]].id;
	for (int k = 0; k < d->row->nbase; k++)
		if (!strcmp(d->row->base[k].id, b->id))
			return;
	synth_oid(s, MODELS, s->flag_index[f], b->oid);
	d->row->nbase++;
}

static void base_lost(struct draft *d, struct base *b)
{
	char *p = room(d->space);
	b->oid[0] = 0;
	b->id = "";
	if (!p)
		return;
	p = put_number(stpcpy(p, "vanished-lab-"), below(d, 16, 40));
	p = put_number(stpcpy(p, "/lost-model-"), 1 + below(d, 17, 13));
	b->id = keep(d->space, stpcpy(p, "B"));
}

static void base_row(struct draft *d, struct base *b)
{
	char id[ROW_ID], *p = room(d->space);
	synth_id(d->kin.s, MODELS, d->kin.parent, id);
	b->id = p ? keep(d->space, stpcpy(p, id)) : "";
	synth_oid(d->kin.s, MODELS, d->kin.parent, b->oid);
}

static void model_bases(struct draft *d)
{
	static const char *const relations[] = { NULL, "quantized", "finetune", "adapter", "merge" };
	struct row *row = d->row;
	row->relation = relations[d->kin.relation];
	if (d->kin.relation == REL_NONE)
		return;
	if (d->kin.role == ROLE_ORPHAN) {
		base_lost(d, &row->base[0]);
		row->nbase = 1;
		return;
	}
	if (d->kin.has_parent) {
		base_row(d, &row->base[0]);
		row->nbase = 1;
	} else {
		base_flag(d, d->kin.pick);
	}
	if (d->kin.relation == REL_MERGE)
		base_flag(d, synth_pick_flag(&d->kin, 1));
}

static void model_task(struct draft *d)
{
	static const char *const tasks[] = { "text-generation",
					     "text-generation",
					     "text-generation",
					     "text-classification",
					     "reinforcement-learning",
					     "text-to-image",
					     "token-classification",
					     "image-classification",
					     "automatic-speech-recognition",
					     "fill-mask",
					     "feature-extraction",
					     "sentence-similarity",
					     "question-answering",
					     "image-text-to-text",
					     "robotics",
					     "translation",
					     "summarization",
					     "text-to-speech",
					     "object-detection",
					     "audio-classification" };
	static const char *const libraries[] = { "transformers",
						 "transformers",
						 "transformers",
						 "transformers",
						 "peft",
						 "diffusers",
						 "sentence-transformers",
						 "stable-baselines3",
						 "keras",
						 "timm",
						 "lerobot",
						 "pytorch",
						 "ultralytics",
						 "mlx" };
	struct row *row = d->row;
	int f = d->kin.role == ROLE_CHILD ? d->kin.pick : d->kin.flag;
	if (f >= 0) {
		row->pipeline = flagships[d->kin.s->flag_of[f]].pipeline;
		row->library = flagships[d->kin.s->flag_of[f]].library;
	} else {
		row->pipeline = unit(d, 18) < 0.55 ? tasks[below(d, 19, COUNT(tasks))] : NULL;
		row->library = unit(d, 30) < 0.65 ? libraries[below(d, 31, COUNT(libraries))] : NULL;
	}
	if (d->kin.relation == REL_ADAPTER)
		row->library = "peft";
}

/* A packed file counts its packed elements; a GGUF repository has no safetensors at all. */
static void model_size(struct draft *d)
{
	struct row *row = d->row;
	double count = synth_billions(&d->kin) * 1e9;
	bool quantized = d->kin.relation == REL_QUANTIZED;
	const struct pack *pack = quantized ? synth_pack(&d->kin) : NULL;
	if (quantized && !strcmp(pack->tag[0], "gguf"))
		row->gguf_total = (int64_t)count;
	else if (quantized)
		row->st_total = (int64_t)(count * (strstr(pack->suffix, "8") ? 0.5 : 0.22));
	else if (d->kin.relation == REL_ADAPTER)
		row->st_total = unit(d, 32) < 0.5 ? (int64_t)(count * 0.006) : -1;
	else if (d->kin.flag >= 0 || unit(d, 33) < 0.62)
		row->st_total = (int64_t)count;
}

static void tag_word(struct draft *d, const char *word)
{
	tag_text(d, word, strlen(word), 0);
}

static void tags_files(struct draft *d)
{
	static const struct tag safetensors = TAG("safetensors"), onnx = TAG("onnx");
	static const struct tag other[2] = { TAG("pytorch"), TAG("tensorboard") };
	struct row *row = d->row;
	if (row->library)
		tag_word(d, row->library);
	tag_if(d, row->st_total >= 0, &safetensors);
	tag_if(d, row->st_total < 0 && row->gguf_total < 0, &other[!(unit(d, 34) < 0.7)]);
	tag_if(d, unit(d, 35) < 0.04, &onnx);
	if (d->kin.relation == REL_QUANTIZED)
		for (const char *const *t = synth_pack(&d->kin)->tag; *t; t++)
			if (!row->library || strcmp(row->library, *t) != 0)
				tag_word(d, *t);
}

static void tags_training(struct draft *d)
{
	static const struct tag conversational = TAG("conversational");
	static const struct tag more[] = { TAG("generated_from_trainer"),
					   TAG("trl"),
					   TAG("sft"),
					   TAG("unsloth"),
					   TAG("lora"),
					   TAG("custom_code"),
					   TAG("dpo"),
					   TAG("text-generation-inference"),
					   TAG("nlp"),
					   TAG("vision"),
					   TAG("chat"),
					   TAG("reasoning"),
					   TAG("agent"),
					   TAG("merge"),
					   TAG("mergekit") };
	const char *task = d->row->pipeline;
	tag_if(d, task && !strcmp(task, "text-generation"), &conversational);
	uint64_t n = 2 + below(d, 36, 6), first = below(d, 37, COUNT(more));
	for (uint64_t k = 0; k < n; k++)
		tag(d, &more[(first + k * 4) % COUNT(more)]);
}

static void tags_datasets(struct draft *d)
{
	static const char *const makers[] = { "HuggingFaceH4", "somebody", "open-thoughts", "mozilla-foundation" };
	for (uint64_t k = 0, m = unit(d, 38) < 0.5 ? 1 + below(d, 39, 4) : 0; k < m; k++) {
		char *p = room(d->space);
		if (!p)
			return;
		p = stpcpy(stpcpy(stpcpy(p, "dataset:"), makers[(k + d->h) % COUNT(makers)]), "/");
		tag_keep(d, put_number(stpcpy(stpcpy(p, d->row->arch), "-mix-"), below(d, 40 + 100 * k, 500)));
	}
}

/* Longer rows: the first of a thousand tags are the most used. */
static void tags_more(struct draft *d)
{
	static const char form[] = "more-topic:number-000";
	for (uint64_t k = 0; k < d->kin.s->opts.more_tags; k++) {
		double u = unit(d, 600 + k);
		unsigned n = (unsigned)(1000 * u * u);
		char *p = room(d->space), *digits;
		if (!p)
			return;
		memcpy(p, form, sizeof form);
		digits = p + sizeof form - 4;
		digits[0] = (char)('0' + n / 100);
		digits_two(digits + 1, n);
		tag_keep(d, digits + 3);
	}
}

/* base_model:ID, or with the relation base_model:RELATION:ID. */
static void tag_base(struct draft *d, const char *relation, const char *id)
{
	char *p = room(d->space);
	if (!p)
		return;
	p = stpcpy(p, "base_model:");
	if (relation)
		p = stpcpy(stpcpy(p, relation), ":");
	tag_keep(d, stpcpy(p, id));
}

static void tags_bases(struct draft *d)
{
	const struct row *row = d->row;
	for (int b = 0; b < row->nbase; b++)
		tag_base(d, NULL, row->base[b].id);
	for (int b = 0; b < row->nbase; b++)
		tag_base(d, row->relation, row->base[b].id);
}

static void tags_model(struct draft *d)
{
	static const struct tag endpoints = TAG("endpoints_compatible"), train = TAG("autotrain_compatible"),
				azure = TAG("deploy:azure"), results = TAG("eval-results");
	tags_files(d);
	tag_word(d, d->row->arch);
	if (d->row->pipeline)
		tag_word(d, d->row->pipeline);
	tags_training(d);
	tags_datasets(d);
	tags_more(d);
	draft_languages(d, languages);
	draft_papers(d, 0.15);
	tags_bases(d);
	draft_tail(d, 0.68);
	tag_if(d, unit(d, 42) < 0.6, &endpoints);
	tag_if(d, unit(d, 45) < 0.4, &train);
	tag_if(d, unit(d, 46) < 0.2, &azure);
	tag_if(d, unit(d, 43) < 0.1, &results);
}

void draft_model(struct draft *d)
{
	struct row *row = d->row;
	bool bare = d->kin.flag < 0 && unit(d, 41) < 0.12; /* fresh, undocumented */
	model_bases(d);
	model_task(d);
	row->arch = synth_arch(&d->kin);
	if (bare && !row->nbase) {
		row->pipeline = row->library = NULL;
	} else {
		model_size(d);
		tags_model(d);
	}
	draft_region(d);
}
