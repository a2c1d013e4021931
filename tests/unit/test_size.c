// SPDX-License-Identifier: Apache-2.0
/* Parameter counts in names: real names by hand, and how often the rules are right on recorded metadata. */
#include "reduce/size.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/gz.h"
#include "tests/tap.h"

#define K *1000LL
#define M *1000000LL
#define B *1000000000LL

static const struct {
	const char *id;
	int64_t want;
} table[] = {
	/* A number and a unit. */
	{ "meta-llama/Llama-2-7b-hf", 7 B },
	{ "meta-llama/Llama-2-70b-chat-hf", 70 B },
	{ "meta-llama/Llama-3.1-8B-Instruct", 8 B },
	{ "meta-llama/Llama-3.1-405B", 405 B },
	{ "meta-llama/Llama-3.2-1B", 1 B },
	{ "meta-llama/Llama-3.2-11B-Vision-Instruct", 11 B },
	{ "meta-llama/Meta-Llama-3-70B-Instruct", 70 B },
	{ "meta-llama/CodeLlama-34b-Python-hf", 34 B },
	{ "meta-llama/Llama-Guard-3-8B", 8 B },
	{ "meta-llama/Prompt-Guard-86M", 86 M },
	{ "mistralai/Mistral-7B-v0.1", 7 B },
	{ "mistralai/Mistral-7B-Instruct-v0.3", 7 B },
	{ "mistralai/Mistral-Small-24B-Instruct-2501", 24 B },
	{ "mistralai/Mistral-Small-3.1-24B-Instruct-2503", 24 B },
	{ "mistralai/Ministral-8B-Instruct-2410", 8 B },
	{ "mistralai/Codestral-22B-v0.1", 22 B },
	{ "mistralai/Pixtral-12B-2409", 12 B },
	{ "Qwen/Qwen2.5-7B-Instruct", 7 B },
	{ "Qwen/Qwen2.5-0.5B-Instruct", 500 M },
	{ "Qwen/Qwen2.5-1.5B", 1500 M },
	{ "Qwen/Qwen2.5-Coder-32B-Instruct", 32 B },
	{ "Qwen/Qwen2.5-VL-72B-Instruct", 72 B },
	{ "Qwen/Qwen2.5-Math-1.5B", 1500 M },
	{ "Qwen/Qwen2.5-7B-Instruct-1M", 7 B },
	{ "Qwen/Qwen1.5-110B-Chat", 110 B },
	{ "Qwen/Qwen1.5-1.8B-Chat", 1800 M },
	{ "Qwen/Qwen-1_8B-Chat", 1800 M },
	{ "Qwen/Qwen3-0.6B", 600 M },
	{ "Qwen/Qwen3-1.7B-Base", 1700 M },
	{ "Qwen/Qwen3-4B-Instruct-2507", 4 B },
	{ "Qwen/Qwen3-Embedding-0.6B", 600 M },
	{ "Qwen/QwQ-32B-Preview", 32 B },
	{ "google/gemma-2b-it", 2 B },
	{ "google/gemma-2-27b-it", 27 B },
	{ "google/gemma-3-270m", 270 M },
	{ "google/gemma-3-1b-pt", 1 B },
	{ "google/paligemma-3b-pt-224", 3 B },
	{ "google/recurrentgemma-9b", 9 B },
	{ "google/timesfm-1.0-200m-pytorch", 200 M },
	{ "google/embeddinggemma-300m", 300 M },
	{ "microsoft/Orca-2-13b", 13 B },
	{ "microsoft/phi-1_5", 0 },
	{ "microsoft/VibeVoice-1.5B", 1500 M },
	{ "microsoft/bitnet-b1.58-2B-4T", 2 B },
	{ "EleutherAI/pythia-70m", 70 M },
	{ "EleutherAI/pythia-6.9b-deduped", 6900 M },
	{ "EleutherAI/gpt-neo-125m", 125 M },
	{ "EleutherAI/gpt-neo-2.7B", 2700 M },
	{ "EleutherAI/gpt-neox-20b", 20 B },
	{ "EleutherAI/gpt-j-6b", 6 B },
	{ "facebook/opt-350m", 350 M },
	{ "facebook/opt-1.3b", 1300 M },
	{ "facebook/opt-6.7b", 6700 M },
	{ "facebook/galactica-120b", 120 B },
	{ "facebook/nllb-200-distilled-600M", 600 M },
	{ "facebook/nllb-200-3.3B", 3300 M },
	{ "facebook/wav2vec2-xls-r-300m", 300 M },
	{ "facebook/esm2_t33_650M_UR50D", 650 M },
	{ "facebook/xglm-564M", 564 M },
	{ "facebook/MobileLLM-125M", 125 M },
	{ "bigscience/bloom-560m", 560 M },
	{ "bigscience/bloom-1b7", 0 },
	{ "bigscience/bloom-7b1", 0 },
	{ "bigscience/T0_3B", 3 B },
	{ "tiiuae/falcon-40b-instruct", 40 B },
	{ "tiiuae/falcon-180B", 180 B },
	{ "tiiuae/Falcon3-10B-Instruct", 10 B },
	{ "mosaicml/mpt-7b-storywriter", 7 B },
	{ "databricks/dolly-v2-12b", 12 B },
	{ "stabilityai/stablelm-2-1_6b", 1600 M },
	{ "stabilityai/stablelm-tuned-alpha-7b", 7 B },
	{ "stabilityai/stable-code-3b", 3 B },
	{ "HuggingFaceTB/SmolLM2-135M-Instruct", 135 M },
	{ "HuggingFaceTB/SmolLM2-1.7B", 1700 M },
	{ "HuggingFaceTB/SmolVLM-256M-Instruct", 256 M },
	{ "HuggingFaceTB/SmolLM3-3B", 3 B },
	{ "HuggingFaceH4/zephyr-7b-beta", 7 B },
	{ "TinyLlama/TinyLlama-1.1B-Chat-v1.0", 1100 M },
	{ "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T", 1100 M },
	{ "allenai/OLMo-2-1124-7B-Instruct", 7 B },
	{ "allenai/OLMo-2-0425-1B", 1 B },
	{ "allenai/Molmo-72B-0924", 72 B },
	{ "deepseek-ai/deepseek-coder-1.3b-base", 1300 M },
	{ "deepseek-ai/deepseek-llm-67b-chat", 67 B },
	{ "deepseek-ai/deepseek-moe-16b-base", 16 B },
	{ "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", 1500 M },
	{ "deepseek-ai/DeepSeek-R1-Distill-Llama-70B", 70 B },
	{ "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", 8 B },
	{ "openai/gpt-oss-120b", 120 B },
	{ "openai/gpt-oss-20b", 20 B },
	{ "01-ai/Yi-34B-Chat", 34 B },
	{ "01-ai/Yi-1.5-9B", 9 B },
	{ "internlm/internlm2_5-7b-chat", 7 B },
	{ "internlm/internlm2-1_8b", 1800 M },
	{ "THUDM/chatglm3-6b", 6 B },
	{ "zai-org/glm-4-9b-chat", 9 B },
	{ "baichuan-inc/Baichuan2-13B-Chat", 13 B },
	{ "ibm-granite/granite-3.3-8b-instruct", 8 B },
	{ "ibm-granite/granite-embedding-30m-english", 30 M },
	{ "ibm-granite/granite-timeseries-ttm-r2", 0 },
	{ "nvidia/Llama-3_3-Nemotron-Super-49B-v1", 49 B },
	{ "nvidia/Nemotron-4-340B-Instruct", 340 B },
	{ "nvidia/parakeet-tdt-0.6b-v2", 600 M },
	{ "nvidia/Minitron-4B-Base", 4 B },
	{ "LiquidAI/LFM2-350M", 350 M },
	{ "LiquidAI/LFM2-1.2B", 1200 M },
	{ "Salesforce/codegen-350M-mono", 350 M },
	{ "Salesforce/blip2-opt-2.7b", 2700 M },
	{ "upstage/SOLAR-10.7B-Instruct-v1.0", 10700 M },
	{ "lmsys/vicuna-13b-v1.5", 13 B },
	{ "openlm-research/open_llama_3b_v2", 3 B },
	{ "cerebras/Cerebras-GPT-111M", 111 M },
	{ "cerebras/btlm-3b-8k-base", 3 B },
	{ "togethercomputer/RedPajama-INCITE-7B-Base", 7 B },
	{ "RWKV/rwkv-4-169m-pile", 169 M },
	{ "state-spaces/mamba-2.8b-hf", 2800 M },
	{ "Wan-AI/Wan2.1-T2V-14B", 14 B },
	{ "lerobot/pi0_5_3b_libero", 3 B },
	/* Experts. */
	{ "mistralai/Mixtral-8x7B-Instruct-v0.1", 56 B },
	{ "mistralai/Mixtral-8x22B-v0.1", 176 B },
	{ "ibm-granite/granite-3.0-3b-a800m-instruct", 3 B },
	{ "Qwen/Qwen3-30B-A3B", 30 B },
	{ "Qwen/Qwen3-235B-A22B-Instruct-2507", 235 B },
	{ "Qwen/Qwen3-Next-80B-A3B-Thinking", 80 B },
	{ "Qwen/Qwen1.5-MoE-A2.7B", 0 },
	{ "meta-llama/Llama-4-Scout-17B-16E-Instruct", 17 B },
	{ "allenai/OLMoE-1B-7B-0924", 1 B },
	{ "moonshotai/Moonlight-16B-A3B", 16 B },
	{ "google/gemma-3n-E2B-it", 0 },
	{ "google/gemma-3n-E4B", 0 },
	{ "cognitivecomputations/dolphin-2.5-mixtral-8x7b", 56 B },
	{ "mlabonne/phixtral-2x2_8", 0 },
	{ "inclusionAI/Ling-1T", 1000 B },
	{ "Qwen/Qwen3.8-2.4T-A95B", 2400 B },
	{ "inclusionAI/Ling-3.0-flash-base-30T", 0 },
	/* Others' conversions and derivatives: the number of what they were made of. */
	{ "TheBloke/Llama-2-13B-chat-GGUF", 13 B },
	{ "TheBloke/Mixtral-8x7B-Instruct-v0.1-GPTQ", 56 B },
	{ "unsloth/Qwen2.5-7B-Instruct-bnb-4bit", 7 B },
	{ "unsloth/llama-3-8b-bnb-4bit", 8 B },
	{ "mlx-community/Llama-3.2-3B-Instruct-4bit", 3 B },
	{ "bartowski/Llama-3.2-1B-Instruct-GGUF", 1 B },
	{ "QuantFactory/Meta-Llama-3-8B-Instruct-Q4_K_M-GGUF", 8 B },
	{ "mradermacher/Qwen2.5-14B-Instruct-i1-GGUF", 14 B },
	{ "turboderp/Llama-3-8B-Instruct-exl2-5.0bpw", 8 B },
	{ "thisavros/qwen25-1_5b-text2sql-lora", 1500 M },
	{ "todaywork/qwen3_0_6b_genie_training", 600 M },
	{ "tbhrc/meta_llama_3_1_8b_instruct_4bit", 8 B },
	{ "tbhrc/qwen3_5_0_8b_optiq_4bit", 800 M },
	{ "francescortu/DistillDetect-Qwen2.5-1.5B-from-Llama-3.3-70B-Instruct-s1", 1500 M },
	{ "AMAImedia/Emo-1T-14B-A1B-OLMoE-NOESIS-BF16", 14 B },
	{ "someone/qwen3-1p7b-sft", 1700 M },
	{ "someone/qwen-05b-chat", 500 M },
	/* What only looks like one, and what is none. */
	{ "openai-community/gpt2", 0 },
	{ "google-bert/bert-base-uncased", 0 },
	{ "sentence-transformers/all-MiniLM-L6-v2", 0 },
	{ "sentence-transformers/all-MiniLM-L12-v2", 0 },
	{ "openai/whisper-large-v3", 0 },
	{ "openai/clip-vit-base-patch32", 0 },
	{ "stabilityai/stable-diffusion-xl-base-1.0", 0 },
	{ "black-forest-labs/FLUX.1-dev", 0 },
	{ "deepseek-ai/DeepSeek-V3-0324", 0 },
	{ "deepseek-ai/DeepSeek-R1", 0 },
	{ "microsoft/phi-2", 0 },
	{ "microsoft/Phi-3-mini-4k-instruct", 0 },
	{ "microsoft/Phi-3-medium-128k-instruct", 0 },
	{ "01-ai/Yi-6B-200K", 6 B },
	{ "google/vit-base-patch16-224-in21k", 0 },
	{ "google-t5/t5-11b", 11 B },
	{ "Ultralytics/YOLOv8", 0 },
	{ "Ultralytics/YOLO11m", 0 },
	{ "lightx2v/Wan2.1-4step-lora", 0 },
	{ "moonshotai/Kimi-K2-Instruct", 0 },
	{ "MiniMaxAI/MiniMax-M2", 0 },
	{ "zai-org/GLM-4.5-Air", 0 },
	{ "hexgrad/Kokoro-82M", 82 M },
	{ "hexgrad/Kokoro-82M-v1.1-zh", 82 M },
	{ "LilacGhost10/model-v2B", 0 },
	{ "somebody/tiny-4bit", 0 },
	{ "somebody/model-q4_K", 0 },
	{ "somebody/model-Q4_K_M", 0 },
	{ "somebody/kernel-2B2C", 0 },
	{ "somebody/scaling-1b1t", 0 },
	{ "somebody/REAP-256GB-GGUF", 0 },
	{ "somebody/model-1Bpt", 0 },
	{ "somebody/exl3-4.5bpw", 0 },
	{ "somebody/run-2024b", 0 },
	{ "somebody/run-20260801b", 0 },
	{ "somebody/gpt-2-4096t-scratch", 0 },
	{ "somebody/checkpoint-10k", 0 },
	{ "somebody/3f5bb-53997be", 0 },
	{ "7B/name-of-an-owner", 0 },
	{ "7B", 7 B },
	{ "b", 0 },
	{ "", 0 },
	{ "0B", 0 },
	{ "99999999999999999999999999999999999999999999b", 0 },
	{ "1.b", 0 },
	{ "8x", 0 },
	{ "8xb", 0 },
	{ "-7B-", 7 B },
};

