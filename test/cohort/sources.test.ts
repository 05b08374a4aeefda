// Fetching a source from a wheel: what goes wrong on the way, with a script instead of Python.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { WheelSource } from "../../lib/cohort/manifest.js";
import { findPython } from "../../lib/cohort/python.js";
import { type FetchProgress, fetchSource, sourceFolder } from "../../lib/cohort/sources.js";
import { scratchFolder } from "../scratch.js";
import { zip } from "./zip.js";

const root = scratchFolder();
// The scripts below start by their first line, which Windows does not read.
const posix =
  process.platform === "win32" ? { skip: "needs scripts that start by themselves" } : {};

const contents: Record<string, string> = {
  "rna.txt": "gene\tS1\n".repeat(40),
  "labels.txt": "S1\ttumor\n",
};
const wheel = zip(
  Object.entries(contents).map(([name, content]) => ({ name: `toy/data/${name}`, content })),
);
const wheelName = "toy-1.0-py3-none-any.whl";
const sha256 = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");

function toySource(): WheelSource {
  return {
    title: "A toy",
    license: "CC0-1.0",
    citation: { text: "Nobody 2020", doi: "10.1000/1" },
    wheel: {
      distribution: "toy",
      version: "1.0",
      file: wheelName,
      bytes: wheel.length,
      sha256: sha256(wheel),
    },
    files: Object.entries(contents).map(([name, content]) => ({
      name,
      path: `toy/data/${name}`,
      holds: "a table",
      bytes: content.length,
      sha256: sha256(content),
    })),
  };
}

let count = 0;
/** A folder for data, a manifest, and a "python" whose pip copies a wheel, or does what `download` says. */
function workshop({
  source = toySource(),
  download = `fs.copyFileSync(${JSON.stringify(join(root, "the.whl"))}, path.join(dest, ${JSON.stringify(wheelName)}));`,
} = {}) {
  const base = join(root, `case${count++}`);
  mkdirSync(base);
  writeFileSync(join(root, "the.whl"), wheel);
  const manifest = join(base, "sources.json");
  writeFileSync(manifest, JSON.stringify({ toy: source }));
  const calls = join(base, "calls.txt");
  const python = script(
    join(base, "python"),
    `if (process.argv.includes("-c")) { console.log("3.12"); process.exit(0); }
     fs.appendFileSync(${JSON.stringify(calls)}, process.argv.slice(2).join(" ") + "\\n");
     const dest = process.argv[process.argv.indexOf("--dest") + 1];
     ${download}`,
  );
  const folder = join(base, "raw");
  const pipCalls = () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []);
  return { base, folder, options: { folder, manifest, python }, pipCalls };
}

function script(file: string, body: string): string {
  const head = `#!${process.execPath}\nconst fs = require("node:fs"); const path = require("node:path");\n`;
  writeFileSync(file, head + body, { mode: 0o755 });
  return file;
}

function assertWhole(folder: string): void {
  for (const [name, content] of Object.entries(contents)) {
    assert.equal(readFileSync(join(folder, "toy", name), "utf8"), content);
  }
  assert.deepEqual(readdirSync(join(folder, "toy")).sort(), Object.keys(contents).sort());
}

test(
  "downloads, unpacks and leaves nothing else; the second time it runs nothing",
  posix,
  async () => {
    const { folder, options, pipCalls } = workshop();
    const seen: FetchProgress[] = [];
    const first = await fetchSource("toy", { ...options, onProgress: (at) => seen.push(at) });
    assert.equal(first.from, "download");
    assert.equal(first.folder, sourceFolder("toy", folder));
    assert.equal(first.source.license, "CC0-1.0");
    assertWhole(folder);
    assert.deepEqual(readdirSync(folder), ["toy"]);
    assert.match(pipCalls()[0], /^-m pip download --no-deps --only-binary=:all: .* toy==1\.0$/);
    const last = seen.findLast(({ stage }) => stage === "download"); // a slow start may report less before
    assert.deepEqual(last, {
      source: "toy",
      stage: "download",
      done: wheel.length,
      total: wheel.length,
    });
    const total = contents["rna.txt"].length + contents["labels.txt"].length;
    assert.deepEqual(seen.at(-1), { source: "toy", stage: "unpack", done: total, total });
    const second = await fetchSource("toy", { ...options, python: "/no/such/python" });
    assert.equal(second.from, "disk");
    assert.equal(pipCalls().length, 1);
  },
);

