/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a synthetic row. */
#include <stdio.h>
#include <string.h>

#include "digits.h"
#include "flagship.h"
#include "synth.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct draft {
	struct kin kin;
	uint64_t h; /* kin.h */
	struct row *row;
	struct row_space *space;
};

/* Room for a string of less than ROOM bytes in the row's space, or NULL; keep() takes what was written of it. */
enum { ROOM = 256 };

static char *room(struct row_space *sp)
{
	return sp->used + ROOM <= ROW_TEXT ? sp->text + sp->used : NULL;
}

/* end: behind the string, where its NUL goes. */
static const char *keep(struct row_space *sp, char *end)
{
	const char *s = sp->text + sp->used;
	*end = 0;
	sp->used = (size_t)(end + 1 - sp->text);
	return s;
}

static char *put_number(char *p, uint64_t v)
{
	char t[24];
	size_t at = sizeof t;
	do
		t[--at] = (char)('0' + v % 10);
	while (v /= 10);
	memcpy(p, t + at, sizeof t - at);
	return p + sizeof t - at;
}

static void tag(struct draft *d, const char *t)
{
	if (d->row->ntags < ROW_TAGS && *t)
		d->space->tags[d->row->ntags++] = t;
}

/* "prefix" and "value" as one tag. */
static inline void tag2(struct draft *d, const char *prefix, const char *value)
{
	char *p = room(d->space);
	size_t a = strlen(prefix), b = strlen(value);
	if (!p || a + b >= ROOM)
		return;
	memcpy(p, prefix, a);
	memcpy(p + a, value, b);
	tag(d, keep(d->space, p + a + b));
}

static double unit(const struct draft *d, uint64_t salt)
{
	return mix_unit(mix_nth(d->h, salt));
}

static uint64_t below(const struct draft *d, uint64_t salt, uint64_t n)
{
	return mix_below(mix_nth(d->h, salt), n);
}

static const char *const languages[] = { "en", "zh", "en", "es", "fr", "de", "ja", "ko", "ru", "pt", "ar",
					 "hi", "it", "vi", "tr", "id", "nl", "pl", "uk", "fa", "th", "sw" };
static const char *const licenses[] = { "apache-2.0",   "apache-2.0",   "mit",      "apache-2.0",  "other",
					"mit",          "cc-by-4.0",    "llama3.1", "openrail",    "gemma",
					"cc-by-nc-4.0", "bsd-3-clause", "unknown",  "cc-by-sa-4.0" };
static const char *const sciences[] = { "biology", "chemistry", "protein", "molecule",
					"medical", "climate",   "physics", "materials" };
static const char *const odd_tags[] = { "日本語",    "العربية",       "émotion",     "say \"hello\"", "a<b>&c",
					"tab\there", "ключ:значение", "back\\slash", "🤗" };

static void tags_languages(struct draft *d, const char *prefix)
{
	if (unit(d, 60) > 0.5)
		return;
	uint64_t n = unit(d, 61) < 0.85 ? 1 : 2 + below(d, 62, 8), first = below(d, 63, COUNT(languages));
	for (uint64_t k = 0; k < n; k++) {
		const char *l = languages[(first + k * 5) % COUNT(languages)];
		bool again = false;
		for (uint64_t j = 0; j < k; j++)
			again |= !strcmp(languages[(first + j * 5) % COUNT(languages)], l);
		if (!again)
			tag2(d, prefix, l);
	}
}

static void tags_tail(struct draft *d, double licensed)
{
	if (unit(d, 70) < 0.008)
		tag(d, odd_tags[below(d, 71, COUNT(odd_tags))]);
	if (unit(d, 72) < 0.015)
		tag(d, sciences[below(d, 73, COUNT(sciences))]);
	if (unit(d, 74) < licensed)
		tag2(d, "license:", licenses[below(d, 75, COUNT(licenses))]);
}

static void tags_papers(struct draft *d, double chance)
{
	char *p = room(d->space);
	if (unit(d, 76) >= chance || !p)
		return;
	unsigned month = (unsigned)(1801 + below(d, 77, 8) * 100 + below(d, 78, 12)), n = (unsigned)below(d, 79, 20000);
	memcpy(p, "arxiv:0000.00000", 16);
	digits_two(p + 6, month / 100);
	digits_two(p + 8, month);
	p[11] = (char)('0' + n / 10000);
	digits_two(p + 12, n / 100);
	digits_two(p + 14, n);
	tag(d, keep(d->space, p + 16));
}

/* ---- models ---- */

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

