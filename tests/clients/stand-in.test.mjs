// SPDX-License-Identifier: Apache-2.0
// The Hub's official JavaScript client against the stand-in: whatever this client sees of the real Hub it must see here.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { gunzipSync } from "node:zlib";
import { datasetInfo, listDatasets, listModels, listSpaces, modelInfo, spaceInfo } from "@huggingface/hub";

const BUILD = process.env.BUILD ?? "build";
const RECORDED = process.env.RECORDED ?? "../shared/hub-recorded";
const POPULATION = ["--models", "5200", "--datasets", "2100", "--spaces", "1300", "--users", "1000", "--seed", "7", "--quota", "0"];

async function startHub(args) {
	const child = spawn(`${BUILD}/hubsim`, args, { stdio: ["ignore", "pipe", "inherit"] });
	const lines = createInterface({ input: child.stdout });
	const url = await new Promise((resolve, reject) => {
		lines.once("line", resolve);
		child.once("exit", (code) => reject(new Error(`hubsim ended with ${code}`)));
	});
	return { url, stop: () => new Promise((done) => (child.once("exit", done), child.kill("SIGTERM"))) };
}

// What the Hub says about itself without the client: an ascending walk by createdAt, link by link.
async function walk(url, kind) {
	const rows = [];
	let next = `${url}/api/${kind}?limit=1000&sort=createdAt&direction=1&full=true`;
	while (next) {
		const reply = await fetch(next);
		assert.equal(reply.status, 200);
		rows.push(...(await reply.json()));
		const link = reply.headers.get("link") ?? "";
		next = link.match(/<([^>]+)>;\s*rel="next"/)?.[1];
	}
	return rows;
}

async function collect(generator) {
	const rows = [];
	for await (const row of generator) {
		rows.push(row);
	}
	return rows;
}

const ids = (rows, key) => rows.map((row) => row[key]).sort();

function notRising(rows, key) {
	return rows.every((row, i) => i === 0 || (rows[i - 1][key] ?? -1) >= (row[key] ?? -1));
}

