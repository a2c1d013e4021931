/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a synthetic row: what all kinds have, datasets and Spaces. */
#include <string.h>

#include "digits.h"
#include "synth_draft.h"

static const struct tag licenses[] = {
	TAG("license:apache-2.0"), TAG("license:apache-2.0"),  TAG("license:mit"),          TAG("license:apache-2.0"),
	TAG("license:other"),      TAG("license:mit"),         TAG("license:cc-by-4.0"),    TAG("license:llama3.1"),
	TAG("license:openrail"),   TAG("license:gemma"),       TAG("license:cc-by-nc-4.0"), TAG("license:bsd-3-clause"),
	TAG("license:unknown"),    TAG("license:cc-by-sa-4.0")
};
static const struct tag sciences[] = { TAG("biology"), TAG("chemistry"), TAG("protein"), TAG("molecule"),
				       TAG("medical"), TAG("climate"),   TAG("physics"), TAG("materials") };
static const struct tag odd_tags[] = { TAG("日本語"),        TAG("العربية"),
				       TAG("émotion"),       TAG_ESCAPED("say \"hello\"", "say \\\"hello\\\""),
				       TAG("a<b>&c"),        TAG_ESCAPED("tab\there", "tab\\there"),
				       TAG("ключ:значение"), TAG_ESCAPED("back\\slash", "back\\\\slash"),
				       TAG("🤗") };

/* list: NLANGUAGE tags, the first twice. */
void draft_languages(struct draft *d, const struct tag *list)
{
	uint64_t first = below(d, 63, NLANGUAGE);
	bool some = unit(d, 60) <= 0.5;
	tag_if(d, some, &list[first]);
	if (!some || unit(d, 61) < 0.85)
		return;
	for (uint64_t k = 1, n = 2 + below(d, 62, 8); k < n; k++) {
		const struct tag *t = &list[(first + k * 5) % NLANGUAGE];
		bool again = false;
		for (uint64_t j = 0; j < k; j++)
			again |= !strcmp(list[(first + j * 5) % NLANGUAGE].text, t->text);
		tag_if(d, !again, t);
	}
}

void draft_tail(struct draft *d, double licensed)
{
	if (unit(d, 70) < 0.008)
		tag(d, &odd_tags[below(d, 71, COUNT(odd_tags))]);
	if (unit(d, 72) < 0.015)
		tag(d, &sciences[below(d, 73, COUNT(sciences))]);
	tag_if(d, unit(d, 74) < licensed, &licenses[below(d, 75, COUNT(licenses))]);
}

void draft_papers(struct draft *d, double chance)
{
	char *p = room(d->space);
	if (unit(d, 76) >= chance || !p)
		return;
	unsigned month = (unsigned)(1801 + below(d, 77, 8) * 100 + below(d, 78, 12)), n = (unsigned)below(d, 79, 20000);
	static const char form[] = "arxiv:0000.00000";
	memcpy(p, form, sizeof form);
	digits_two(p + 6, month / 100);
	digits_two(p + 8, month);
	p[11] = (char)('0' + n / 10000);
	digits_two(p + 12, n / 100);
	digits_two(p + 14, n);
	tag_keep(d, p + 16);
}

void draft_region(struct draft *d)
{
	static const struct tag regions[2] = { TAG("region:us"), TAG("region:eu") };
	tag(d, &regions[!(unit(d, 44) < 0.999)]);
}

/* ---- datasets ---- */

static void tags_tasks(struct draft *d)
{
	/* Most used first; the k-th has 5 % less than the one before it. */
	static const struct tag tasks[] = { TAG("task_categories:text-generation"),
					    TAG("task_categories:question-answering"),
					    TAG("task_categories:text-classification"),
					    TAG("task_categories:image-classification"),
					    TAG("task_categories:translation"),
					    TAG("task_categories:summarization"),
					    TAG("task_categories:text-to-image"),
					    TAG("task_categories:feature-extraction"),
					    TAG("task_categories:token-classification"),
					    TAG("task_categories:fill-mask"),
					    TAG("task_categories:automatic-speech-recognition"),
					    TAG("task_categories:text-retrieval"),
					    TAG("task_categories:visual-question-answering"),
					    TAG("task_categories:image-to-text"),
					    TAG("task_categories:object-detection"),
					    TAG("task_categories:image-segmentation"),
					    TAG("task_categories:text-to-speech"),
					    TAG("task_categories:audio-classification"),
					    TAG("task_categories:zero-shot-classification"),
					    TAG("task_categories:sentence-similarity"),
					    TAG("task_categories:multiple-choice"),
					    TAG("task_categories:reinforcement-learning"),
					    TAG("task_categories:table-question-answering"),
					    TAG("task_categories:image-to-image"),
					    TAG("task_categories:text-to-video"),
					    TAG("task_categories:video-classification"),
					    TAG("task_categories:tabular-classification"),
					    TAG("task_categories:time-series-forecasting"),
					    TAG("task_categories:other"),
					    TAG("task_categories:image-text-to-text"),
					    TAG("task_categories:video-text-to-text"),
					    TAG("task_categories:image-feature-extraction"),
					    TAG("task_categories:depth-estimation"),
					    TAG("task_categories:text-ranking"),
					    TAG("task_categories:audio-to-audio"),
					    TAG("task_categories:text-to-audio"),
					    TAG("task_categories:image-to-video"),
					    TAG("task_categories:tabular-regression"),
					    TAG("task_categories:mask-generation"),
					    TAG("task_categories:zero-shot-image-classification"),
					    TAG("task_categories:unconditional-image-generation"),
					    TAG("task_categories:document-question-answering"),
					    TAG("task_categories:visual-document-retrieval") };
	double u = unit(d, 80), p = 0.036;
	for (size_t k = 0; k < COUNT(tasks); k++, p *= 0.95) {
		u -= p;
		if (u < 0) {
			tag(d, &tasks[k]);
			if (unit(d, 81) < 0.1)
				tag(d, &tasks[(k + 3) % COUNT(tasks)]);
			return;
		}
	}
}