static void tags_files(struct draft *d)
{
	struct row *row = d->row;
	if (row->library)
		tag(d, row->library);
	if (row->st_total >= 0)
		tag(d, "safetensors");
	if (row->st_total < 0 && row->gguf_total < 0)
		tag(d, unit(d, 34) < 0.7 ? "pytorch" : "tensorboard");
	if (unit(d, 35) < 0.04)
		tag(d, "onnx");
	if (d->kin.relation == REL_QUANTIZED)
		for (const char *const *t = synth_pack(&d->kin)->tag; *t; t++)
			if (!row->library || strcmp(row->library, *t) != 0)
				tag(d, *t);
}

static void tags_training(struct draft *d)
{
	static const char *const more[] = { "generated_from_trainer",
					    "trl",
					    "sft",
					    "unsloth",
					    "lora",
					    "custom_code",
					    "dpo",
					    "text-generation-inference",
					    "nlp",
					    "vision",
					    "chat",
					    "reasoning",
					    "agent",
					    "merge",
					    "mergekit" };
	struct row *row = d->row;
	if (row->pipeline && !strcmp(row->pipeline, "text-generation"))
		tag(d, "conversational");
	uint64_t n = 2 + below(d, 36, 6), first = below(d, 37, COUNT(more));
	for (uint64_t k = 0; k < n; k++)
		tag(d, more[(first + k * 4) % COUNT(more)]);
	static const char *const makers[] = { "HuggingFaceH4", "somebody", "open-thoughts", "mozilla-foundation" };
	for (uint64_t k = 0, m = unit(d, 38) < 0.5 ? 1 + below(d, 39, 4) : 0; k < m; k++) {
		char *p = room(d->space);
		if (!p)
			return;
		p = stpcpy(stpcpy(stpcpy(p, "dataset:"), makers[(k + d->h) % COUNT(makers)]), "/");
		p = put_number(stpcpy(stpcpy(p, row->arch), "-mix-"), below(d, 40 + 100 * k, 500));
		tag(d, keep(d->space, p));
	}
}

/* Longer rows: the first of a thousand tags are the most used. */
static void tags_more(struct draft *d)
{
	for (uint64_t k = 0; k < d->kin.s->opts.more_tags; k++) {
		double u = unit(d, 600 + k);
		int n = (int)(1000 * u * u);
		const char digits[] = { (char)('0' + n / 100), (char)('0' + n / 10 % 10), (char)('0' + n % 10), 0 };
		tag2(d, "more-topic:number-", digits);
	}
}

static void tags_bases(struct draft *d)
{
	struct row *row = d->row;
	char prefix[64];
	for (int b = 0; b < row->nbase; b++)
		tag2(d, "base_model:", row->base[b].id);
	snprintf(prefix, sizeof prefix, "base_model:%s:", row->relation ? row->relation : "");
	for (int b = 0; b < row->nbase; b++)
		tag2(d, prefix, row->base[b].id);
}

static void model(struct draft *d)
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
		tags_files(d);
		tag(d, row->arch);
		if (row->pipeline)
			tag(d, row->pipeline);
		tags_training(d);
		tags_more(d);
		tags_languages(d, "");
		tags_papers(d, 0.15);
		tags_bases(d);
		tags_tail(d, 0.68);
		if (unit(d, 42) < 0.6)
			tag(d, "endpoints_compatible");
		if (unit(d, 45) < 0.4)
			tag(d, "autotrain_compatible");
		if (unit(d, 46) < 0.2)
			tag(d, "deploy:azure");
		if (unit(d, 43) < 0.1)
			tag(d, "eval-results");
	}
	tag(d, unit(d, 44) < 0.999 ? "region:us" : "region:eu");
}

/* ---- datasets ---- */

static void tags_tasks(struct draft *d)
{
	/* Most used first; the k-th has 5 % less than the one before it. */
	static const char *const tasks[] = { "text-generation",
					     "question-answering",
					     "text-classification",
					     "image-classification",
					     "translation",
					     "summarization",
					     "text-to-image",
					     "feature-extraction",
					     "token-classification",
					     "fill-mask",
					     "automatic-speech-recognition",
					     "text-retrieval",
					     "visual-question-answering",
					     "image-to-text",
					     "object-detection",
					     "image-segmentation",
					     "text-to-speech",
					     "audio-classification",
					     "zero-shot-classification",
					     "sentence-similarity",
					     "multiple-choice",
					     "reinforcement-learning",
					     "table-question-answering",
					     "image-to-image",
					     "text-to-video",
					     "video-classification",
					     "tabular-classification",
					     "time-series-forecasting",
					     "other",
					     "image-text-to-text",
					     "video-text-to-text",
					     "image-feature-extraction",
					     "depth-estimation",
					     "text-ranking",
					     "audio-to-audio",
					     "text-to-audio",
					     "image-to-video",
					     "tabular-regression",
					     "mask-generation",
					     "zero-shot-image-classification",
					     "unconditional-image-generation",
					     "document-question-answering",
					     "visual-document-retrieval" };
	double u = unit(d, 80), p = 0.036;
	for (size_t k = 0; k < COUNT(tasks); k++, p *= 0.95) {
		u -= p;
		if (u < 0) {
			tag2(d, "task_categories:", tasks[k]);
			if (unit(d, 81) < 0.1)
				tag2(d, "task_categories:", tasks[(k + 3) % COUNT(tasks)]);
			return;
		}
	}
}

