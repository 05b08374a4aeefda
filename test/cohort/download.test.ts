// Downloading files from their addresses: a local server that breaks downloads as real servers and networks do.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LinkedSource } from "../../lib/cohort/manifest.js";
import {
  type FetchOptions,
  type FetchProgress,
  fetchLinked,
  fetchSource,
} from "../../lib/cohort/sources.js";
import { scratchFolder } from "../scratch.js";

const root = scratchFolder();
const contents: Record<string, string> = {
  "rna.txt": Array.from({ length: 30_000 }, (_, i) => `gene${i}\t${i % 97}\n`).join(""),
  "labels.txt": "S1\ttumor\n",
};
const RNA = Buffer.from(contents["rna.txt"]);
const HALF = 150_000;
const sha256 = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");

const source: LinkedSource = {
  title: "A toy",
  license: "CC0-1.0",
  citation: { text: "Nobody 2020", doi: "10.1000/1" },
  files: Object.entries(contents).map(([name, content]) => ({
    name,
    url: `https://127.0.0.1:2/${name}`,
    holds: "a table",
    bytes: content.length,
    sha256: sha256(content),
  })),
};

type Answer = (request: IncomingMessage, response: ServerResponse, content: Buffer) => void;

/** Serves a range as it is asked for, or all of it. */
const well: Answer = ({ headers }, response, content) => {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const valid = headers["if-range"] === undefined || headers["if-range"] === '"v1"';
  const start = valid ? from : 0;
  const range = `bytes ${start}-${content.length - 1}/${content.length}`;
  response.writeHead(start > 0 ? 206 : 200, {
    etag: '"v1"',
    "content-length": content.length - start,
    ...(start > 0 && { "content-range": range }),
  });
  response.end(content.subarray(start));
};

/** Promises all of it, and hangs up after the first bytes. */
const cut: Answer = (_, response, content) => {
  response.writeHead(200, { etag: '"v1"', "content-length": content.length });
  response.write(content.subarray(0, HALF), () => response.destroy());
};

/** Promises all of it, and sends nothing after the first bytes. */
const stuck: Answer = (_, response, content) => {
  response.writeHead(200, { etag: '"v1"', "content-length": content.length });
  response.write(content.subarray(0, HALF));
};

const status =
  (code: number): Answer =>
  (_, response) => {
    response.writeHead(code).end("no");
  };

const text =
  (body: string | Buffer): Answer =>
  (_, response) => {
    response.writeHead(200, { "content-length": body.length }).end(body);
  };

/** A server that gives these answers for rna.txt in turn, the last one again and again; other files it serves well. */
async function serve(...answers: Answer[]) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const name = /([^/?]+)(?:\?|$)/.exec(request.url ?? "")?.[1] ?? "";
    const content = Buffer.from(contents[name] ?? "");
    if (name !== "rna.txt") return well(request, response, content);
    asked.push(request);
    (answers[asked.length - 1] ?? answers.at(-1) ?? well)(request, response, content);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

let count = 0;
/** A folder for data, and options that fetch into it from a server. */
function workshop(mirror?: string) {
  const base = join(root, `case${count++}`);
  mkdirSync(base, { recursive: true });
  const manifest = join(base, "sources.json");
  writeFileSync(manifest, JSON.stringify({ toy: source }));
  const folder = join(base, "raw");
  const place = join(folder, "toy");
  const options: FetchOptions = { folder, manifest, mirror, pause: 1 };
  const put = (name: string, content: string | Buffer) => {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, name), content);
  };
  return { folder, place, options, put };
}

/** Both files are there, with nothing beside them. */
function assertWhole(folder: string): void {
  for (const [name, content] of Object.entries(contents)) {
    assert.ok(readFileSync(join(folder, "toy", name)).equals(Buffer.from(content)), name);
  }
  assert.deepEqual(readdirSync(join(folder, "toy")).sort(), Object.keys(contents).sort());
  assert.deepEqual(readdirSync(folder), ["toy"]);
}

test("downloads and verifies each file, with progress; the second time nothing is asked", async () => {
  const { asked, address } = await serve();
  const { folder, place, options } = workshop(`${address}/copy/`);
  const seen: FetchProgress[] = [];
  const first = await fetchSource("toy", { ...options, onProgress: (at) => seen.push(at) });
  assert.deepEqual([first.from, first.folder], ["download", place]);
  assertWhole(folder);
  assert.equal(asked[0].url, "/copy/toy/rna.txt");
  const total = RNA.length + contents["labels.txt"].length;
  assert.deepEqual(seen.at(-1), { source: "toy", stage: "download", done: total, total });
  assert.ok(seen.every(({ done }, i) => i === 0 || done >= seen[i - 1].done));
  assert.equal((await fetchSource("toy", options)).from, "disk");
  assert.equal(asked.length, 1);
});