static void check_table(void)
{
	const size_t n = sizeof table / sizeof *table;

	ok(n >= 120, "%d names", (int)n);
	for (size_t i = 0; i < n; i++) {
		int64_t got = size_from_name(table[i].id, strlen(table[i].id));

		if (!ok(got == table[i].want, "'%s'", table[i].id))
			diag("got %lld, want %lld", (long long)got, (long long)table[i].want);
	}
}

/* Nothing behind the end is read: every beginning of every name, before a byte that would be a unit and before one that
 * is none. */
static void check_cut(void)
{
	int differ = 0;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		for (size_t len = 0; len <= strlen(table[i].id); len++) {
			char *cut = malloc(len + 1);

			int64_t size;

			if (!cut)
				abort();
			memcpy(cut, table[i].id, len);
			cut[len] = 'B';
			size = size_from_name(cut, len);
			cut[len] = '~';
			differ += size != size_from_name(cut, len);
			free(cut);
		}
	ok(differ == 0, "names cut short anywhere: %d change with what is behind them", differ);
	ok(size_from_name("x/7BX", 4) == 7 B, "the length counts, not what is behind it");
	ok(size_from_name("x/7B", 3) == 0, "a unit behind the end is none");
}

/* ---- recorded metadata */

enum share { ALL, NEITHER, NSHARES }; /* all; those that are neither quantized nor adapters */