test("uses a wheel placed by hand, needs no Python for it, and lets it lie", async () => {
  const { folder, options, pipCalls } = workshop();
  mkdirSync(folder);
  writeFileSync(join(folder, wheelName), wheel);
  const { from } = await fetchSource("toy", { ...options, python: "/no/such/python" });
  assert.equal(from, "placed wheel");
  assertWhole(folder);
  assert.deepEqual(readdirSync(folder).sort(), [wheelName, "toy"].sort());
  assert.deepEqual(pipCalls(), []);
});

test("names file, expected, found and remedy for a placed wheel of the wrong checksum or size", async () => {
  const { folder, options } = workshop();
  mkdirSync(folder);
  const changed = Buffer.from(wheel);
  changed[40] ^= 1;
  writeFileSync(join(folder, wheelName), changed);
  await assert.rejects(fetchSource("toy", options), (error: Error) => {
    assert.ok(error.message.includes(join(folder, wheelName)));
    assert.ok(error.message.includes(`sha256 ${sha256(wheel)}, got ${sha256(changed)}`));
    assert.match(error.message, /delete it and run again to download it/);
    return true;
  });
  writeFileSync(join(folder, wheelName), wheel.subarray(0, 100));
  await assert.rejects(
    fetchSource("toy", options),
    new RegExp(`to have ${wheel.length} bytes, got 100;`),
  );
  assert.deepEqual(readdirSync(join(folder, "toy")), []);
});

test("refuses a download of the wrong checksum and keeps nothing of it", posix, async () => {
  const source = toySource();
  const wrong = { ...source, wheel: { ...source.wheel, sha256: "0".repeat(64) } };
  const { folder, options } = workshop({ source: wrong });
  await assert.rejects(
    fetchSource("toy", options),
    /sha256 0{64}, got [0-9a-f]{64}; pip's index or a mirror/,
  );
  assert.deepEqual(readdirSync(folder), ["toy"]);
  assert.deepEqual(readdirSync(join(folder, "toy")), []);
});

test(
  "refuses an unpacked file that the manifest does not know, and puts none in place",
  posix,
  async () => {
    const source = toySource();
    for (const [change, message] of [
      [{ sha256: "0".repeat(64) }, /labels\.txt to have sha256 0{64}.*correct the manifest/],
      [{ path: "toy/none.txt" }, /labels\.txt to have 9 bytes, got no file; .*the manifest/],
    ] as const) {
      const files = source.files.map((file, i) => (i === 1 ? { ...file, ...change } : file));
      const { folder, options } = workshop({ source: { ...source, files } });
      await assert.rejects(fetchSource("toy", options), message);
      assert.deepEqual(readdirSync(join(folder, "toy")), []);
    }
  },
);

test("mends a half-written state and replaces a damaged file", posix, async () => {
  const { folder, options, pipCalls } = workshop();
  mkdirSync(join(folder, "toy"), { recursive: true });
  writeFileSync(join(folder, "toy", "rna.txt"), contents["rna.txt"].slice(0, 30));
  await fetchSource("toy", options);
  assertWhole(folder);
  writeFileSync(join(folder, "toy", "labels.txt"), "S1\tTUMOR\n");
  assert.equal((await fetchSource("toy", options)).from, "download");
  assertWhole(folder);
  assert.equal(pipCalls().length, 2);
});

test("sweeps what killed runs left, but not what may still be in use", posix, async () => {
  const { folder, options } = workshop();
  const leave = (owner: string, hoursAgo = 0) => {
    const path = join(folder, `.toy-${owner}-aB3xYz`);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "half.whl"), "half");
    const time = Date.now() / 1000 - hoursAgo * 3600;
    utimesSync(path, time, time);
    return path;
  };
  const dead = leave(`${hostname()}-999999999`);
  const recycled = leave(`${hostname()}-${process.pid}`, 48); // this process id, before this process
  const longGone = leave("elsewhere.example-17", 48);
  const running = leave(`${hostname()}-${process.ppid}`, 48);
  const elsewhere = leave("elsewhere.example-18", 1);
  await fetchSource("toy", options);
  for (const path of [dead, recycled, longGone]) assert.equal(existsSync(path), false, path);
  for (const path of [running, elsewhere]) assert.equal(existsSync(path), true, path);
});