test("without a mirror asks the address of the manifest; ARO_MIRROR names one", async () => {
  const { folder, options } = workshop();
  await assert.rejects(
    fetchSource("toy", options),
    /bytes of https:\/\/127\.0\.0\.1:2\/rna\.txt, got 0 in 5 attempts \(.*ECONNREFUSED.*run again/,
  );
  const { address } = await serve();
  try {
    process.env.ARO_MIRROR = address;
    await fetchSource("toy", options);
  } finally {
    delete process.env.ARO_MIRROR;
  }
  assertWhole(folder);
  await assert.rejects(fetchSource("toy", workshop("data.example.org").options), {
    name: "TypeError",
    message: /expected the mirror to begin with https:\/\/, got "data\.example\.org"/,
  });
});

test("a file of the right size and the wrong checksum is refused, and nothing of it is kept", async () => {
  const changed = Buffer.from(RNA);
  changed[1000] ^= 1;
  const { asked, address } = await serve(text(changed));
  const { folder, place, options } = workshop(address);
  await assert.rejects(fetchSource("toy", options), (error: Error) => {
    assert.ok(error.message.includes(`sha256 ${sha256(RNA)}, got ${sha256(changed)}`));
    assert.match(error.message, /another version.*place rna\.txt .* in .*toy by hand$/);
    return true;
  });
  assert.equal(asked.length, 1);
  assert.deepEqual(readdirSync(place), []);
  assert.deepEqual(readdirSync(folder), ["toy"]);
});

test("another size, a Git LFS pointer and a web page are named, also without a stated length", async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(RNA)}\nsize ${RNA.length}\n`;
  const page = "<!DOCTYPE html><html><body>Sign in</body></html>";
  const open =
    (body: string): Answer =>
    (_, response) => {
      response.writeHead(200).end(body); // chunked: no length is stated
    };
  const cases: [Answer, RegExp][] = [
    [text(pointer), /got 1\d\d: a Git LFS pointer, not the file; fetch it with git lfs pull/],
    [open(pointer), /got 1\d\d: a Git LFS pointer, not the file/],
    [text(page), /got 48: a web page; the download went wrong/],
    [open(page), /got 48: a web page/],
    [text(RNA.subarray(0, 1000)), /got 1000: another file or version; check the address/],
    [text(Buffer.concat([RNA, RNA])), /got more than that: another file or version/],
    [open(`${RNA}more`), /got more than that: another file or version/],
  ];
  for (const [answer, message] of cases) {
    const { asked, address } = await serve(answer);
    const { place, options } = workshop(address);
    await assert.rejects(fetchSource("toy", options), message);
    assert.equal(asked.length, 1, "another attempt would not mend it");
    assert.deepEqual(readdirSync(place), []);
  }
});

test("a cut connection is taken up where it broke, under the same version", async () => {
  const { asked, address } = await serve(cut, well);
  const { folder, options } = workshop(address);
  await fetchSource("toy", options);
  assertWhole(folder);
  const [first, second] = asked.map(({ headers }) => headers);
  assert.equal(first.range, undefined);
  assert.equal(first["accept-encoding"], "identity");
  assert.equal(second.range, `bytes=${HALF}-`);
  assert.equal(second["if-range"], '"v1"');
});

test("a connection that is cut every time ends after five attempts; the next run goes on", async () => {
  const { asked, address } = await serve(cut, status(503));
  const { place, options } = workshop(address);
  await assert.rejects(
    fetchSource("toy", options),
    new RegExp(`got ${HALF} in 5 attempts \\(status 503 .*it goes on from there`),
  );
  assert.equal(asked.length, 5);
  assert.deepEqual(readdirSync(place), ["rna.txt.part"]);
  const later = await serve();
  await fetchSource("toy", { ...options, mirror: later.address });
  assertWhole(options.folder ?? "");
  assert.equal(later.asked[0].headers.range, `bytes=${HALF}-`);
});

test("an unfinished file of another version, or too long a one, is begun again", async () => {
  for (const part of [Buffer.alloc(HALF, "x"), Buffer.alloc(RNA.length, "x"), `${RNA}more`]) {
    const { asked, address } = await serve();
    const { folder, options, put } = workshop(address);
    put("rna.txt.part", part);
    await fetchSource("toy", options);
    assertWhole(folder);
    assert.equal(asked.at(-1)?.headers.range, undefined);
  }
});

test("a server that knows no ranges, gives the wrong one, or is busy for a while, serves it all", async () => {
  const ignoring = text(RNA);
  const astray: Answer = (_, response, content) => {
    response.writeHead(206, {
      "content-range": `bytes 10-${content.length - 1}/${content.length}`,
    });
    response.end(content.subarray(10));
  };
  for (const answers of [
    [ignoring],
    [astray, well],
    [status(416), well],
    [status(503), status(429), well],
  ]) {
    const { address } = await serve(...answers);
    const { folder, options, put } = workshop(address);
    put("rna.txt.part", RNA.subarray(0, HALF));
    await fetchSource("toy", options);
    assertWhole(folder);
  }
});

test("404 is said at once with the way around; a file of the wrong kind that lies there is named", async () => {
  const { asked, address } = await serve(status(404));
  const { options, put } = workshop(address);
  await assert.rejects(fetchSource("toy", options), (error: Error) => {
    assert.ok(
      error.message.includes(`expected a file at ${address}/toy/rna.txt, got status 404 Not Found`),
    );
    assert.match(
      error.message,
      /place rna\.txt \(\d+ bytes, sha256 [0-9a-f]{64}\) in .*toy by hand$/,
    );
    return true;
  });
  assert.equal(asked.length, 1);
  put("rna.txt", "version https://git-lfs.github.com/spec/v1\n");
  await assert.rejects(fetchSource("toy", options), /the one there should have \d+ bytes, got 43$/);
});

test("a file that its address does not serve is had from the Git LFS server, by its checksum", async () => {
  const lfs = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      assert.deepEqual([request.method, request.url], ["POST", "/lfs/objects/batch"]);
      assert.equal(request.headers["content-type"], "application/vnd.git-lfs+json");
      const [{ oid, size }] = JSON.parse(body).objects;
      const known = oid === sha256(RNA) && size === RNA.length;
      const download = { href: `${store.address}/o/rna.txt?signature=x`, header: { "x-key": "y" } };
      const object = known
        ? { oid, size, actions: { download } }
        : { oid, size, error: { code: 404, message: "Object does not exist" } };
      response.writeHead(200).end(JSON.stringify({ transfer: "basic", objects: [object] }));
    });
  });
  await new Promise<void>((done) => lfs.listen(0, "127.0.0.1", done));
  after(() => lfs.close());
  const server = `http://127.0.0.1:${(lfs.address() as AddressInfo).port}/lfs`;
  const store = await serve(cut, well);
  const fetchFrom = (answer: Answer, server: string, files = source.files) =>
    serve(answer).then(async ({ address }) => {
      const { place } = workshop();
      const work = join(place, "work");
      mkdirSync(work, { recursive: true });
      const served = files.map((file) => ({ ...file, url: `${address}/${file.name}` }));
      const linked = { files: served, lfs: server };
      await fetchLinked("toy", linked, { folder: place, work }, { pause: 1 });
      return readFileSync(join(place, "rna.txt"));
    });
  assert.ok((await fetchFrom(status(404), server)).equals(RNA));
  assert.deepEqual(
    store.asked.map(({ headers }) => [headers["x-key"], headers.range]),
    [
      ["y", undefined],
      ["y", `bytes=${HALF}-`],
    ],
  );
  assert.ok(
    (await fetchFrom(text("version https://git-lfs.github.com/spec/v1\n"), server)).equals(RNA),
  );
  const other = source.files.map((file) => ({ ...file, sha256: "0".repeat(64) }));
  await assert.rejects(
    fetchFrom(status(404), server, other),
    /got status 404 Not Found; and expected the Git LFS server .*\/lfs to have the file, got Object does not exist; to go on/,
  );
  await assert.rejects(fetchFrom(status(404), store.address), /to have the file, got .*; to go on/);
  await assert.rejects(fetchFrom(status(404), "http://127.0.0.1:2"), /got connect ECONNREFUSED/);
});