struct score {
	int right, wrong, silent;
};

static int has_tag(json_t *model, const char *prefix)
{
	size_t i;
	json_t *tag;

	json_array_foreach(json_object_get(model, "tags"), i,
			   tag) if (json_string_value(tag) &&
				    !strncmp(json_string_value(tag), prefix, strlen(prefix))) return 1;
	return 0;
}

/* Does the name hold a number with something like a unit behind it? */
static int has_number(const char *id)
{
	const char *slash = strchr(id, '/'), *s = slash ? slash : id;

	for (; *s; s++)
		if (*s >= '0' && *s <= '9' && s[1] && strchr("bBmMtT", s[1]))
			return 1;
	return 0;
}

static void add_model(struct score *s, json_t *model)
{
	static const char *const packed[] = { "base_model:quantized:",
					      "base_model:adapter:",
					      "4-bit",
					      "8-bit",
					      "peft",
					      "lora",
					      "mlx",
					      "awq",
					      "gptq",
					      "fp8",
					      "compressed-tensors" };
	const char *id = json_string_value(json_object_get(model, "id"));
	int64_t total = json_integer_value(json_object_get(json_object_get(model, "safetensors"), "total"));
	int64_t got = id ? size_from_name(id, strlen(id)) : 0;
	int last = NEITHER;

	if (total <= 0 || !id || !has_number(id))
		return;
	for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
		if (has_tag(model, packed[i]))
			last = ALL;
	for (int k = ALL; k <= last; k++) {
		if (got == 0)
			s[k].silent++;
		else if (4 * got >= 3 * total && 4 * got <= 5 * total)
			s[k].right++;
		else
			s[k].wrong++;
	}
}