test("stops when asked to, waits for pip to end, and sweeps", {
  ...posix,
  timeout: 20_000,
}, async () => {
  const { folder, options } = workshop({
    download: `fs.writeFileSync(path.join(dest, "part"), "x".repeat(1000)); setInterval(() => {}, 1000);`,
  });
  const stop = new AbortController();
  const onProgress = ({ done }: FetchProgress) => {
    if (done > 0) stop.abort(new Error("enough"));
  };
  const fetching = fetchSource("toy", { ...options, onProgress, signal: stop.signal });
  await assert.rejects(fetching, /^Error: enough$/);
  assert.deepEqual(readdirSync(folder), ["toy"]);
});

test("passes on what pip says, with the way around it", posix, async () => {
  const { folder, options } = workshop({
    download: `console.error("ERROR: No matching distribution found for toy==1.0"); process.exit(1);`,
  });
  await assert.rejects(fetchSource("toy", options), (error: Error) => {
    assert.match(
      error.message,
      /got exit status 1: ERROR: No matching distribution found for toy==1\.0/,
    );
    assert.match(
      error.message,
      /place toy-1\.0-py3-none-any\.whl \(\d+ bytes, sha256 [0-9a-f]{64}\)/,
    );
    return true;
  });
  assert.deepEqual(readdirSync(folder), ["toy"]);
});

test("says what pip left if it is not the wheel", posix, async () => {
  const { options } = workshop({
    download: `fs.writeFileSync(path.join(dest, "toy-1.0.tar.gz"), "x");`,
  });
  await assert.rejects(
    fetchSource("toy", options),
    /expected pip to leave toy-1\.0-py3-none-any\.whl, got toy-1\.0\.tar\.gz/,
  );
});

test("names a Python that is missing, and the remedy", async () => {
  const { options } = workshop();
  await assert.rejects(
    fetchSource("toy", { ...options, python: "/no/such/python" }),
    /expected a Python 3\.10 or newer with pip, got \/no\/such\/python \(.*ENOENT.*\); install .* ARO_PYTHON/,
  );
});

test("finds the project's own Python first, and passes one without pip by", posix, async () => {
  const { base, options } = workshop();
  mkdirSync(join(base, ".venv", "bin"), { recursive: true });
  const own = script(join(base, ".venv", "bin", "python"), 'console.log("3.12")');
  const asked = process.env.ARO_PYTHON;
  const path = process.env.PATH;
  try {
    delete process.env.ARO_PYTHON;
    assert.equal(await findPython({ root: base }), own);
    script(own, `console.error("No module named pip"); process.exit(1)`);
    mkdirSync(join(base, "bin"));
    script(join(base, "bin", "python"), 'console.log("3.10")');
    process.env.PATH = join(base, "bin"); // has no python3
    assert.equal(await findPython({ root: base }), "python");
    script(own, 'console.log("3.9")');
    assert.equal(await findPython({ root: base }), "python", "3.9 is too old");
    script(own, `console.error("No module named pip"); process.exit(1)`);
    process.env.ARO_PYTHON = options.python;
    assert.equal(await findPython({ root: base }), options.python);
    process.env.ARO_PYTHON = own; // asked for, so no other is taken in its place
    await assert.rejects(findPython({ root: base }), /python \(No module named pip\)/);
  } finally {
    process.env.PATH = path;
    if (asked === undefined) delete process.env.ARO_PYTHON;
    else process.env.ARO_PYTHON = asked;
  }
});

test("lists the sources that there are", async () => {
  const { options } = workshop();
  await assert.rejects(fetchSource("brca", options), {
    name: "RangeError",
    message: 'fetchSource: expected one of toy, got "brca"',
  });
});
