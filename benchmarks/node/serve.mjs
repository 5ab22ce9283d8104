// A server that a benchmark drives: one Node process with a bare route and a guarded one.
//
//   node serve.mjs MODULE:FUNCTION CREDENTIALS
//
// The first line on standard output tells port, versions and credentials. Each line on standard input
// is answered with the CPU seconds this process has used; its end stops the server.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import express from "express";

const [target, count] = process.argv.slice(2);
const [module, name] = target.split(":");
const subject = await (await import(`./${module}.mjs`))[name]();

const bare = express();
bare.get("/bare", (request, response) => response.json({ hello: "world" }));

const server = createServer((request, response) =>
  (request.url === "/bare" ? bare : subject.app)(request, response),
);
server.keepAliveTimeout = 3_600_000;
server.listen(0, "127.0.0.1", async () => {
  say({
    port: server.address().port,
    versions: { node: process.versions.node, ...(await versions([...subject.packages, "express"])) },
    credentials: await subject.credentials(Number(count)),
  });
  process.stdin.on("data", answer);
  process.stdin.on("end", () => process.exit(0));
});

function answer(asked) {
  const { user, system } = process.cpuUsage();
  for (const _ of asked.toString().split("\n").slice(1)) {
    say({ cpu_seconds: (user + system) / 1e6 });
  }
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function versions(packages) {
  const read = async (each) =>
    JSON.parse(await readFile(new URL(`node_modules/${each}/package.json`, import.meta.url))).version;
  return Object.fromEntries(await Promise.all(packages.map(async (each) => [each, await read(each)])));
}
