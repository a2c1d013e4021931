// SPDX-License-Identifier: Apache-2.0
// SQL in DuckDB: run.mjs THREADS; [[name, sql], …] as JSON on stdin, {name: {"seconds", "rows"}} on stdout.
import { DuckDBInstance } from "@duckdb/node-api";
import { readFileSync } from "node:fs";

const instance = await DuckDBInstance.create(":memory:", { threads: process.argv[2] });
const connection = await instance.connect();
const result = {};
for (const [name, sql] of JSON.parse(readFileSync(0, "utf8"))) {
	const start = process.hrtime.bigint();
	const rows = (await connection.runAndReadAll(sql)).getRowsJson();
	result[name] = { seconds: Number(process.hrtime.bigint() - start) / 1e9, rows };
}
console.log(JSON.stringify(result));