static void tags_robotics(struct draft *d)
{
	tag(d, "task_categories:robotics");
	tags_tail(d, 0.95);
	tag(d, "size_categories:1K<n<10K");
	tag(d, "format:parquet");
	tag(d, "modality:tabular");
	tag(d, "modality:timeseries");
	tag(d, "modality:video");
	tag(d, "library:datasets");
	tag(d, "LeRobot");
	tag(d, unit(d, 82) < 0.6 ? "so101" : "so100");
}

static void tags_data(struct draft *d)
{
	static const char *const sizes[] = { "n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M" };
	static const char *const formats[] = { "parquet", "json",  "csv",        "imagefolder",
					       "text",    "arrow", "webdataset", "audiofolder" };
	static const char *const modes[] = { "text",  "text",       "text", "image",      "tabular", "audio",
					     "video", "timeseries", "3d",   "geospatial", "document" };
	static const char *const library[] = { "datasets", "pandas", "mlcroissant", "polars", "dask" };
	tags_tasks(d);
	tags_languages(d, "language:");
	tags_tail(d, 0.45);
	if (unit(d, 83) < 0.8) {
		tag2(d, "size_categories:", sizes[below(d, 84, COUNT(sizes))]);
		tag2(d, "format:", formats[below(d, 85, COUNT(formats))]);
		tag2(d, "modality:", modes[below(d, 86, COUNT(modes))]);
		for (uint64_t k = 0, n = 1 + below(d, 87, COUNT(library)); k < n; k++)
			tag2(d, "library:", library[k]);
	}
	tags_papers(d, 0.06);
}

static void dataset(struct draft *d)
{
	/* Robotics: 1,145 datasets at the end of 2024, 26,991 at the end of 2025, of 288 and 672 thousand. */
	static const double robotics[ACCOUNT_YEARS] = { 0.0012, 0.0022, 0.0051, 0.0673, 0.09 };
	if (unit(d, 88) < robotics[d->kin.year])
		tags_robotics(d);
	else
		tags_data(d);
	tag(d, unit(d, 44) < 0.999 ? "region:us" : "region:eu");
}

/* ---- Spaces ---- */

static void space(struct draft *d)
{
	static const char *const sdks[] = { "gradio", "gradio", "gradio", "gradio",
					    "static", "docker", "docker", "streamlit" };
	struct row *row = d->row;
	row->sdk = unit(d, 90) < 0.985 ? sdks[below(d, 91, COUNT(sdks))] : NULL;
	if (row->sdk)
		tag(d, row->sdk);
	if (unit(d, 92) < 0.1)
		tag(d, "mcp-server");
	tags_tail(d, 0);
	tag(d, "region:us");
}

static void flags(struct draft *d)
{
	struct row *row = d->row;
	double u = unit(d, 50);
	row->disabled = unit(d, 51) < 0.0005;
	row->gated = d->kin.kind == SPACES ? GATED_ABSENT
		   : u < 0.022             ? GATED_AUTO
		   : u < 0.029             ? GATED_MANUAL
					   : GATED_FALSE;
}

/* owner/name, and the owner. */
static void name(struct draft *d)
{
	struct row_space *sp = d->space;
	char *id = room(sp);
	size_t n = synth_id_kin(&d->kin, id), nowner = (size_t)(strchr(id, '/') - id);
	d->row->id = keep(sp, id + n);
	char *owner = room(sp);
	memcpy(owner, id, nowner);
	d->row->author = keep(sp, owner + nowner);
}

void synth_row(const struct synth *s, enum kind kind, uint64_t i, struct row *row, struct row_space *sp)
{
	static void (*const fill[NKIND])(struct draft *) = { model, dataset, space };
	struct draft d = { .row = row, .space = sp };
	synth_kin(s, kind, i, &d.kin);
	synth_line(&d.kin);
	d.h = d.kin.h;
	*row = (struct row){
		.kind = kind, .index = i, .hash = d.h, .st_total = -1, .gguf_total = -1, .tags = sp->tags
	};
	sp->used = 0;
	synth_counts(&d.kin, row);
	synth_oid(s, kind, i, row->oid);
	name(&d);
	flags(&d);
	fill[kind](&d);
}
