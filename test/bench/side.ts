// One side of a contest: a process of its own that prepares a task, and then works only when it is asked to.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** What a process says once it has prepared its task. */
export interface Ready {
  /** What computes, with versions. */
  readonly with: string;
  /** Numbers that both sides must agree on, so that they are known to do the same work. */
  readonly answer: readonly number[];
  /** Why the task cannot run here; nothing else counts then. */
  readonly skip?: string;
}

export class Side {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<unknown>;
  #complaints = "";

  private constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(command, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-2000);
    });
    this.#closed = new Promise((resolve) => {
      this.#child.on("close", resolve);
      this.#child.on("error", (error) => {
        this.#complaints += error.message;
        resolve(null);
      });
    });
    this.#child.stdin.on("error", () => {}); // of a process that is gone; the lines say so too
  }

  /**
   * Starts a process and waits until it is prepared.
   * @throws Error with the end of what it wrote to stderr if it ends before.
   */
  static async start(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ): Promise<{ side: Side; ready: Ready }> {
    const side = new Side(command, args, env);
    return { side, ready: (await side.#next()) as Ready };
  }

  /** Asks for a number: "run" works once and gives the milliseconds that it took, "peak" the bytes held at most. */
  async ask(what: "run" | "peak"): Promise<number> {
    this.#child.stdin.write(`${what}\n`);
    return (await this.#next()) as number;
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#closed;
  }

  async #next(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (!done) return JSON.parse(value as string);
    await this.#closed;
    throw new Error(
      `bench: expected ${this.#child.spawnargs.at(-2)} to answer, got:\n${this.#complaints}`,
    );
  }
}