test("redirects are followed, with the range too; a circle of them ends", async () => {
  const target = await serve();
  const moved: Answer = ({ url }, response) => {
    response.writeHead(302, { location: target.address + url }).end();
  };
  const { address } = await serve(moved);
  const { folder, options, put } = workshop(address);
  put("rna.txt.part", RNA.subarray(0, HALF));
  await fetchSource("toy", options);
  assertWhole(folder);
  assert.equal(target.asked[0].headers.range, `bytes=${HALF}-`);
  const gone = await serve(status(404));
  const lost = await serve((_, response) => {
    response.writeHead(301, { location: `${gone.address}/x/rna.txt` }).end();
  });
  await assert.rejects(
    fetchSource("toy", workshop(lost.address).options),
    new RegExp(`toy/rna\\.txt, redirected to ${gone.address}/x/rna\\.txt, got status 404`),
  );
  const circle = await serve((_, response) => {
    response.writeHead(302, { location: "/toy/rna.txt" }).end();
  });
  await assert.rejects(
    fetchSource("toy", workshop(circle.address).options),
    /in 5 attempts \(.*redirect/,
  );
});

test("a server that never starts, or stops in the middle, is given up after a while", async () => {
  const silent: Answer = () => {};
  const late: Answer = (request, response, content) => {
    setTimeout(() => well(request, response, content), 60);
  };
  const patience = 200;
  const never = await serve(silent);
  await assert.rejects(
    fetchSource("toy", { ...workshop(never.address).options, patience: 50 }),
    /got 0 in 5 attempts \(nothing came for 0\.05 s\)/,
  );
  for (const answers of [[late], [silent, well], [stuck, well]]) {
    const { address } = await serve(...answers);
    const { folder, options } = workshop(address);
    await fetchSource("toy", { ...options, patience });
    assertWhole(folder);
  }
});

test("a server that is slow but does not stop is waited for", async () => {
  const slow: Answer = async (_, response, content) => {
    response.writeHead(200, { "content-length": content.length });
    for (let at = 0; at < content.length; at += 60_000) {
      response.write(content.subarray(at, at + 60_000));
      await sleep(60);
    }
    response.end();
  };
  const { asked, address } = await serve(slow);
  const { folder, options } = workshop(address);
  await fetchSource("toy", { ...options, patience: 250 }); // 6 pieces: longer in all than the patience
  assertWhole(folder);
  assert.equal(asked.length, 1);
});

test("files placed by hand are verified and used; only what is missing is fetched", async () => {
  const { asked, address } = await serve();
  const { folder, options, put } = workshop(address);
  put("rna.txt", RNA);
  assert.equal((await fetchSource("toy", options)).from, "download");
  assertWhole(folder);
  assert.equal(asked.length, 0);
  const offline = workshop("http://127.0.0.1:2");
  for (const [name, content] of Object.entries(contents)) offline.put(name, content);
  assert.equal((await fetchSource("toy", offline.options)).from, "disk");
  put("rna.txt", "damaged");
  await fetchSource("toy", options);
  assertWhole(folder);
});

test("a run that is stopped says so, and the next one goes on", async () => {
  const { asked, address } = await serve(stuck, well);
  const { folder, place, options } = workshop(address);
  const stop = new AbortController();
  const onProgress = ({ done }: FetchProgress) => {
    if (done === HALF) setTimeout(() => stop.abort(new Error("enough")), 20);
  };
  await assert.rejects(
    fetchSource("toy", { ...options, onProgress, signal: stop.signal }),
    /^Error: enough$/,
  );
  assert.deepEqual(readdirSync(place), ["rna.txt.part"]);
  assert.deepEqual(readdirSync(folder), ["toy"]);
  await fetchSource("toy", options);
  assertWhole(folder);
  assert.equal(asked[1].headers.range, `bytes=${HALF}-`);
});

test("what a run killed on this machine left is resumed", async () => {
  const { asked, address } = await serve();
  const { folder, options, put } = workshop(address);
  put("labels.txt", contents["labels.txt"]);
  const dead = join(folder, `.toy-${hostname()}-999999999-aB3xYz`);
  mkdirSync(dead);
  writeFileSync(join(dead, "rna.txt.part"), RNA.subarray(0, HALF));
  await fetchSource("toy", options);
  assertWhole(folder);
  assert.equal(asked[0].headers.range, `bytes=${HALF}-`);
});

test("calls at the same time end with the same files, and do not write into each other's", async () => {
  const { address } = await serve();
  const { folder, options, put } = workshop(address);
  put("rna.txt.part", RNA.subarray(0, HALF));
  await Promise.all(Array.from({ length: 4 }, () => fetchSource("toy", options)));
  assertWhole(folder);
});

const FULL = "/dev/full";

test(
  "a full disk is named with what is missing; once there is room the fetch goes on",
  existsSync(FULL) ? {} : { skip: `needs ${FULL}` },
  async () => {
    const { asked, address } = await serve();
    const { folder, place, options } = workshop(address);
    mkdirSync(place, { recursive: true });
    symlinkSync(FULL, join(place, "rna.txt.part"));
    await assert.rejects(
      fetchSource("toy", options),
      /expected room for 0\.\d MB more in .*, got a full disk; make room and run again/,
    );
    assert.equal(asked.length, 1);
    rmSync(join(place, "rna.txt.part"));
    await fetchSource("toy", options);
    assertWhole(folder);
  },
);
