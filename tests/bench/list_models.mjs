// SPDX-License-Identifier: Apache-2.0
// CPU of the Hub's own JavaScript client per 1,000 models: list_models.mjs URL ROWS. A line of JSON.
import { listModels } from "../clients/node_modules/@huggingface/hub/dist/index.mjs";

const [hubUrl, rows] = [process.argv[2], Number(process.argv[3])];
const additionalFields = ["author", "createdAt", "disabled", "downloadsAllTime", "library_name", "safetensors", "tags", "baseModels"];

async function walk(limit) {
	let n = 0;
	for await (const row of listModels({ hubUrl, limit, additionalFields })) {
		n += row.id ? 1 : 0;
	}
	return n;
}

await walk(2000); // until the code is compiled
const before = process.cpuUsage();
const n = await walk(rows);
const used = process.cpuUsage(before);
console.log(JSON.stringify({ rows: n, ms: (used.user + used.system) / n }));
