// Starting without installing: the development container and Binder run one script, which works in a clean folder.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { test } from "node:test";
import { listTracked } from "./prose.js";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const readJson = (path: string) => JSON.parse(read(path));
const tracked = listTracked();

test("the development container runs Binder's script, and finds the kernel that it installs", () => {
  const { postCreateCommand, containerEnv } = readJson(".devcontainer/devcontainer.json");
  assert.equal(postCreateCommand, ".binder/postBuild");
  assert.match(containerEnv.JUPYTER_PATH, /\/\.venv\/share\/jupyter$/);
});

test("both install a Node that package.json allows", () => {
  assert.equal(readJson("package.json").engines.node, ">=20.19 <25");
  const [, binder] = read(".binder/environment.yml").match(/nodejs=(\d+)$/m)!;
  const [, container] = read(".devcontainer/Dockerfile").match(/^FROM node:(\d+)-/)!;
  assert.deepEqual([binder, container], ["22", "22"]);
});

test("the script prepares a clean folder, and Jupyter started through Binder's finds the kernel", {
  skip: !tracked
    ? "not a git clone, so what is tracked is not known"
    : process.env.ARO_CLEAN_START === "1"
      ? false
      : "takes half a minute; set ARO_CLEAN_START=1",
}, () => {
  const clean = mkdtempSync(join(tmpdir(), "aro-clean-"));
  try {
    const made = /^(figures|data\/records|test)\//;
    for (const path of tracked!.filter((path) => !made.test(path))) {
      mkdirSync(dirname(join(clean, path)), { recursive: true });
      cpSync(join(ROOT, path), join(clean, path));
    }
    // `npm ci` brought the packages that this test runs on: they are linked, and npm does the rest itself.
    const bin = join(clean, "bin");
    mkdirSync(bin);
    const npm = execFileSync("which", ["npm"], { encoding: "utf8" }).trim();
    const link = `ln -s "${join(ROOT, "node_modules")}" node_modules`;
    writeFileSync(
      join(bin, "npm"),
      `#!/bin/sh\nif [ "$*" = ci ]; then ${link}; else exec "${npm}" "$@"; fi\n`,
      { mode: 0o755 },
    );
    const run = (command: string, ...args: string[]) => {
      const { ARO_PROFILE: _, JUPYTER_PATH: __, ...rest } = process.env;
      const env = { ...rest, PATH: `${bin}${delimiter}${rest.PATH}` };
      const done = spawnSync(join(clean, command), args, { encoding: "utf8", env, cwd: tmpdir() });
      assert.equal(done.status, 0, `${command}: ${done.stdout}${done.stderr}`);
      return done.stdout;
    };
    assert.match(run(".binder/postBuild"), /Jupyter finds the kernel with JUPYTER_PATH=/);
    assert.ok(existsSync(join(clean, "lib", "dist", "index.js")));
    const shown = run(".binder/start", "sh", "-c", 'echo "$ARO_PROFILE $JUPYTER_PATH $PWD"');
    const [profile, path, folder] = shown.trim().split(" ");
    assert.deepEqual([profile, folder], ["course", clean]);
    const { argv } = JSON.parse(readFileSync(join(path, "kernels", "aro", "kernel.json"), "utf8"));
    assert.ok(argv.includes(join(clean, "lib", "jupyter", "kernel.cjs")), argv.join(" "));
    assert.ok(existsSync(argv[0]));
  } finally {
    rmSync(clean, { recursive: true, force: true });
  }
});
