// Asking g:Profiler, which a server here plays: the question, the answer, what is kept, and what can go wrong.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { convertGenes, readConversion } from "../../lib/cohort/genes.js";
import { writeTemp } from "./tempfile.js";

const root = mkdtempSync(join(tmpdir(), "aro-gprofiler-"));
after(() => rmSync(root, { recursive: true }));

interface Question {
  readonly organism: string;
  readonly target: string;
  readonly query: readonly string[];
}

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  TP53: ["ENSG00000141510"],
  TWO: ["ENSG00000000001", "ENSG00000000002", "ENSG00000000001"],
  NONE: ["None"],
};

/** Answers as g:Convert does: a line for each name and gene, or what a test wants it to. */
async function play(answer?: { readonly status: number; readonly body: string }) {
  const asked: { readonly url: string; readonly method: string; readonly question: Question }[] =
    [];
  const server = createServer((request, response) => {
    response.setHeader("connection", "close"); // else the next request may meet a connection that is closing
    let text = "";
    request.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on("end", () => {
      const question = JSON.parse(text) as Question;
      asked.push({ url: request.url ?? "", method: request.method ?? "", question });
      const result = question.query.flatMap((incoming) =>
        (KNOWN[incoming] ?? ["None"]).map((converted) => ({ incoming, converted, name: "x" })),
      );
      response.writeHead(answer?.status ?? 200, { "Content-Type": "application/json" });
      response.end(answer?.body ?? JSON.stringify({ meta: {}, result }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise((resolve) => server.close(resolve));
  return { asked, close, baseUrl: `http://127.0.0.1:${port}/gprofiler/` };
}

test("asks for human Ensembl genes, each name once, and keeps the answer", async () => {
  const { asked, baseUrl, close } = await play();
  const folder = join(root, "kept");
  const names = ["TWO", "TP53", "NONE", "TP53"];
  const genes = await convertGenes(names, { baseUrl, folder });
  assert.deepEqual(
    [...genes],
    [
      ["TP53", ["ENSG00000141510"]],
      ["TWO", ["ENSG00000000001", "ENSG00000000002"]],
    ],
  );
  assert.deepEqual(asked, [
    {
      url: "/gprofiler/api/convert/convert/",
      method: "POST",
      question: { organism: "hsapiens", target: "ENSG", query: ["NONE", "TP53", "TWO"] },
    },
  ]);
  await close();
  assert.deepEqual(await convertGenes(names.toReversed(), { baseUrl, folder }), genes);
  assert.deepEqual(await readConversion(join(folder, readdirSync(folder)[0])), genes);
});

test("asks for many names in parts", async () => {
  const { asked, baseUrl, close } = await play();
  const names = Array.from({ length: 10_001 }, (_, i) => `G${i}`);
  assert.equal((await convertGenes(names, { baseUrl, folder: join(root, "many") })).size, 0);
  await close();
  assert.deepEqual(
    asked.map(({ question }) => question.query.length),
    [10_000, 1],
  );
});

test("keeps nothing of a failure, and says what was asked and what came", async () => {
  const failures = [
    [
      { status: 503, body: "" },
      /expected an answer from http:.*convert\/, got status 503; try again/,
    ],
    [{ status: 200, body: "<html>" }, /expected \{"result": .* got no JSON/],
    [{ status: 200, body: '{"result": [{"incoming": 1}]}' }, /expected \{"result": .*"incoming":1/],
  ] as const;
  for (const [answer, message] of failures) {
    const { baseUrl, close } = await play(answer);
    const folder = join(root, "failed");
    await assert.rejects(convertGenes(["TP53"], { baseUrl, folder }), message);
    assert.throws(() => readdirSync(folder), /ENOENT/);
    await close();
    const refused =
      /expected an answer from http.*ECONNREFUSED.*; try again later, or name a saved/;
    await assert.rejects(convertGenes(["TP53"], { baseUrl, folder }), refused);
  }
});

test("reads an answer that was saved, and says what a file is that is none", async () => {
  const saved = writeTemp(
    "answer.json",
    '{"result": [{"incoming": "A", "converted": "ENSG00000000009", "n_incoming": 1}]}',
  );
  assert.deepEqual([...(await readConversion(saved))], [["A", ["ENSG00000000009"]]]);
  const other = writeTemp("other.json", '{"genes": []}');
  await assert.rejects(readConversion(other), /g:Profiler: expected .*other\.json, got \{"genes"/);
  await assert.rejects(readConversion(`${other}x`), /readConversion: expected .*ENOENT/);
});
