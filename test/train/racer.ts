// One of several processes that race for a lock: it takes it many times, and sees whether anybody else holds it then.
// With a fate it dies of SIGKILL at the n-th call of a file operation on the lock, before it or after.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";

/** File operations that taking and releasing a lock consists of. */
export const MOMENTS = ["writeFile", "link", "rm", "rename", "held"] as const;

export interface Fate {
  readonly moment: (typeof MOMENTS)[number];
  /** The how many-th one. */
  readonly count: number;
  readonly side: "before" | "after";
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Notes who is inside, in a file that only a process without company can make; a dead one's note does not count. */
function enter(inside: string, violations: string): void {
  try {
    fs.writeFileSync(inside, `${process.pid}`, { flag: "wx" });
  } catch {
    const other = Number(fs.readFileSync(inside, "utf8"));
    if (isAlive(other)) fs.appendFileSync(violations, `${process.pid} met ${other}\n`);
    fs.writeFileSync(inside, `${process.pid}`);
  }
}

/** A lock that is there is whole. */
function look(file: string, violations: string): void {
  const text = readIfThere(file);
  if (text !== null && !text.endsWith("}")) fs.appendFileSync(violations, `half: "${text}"\n`);
}

function readIfThere(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return null; // released by now
  }
}

async function race(
  file: string,
  rounds: number,
  fate: Fate | null,
  patience: number,
): Promise<void> {
  const die = () => process.kill(process.pid, "SIGKILL");
  let left = fate?.count ?? 0;
  const isNow = (moment: Fate["moment"]) => moment === fate?.moment && --left === 0;
  const promises = fs.promises as unknown as Record<
    string,
    (...args: unknown[]) => Promise<unknown>
  >;
  for (const name of MOMENTS.filter((moment) => moment !== "held")) {
    const original = promises[name];
    promises[name] = async (...args) => {
      const now = isNow(name);
      if (now && fate?.side === "before") die();
      const result = await original(...args);
      if (now) die();
      return result;
    };
  }
  syncBuiltinESMExports();
  // Imported only now, so that it works with files through the functions above.
  const { tryLock } = await import("../../lib/train/lock.js");
  const [inside, violations, taken] = ["inside", "violations", "taken"].map(
    (what) => `${file}.${what}`,
  );
  while (!fs.existsSync(`${file}.go`)) await wait(2);
  for (let round = 0; round < rounds; ) {
    const lock = await tryLock(file, { patience });
    if (lock === null) {
      for (let i = 0; i < 20; i++) look(file, violations);
      await wait(Math.random() * 2);
      continue;
    }
    enter(inside, violations);
    const before = Number(fs.existsSync(taken) ? fs.readFileSync(taken, "utf8") : "0");
    if (isNow("held")) die();
    await wait(Math.random());
    await lock.check();
    fs.writeFileSync(taken, `${before + 1}`);
    fs.rmSync(inside);
    await lock.release();
    round++;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [file, rounds, fate, patience] = process.argv.slice(2);
  await race(file, Number(rounds), JSON.parse(fate) as Fate | null, Number(patience));
}