static char *read_all(const char *path, size_t *n)
{
	struct gzip_reader *r;
	struct err e = ERR_INIT;
	size_t cap = 1u << 27, got;
	int more;
	char *x = malloc(cap);

	*n = 0;
	if (!x || gzip_reader_open(&r, path, (int64_t)cap, &e)) {
		free(x);
		return NULL;
	}
	while (!gzip_reader_next(r, &more, &e) && more)
		while (*n < cap && !gzip_reader_take(r, x + *n, cap - *n, &got, &e) && got)
			*n += got;
	gzip_reader_free(r);
	return x;
}

static void report(const char *name, const struct score *s)
{
	int said = s->right + s->wrong, all = said + s->silent;

	diag("%s: %d names with a digit before a B, M or T; %d read as a count, %d of them within 25 %% of "
	     "safetensors.total",
	     name, all, said, s->right);
	diag("%s: precision %.4f, recall %.4f", name, (double)s->right / said, (double)s->right / all);
}

static void check_recorded(void)
{
	const char *dir = getenv("RECORDED");
	struct score s[NSHARES] = { { 0 } };
	char path[4096];
	size_t n;
	char *x;

	snprintf(path, sizeof path, "%s/models.jsonl.gz", dir ? dir : "../shared/hub-recorded");
	if (access(path, R_OK)) {
		skip("precision and recall on recorded names", "no recorded metadata here");
		return;
	}
	x = read_all(path, &n);
	ok(x != NULL, "the recorded models can be read");
	for (char *p = x, *end; x && p < x + n; p = end + 1) {
		json_t *model;

		end = memchr(p, '\n', (size_t)(x + n - p));
		end = end ? end : x + n;
		model = json_loadb(p, (size_t)(end - p), 0, NULL);
		add_model(s, model);
		json_decref(model);
	}
	free(x);
	report("all", &s[ALL]);
	report("neither quantized nor adapter", &s[NEITHER]);
	ok(s[ALL].right > 2800, "%d names are right", s[ALL].right);
	ok(s[NEITHER].right * 100 > 85 * (s[NEITHER].right + s[NEITHER].wrong),
	   "85 of 100 are, where the files hold the whole model");
}

int main(void)
{
	check_table();
	check_cut();
	check_recorded();
	return plan_done();
}