describe("synthetic population", () => {
	let hub, models, datasets, spaces;

	before(async () => {
		hub = await startHub(POPULATION);
		[models, datasets, spaces] = await Promise.all(["models", "datasets", "spaces"].map((kind) => walk(hub.url, kind)));
	});
	after(() => hub.stop());

	it("has as many rows as it was asked for, in order of _id", () => {
		assert.deepEqual([models.length, datasets.length, spaces.length], [5200, 2100, 1300]);
		for (const rows of [models, datasets, spaces]) {
			assert.ok(rows.every((row, i) => i === 0 || rows[i - 1]._id < row._id));
			assert.ok(rows.every((row) => parseInt(row._id.slice(0, 8), 16) * 1000 === Date.parse(row.createdAt)));
		}
	});

	for (const sort of [undefined, "createdAt", "downloads", "likes", "lastModified", "trendingScore"]) {
		it(`lists all models by cursor, sort ${sort ?? "by default"}`, async () => {
			const seen = await collect(listModels({ hubUrl: hub.url, sort, additionalFields: ["tags", "createdAt"] }));
			assert.deepEqual(ids(seen, "id"), ids(models, "_id"));
			const by = new Map(models.map((row) => [row._id, row]));
			for (const row of seen) {
				const want = by.get(row.id);
				assert.deepEqual([row.name, row.likes, row.downloads, row.tags], [want.id, want.likes, want.downloads, want.tags]);
			}
			if (sort === "downloads" || sort === "likes") {
				assert.ok(notRising(seen, sort), "in order");
			}
		});
	}

	it("lists all datasets and Spaces by cursor", async () => {
		for (const sort of [undefined, "likes", "createdAt"]) {
			assert.deepEqual(ids(await collect(listDatasets({ hubUrl: hub.url, sort })), "id"), ids(datasets, "_id"));
			assert.deepEqual(ids(await collect(listSpaces({ hubUrl: hub.url, sort })), "id"), ids(spaces, "_id"));
		}
		assert.deepEqual(ids(await collect(listDatasets({ hubUrl: hub.url, sort: "downloads" })), "id"), ids(datasets, "_id"));
	});

	it("stops at the limit", async () => {
		assert.equal((await collect(listModels({ hubUrl: hub.url, limit: 777 }))).length, 777);
	});

	it("filters by owner", async () => {
		const owner = models.map((row) => row.id.split("/")[0]).find((name) => models.filter((row) => row.id.startsWith(`${name}/`)).length > 3);
		const seen = await collect(listModels({ hubUrl: hub.url, search: { owner } }));
		assert.deepEqual(ids(seen, "id"), ids(models.filter((row) => row.id.split("/")[0] === owner), "_id"));
	});

	it("filters by tags, all of them", async () => {
		const tags = ["license:apache-2.0", "safetensors"];
		const seen = await collect(listModels({ hubUrl: hub.url, search: { tags } }));
		assert.ok(seen.length > 0);
		assert.deepEqual(ids(seen, "id"), ids(models.filter((row) => tags.every((tag) => row.tags.includes(tag))), "_id"));
		const datasetTag = datasets.flatMap((row) => row.tags).find((tag) => tag.startsWith("task_categories:"));
		const found = await collect(listDatasets({ hubUrl: hub.url, search: { tags: [datasetTag] } }));
		assert.deepEqual(ids(found, "id"), ids(datasets.filter((row) => row.tags.includes(datasetTag)), "_id"));
	});

	it("searches by name", async () => {
		const query = models[1234].id.split("/")[1].slice(0, 6).toLowerCase();
		const seen = await collect(listModels({ hubUrl: hub.url, search: { query } }));
		assert.deepEqual(ids(seen, "id"), ids(models.filter((row) => row.id.toLowerCase().includes(query)), "_id"));
	});

	it("filters by task", async () => {
		const seen = await collect(listModels({ hubUrl: hub.url, search: { task: "text-generation" } }));
		assert.ok(seen.length > 0);
		assert.deepEqual(ids(seen, "id"), ids(models.filter((row) => row.pipeline_tag === "text-generation"), "_id"));
	});

	it("reads single repositories", async () => {
		for (const row of [models[0], models[2600], models.at(-1)]) {
			const seen = await modelInfo({ hubUrl: hub.url, name: row.id, additionalFields: ["tags", "author"] });
			assert.deepEqual([seen.id, seen.name, seen.likes, seen.downloads, seen.tags], [row._id, row.id, row.likes, row.downloads, row.tags]);
		}
		const dataset = await datasetInfo({ hubUrl: hub.url, name: datasets[42].id });
		assert.deepEqual([dataset.id, dataset.name, dataset.downloads], [datasets[42]._id, datasets[42].id, datasets[42].downloads]);
		const space = await spaceInfo({ hubUrl: hub.url, name: spaces[42].id });
		assert.deepEqual([space.id, space.name, space.likes], [spaces[42]._id, spaces[42].id, spaces[42].likes]);
	});

	it("refuses what the Hub refuses, in the Hub's words", async () => {
		await assert.rejects(modelInfo({ hubUrl: hub.url, name: "nobody-here/nothing" }), (error) => error.statusCode === 401);
		await assert.rejects(collect(listModels({ hubUrl: hub.url, sort: "size" })), /Invalid sort parameter: size/);
		await assert.rejects(collect(listModels({ hubUrl: hub.url, additionalFields: ["usedStorage"] })), /Invalid option: expected one of/);
		await assert.rejects(modelInfo({ hubUrl: hub.url, name: models[0].id, additionalFields: ["nonsense"] }), /must be one of/);
		await assert.rejects(collect(listModels({ hubUrl: hub.url, accessToken: "hf_wrong", limit: 1 })), (error) => error.statusCode === 401);
	});
});

describe("recorded population", { skip: existsSync(`${RECORDED}/models.jsonl.gz`) ? false : `${RECORDED} is not there` }, () => {
	let hub;
	const recorded = (kind) =>
		gunzipSync(readFileSync(`${RECORDED}/${kind}.jsonl.gz`))
			.toString()
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));

	before(async () => (hub = await startHub(["--replay", RECORDED, "--quota", "0"])));
	after(() => hub.stop());

	it("lists every recorded model and dataset, as recorded", async () => {
		for (const [kind, list] of [["models", listModels], ["datasets", listDatasets]]) {
			const want = new Map(recorded(kind).map((row) => [row._id, row]));
			const seen = await collect(list({ hubUrl: hub.url, additionalFields: ["tags", "createdAt", "author"] }));
			assert.equal(seen.length, want.size);
			for (const row of seen) {
				const { id, likes, downloads, tags, createdAt, author } = want.get(row.id);
				assert.deepEqual([row.name, row.likes, row.downloads, row.tags, row.createdAt, row.author], [id, likes, downloads, tags, createdAt, author]);
			}
		}
		assert.deepEqual(await collect(listSpaces({ hubUrl: hub.url })), []);
	});
});