static void tags_robotics(struct draft *d)
{
	static const struct tag task = TAG("task_categories:robotics"), arms[2] = { TAG("so101"), TAG("so100") };
	static const struct tag data[] = { TAG("size_categories:1K<n<10K"),
					   TAG("format:parquet"),
					   TAG("modality:tabular"),
					   TAG("modality:timeseries"),
					   TAG("modality:video"),
					   TAG("library:datasets"),
					   TAG("LeRobot") };
	tag(d, &task);
	draft_tail(d, 0.95);
	for (size_t k = 0; k < COUNT(data); k++)
		tag(d, &data[k]);
	tag(d, &arms[!(unit(d, 82) < 0.6)]);
}

static void tags_data(struct draft *d)
{
	static const struct tag languages[NLANGUAGE] = {
		TAG("language:en"), TAG("language:zh"), TAG("language:en"), TAG("language:es"), TAG("language:fr"),
		TAG("language:de"), TAG("language:ja"), TAG("language:ko"), TAG("language:ru"), TAG("language:pt"),
		TAG("language:ar"), TAG("language:hi"), TAG("language:it"), TAG("language:vi"), TAG("language:tr"),
		TAG("language:id"), TAG("language:nl"), TAG("language:pl"), TAG("language:uk"), TAG("language:fa"),
		TAG("language:th"), TAG("language:sw")
	};
	static const struct tag sizes[] = { TAG("size_categories:n<1K"),       TAG("size_categories:1K<n<10K"),
					    TAG("size_categories:10K<n<100K"), TAG("size_categories:100K<n<1M"),
					    TAG("size_categories:1M<n<10M"),   TAG("size_categories:10M<n<100M") };
	static const struct tag formats[] = { TAG("format:parquet"),     TAG("format:json"),       TAG("format:csv"),
					      TAG("format:imagefolder"), TAG("format:text"),       TAG("format:arrow"),
					      TAG("format:webdataset"),  TAG("format:audiofolder") };
	static const struct tag modes[] = { TAG("modality:text"),    TAG("modality:text"),
					    TAG("modality:text"),    TAG("modality:image"),
					    TAG("modality:tabular"), TAG("modality:audio"),
					    TAG("modality:video"),   TAG("modality:timeseries"),
					    TAG("modality:3d"),      TAG("modality:geospatial"),
					    TAG("modality:document") };
	static const struct tag library[] = { TAG("library:datasets"), TAG("library:pandas"),
					      TAG("library:mlcroissant"), TAG("library:polars"), TAG("library:dask") };
	tags_tasks(d);
	draft_languages(d, languages);
	draft_tail(d, 0.45);
	if (unit(d, 83) < 0.8) {
		tag(d, &sizes[below(d, 84, COUNT(sizes))]);
		tag(d, &formats[below(d, 85, COUNT(formats))]);
		tag(d, &modes[below(d, 86, COUNT(modes))]);
		for (uint64_t k = 0, n = 1 + below(d, 87, COUNT(library)); k < n; k++)
			tag(d, &library[k]);
	}
	draft_papers(d, 0.06);
}

static void dataset(struct draft *d)
{
	/* Robotics: 1,145 datasets at the end of 2024, 26,991 at the end of 2025, of 288 and 672 thousand. */
	static const double robotics[ACCOUNT_YEARS] = { 0.0012, 0.0022, 0.0051, 0.0673, 0.09 };
	if (unit(d, 88) < robotics[d->kin.year])
		tags_robotics(d);
	else
		tags_data(d);
	draft_region(d);
}

/* ---- Spaces ---- */

static void space(struct draft *d)
{
	static const struct tag sdks[] = { TAG("gradio"), TAG("gradio"), TAG("gradio"), TAG("gradio"),
					   TAG("static"), TAG("docker"), TAG("docker"), TAG("streamlit") };
	static const struct tag mcp = TAG("mcp-server"), us = TAG("region:us");
	const struct tag *sdk = &sdks[below(d, 91, COUNT(sdks))];
	bool some = unit(d, 90) < 0.985;
	d->row->sdk = some ? sdk->text : NULL;
	tag_if(d, some, sdk);
	tag_if(d, unit(d, 92) < 0.1, &mcp);
	draft_tail(d, 0);
	tag(d, &us);
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

void synth_row(const struct synth *s, enum kind kind, uint64_t i, const struct ranks *ranks, struct row *row,
	       struct row_space *sp)
{
	static void (*const fill[NKIND])(struct draft *) = { draft_model, dataset, space };
	struct draft d = { .row = row, .space = sp };
	synth_kin(s, kind, i, ranks->downloads, &d.kin);
	synth_line(&d.kin);
	d.h = d.kin.h;
	*row = (struct row){
		.kind = kind, .index = i, .hash = d.h, .st_total = -1, .gguf_total = -1, .tags = sp->tags
	};
	sp->used = sp->njson = 0;
	synth_counts(&d.kin, ranks, row);
	name(&d);
	flags(&d);
	fill[kind](&d);
	sp->json[0] = '['; /* where the first tag's comma is; every row has a tag */
	sp->json[sp->njson++] = ']';
	row->tags_json = sp->json;
	row->ntags_json = sp->njson;
}
