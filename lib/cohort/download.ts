// Downloads one file: over HTTP, resuming where it broke off; from a Git LFS server; or as a wheel with pip.
import { createWriteStream } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Checked, Wheel } from "./manifest.js";
import { runCommand } from "./python.js";
import { readStart, recognizeForeign } from "./textfile.js";

export interface DownloadOptions {
  /** Called with the bytes of the file so far, including those of an earlier run. */
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Headers to send with the request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a server may send nothing, in milliseconds. */
  readonly patience?: number;
  /** The wait before the second attempt, in milliseconds; it doubles with each further attempt. */
  readonly pause?: number;
}

const ATTEMPTS = 5;

/** How an attempt ended: complete, worth another attempt, or failed for good. */
type Ending =
  | { readonly kind: "whole" }
  | { readonly kind: "broken"; readonly why: string }
  | { readonly kind: "refused"; readonly message: string };

interface Attempt extends DownloadOptions {
  readonly patience: number;
  readonly url: string;
  /** The address for messages. */
  readonly shown: string;
  readonly file: string;
  /** The size that the file must have. */
  readonly bytes: number;
  /** The server's strong ETag for the version that the file's bytes come from. */
  etag?: string;
}

/**
 * Downloads a file of known size, following redirects. Keeps the bytes that `file` already has, from an earlier run or
 * a broken connection, and requests only the rest (Range, with If-Range once the server has sent a strong ETag).
 * Checks the size of the result but not its content.
 * @throws Error if the address serves no file or another one, stays silent for too long, or breaks off five times;
 * or if the disk is full. What `file` has by then stays, unless it belongs to another version.
 */
export async function downloadFile(
  url: string,
  file: string,
  bytes: number,
  { patience = 60_000, pause = 1000, ...options }: DownloadOptions = {},
): Promise<void> {
  const [shown] = url.split("?", 1); // a signature would fill the message
  const attempt: Attempt = { ...options, patience, url, shown, file, bytes };
  for (let number = 1; ; number++) {
    const ending = await tryOnce(attempt);
    options.signal?.throwIfAborted();
    if (ending.kind === "whole") return;
    if (ending.kind === "refused") throw new Error(ending.message);
    if (number === ATTEMPTS) {
      throw new Error(
        `expected ${bytes} bytes of ${shown}, got ${await sizeOf(file)} in ${ATTEMPTS} attempts (${ending.why}); ` +
          "check the connection and run again, it goes on from there",
      );
    }
    await sleep(pause * 2 ** (number - 1), undefined, { signal: options.signal }).catch(() => {});
    options.signal?.throwIfAborted();
  }
}

async function tryOnce(attempt: Attempt): Promise<Ending> {
  const { url, file, bytes, patience, signal } = attempt;
  let have = await sizeOf(file);
  if (have > bytes) {
    await rm(file);
    have = 0;
  }
  if (have === bytes) return { kind: "whole" };
  const silence = new AbortController();
  const timer = setTimeout(() => {
    silence.abort(new Error(`nothing came for ${patience / 1000} s`));
  }, patience);
  try {
    const response = await fetch(url, {
      headers: {
        ...attempt.headers,
        "accept-encoding": "identity", // so that a range counts the file's own bytes
        ...(have > 0 && { range: `bytes=${have}-` }),
        ...(have > 0 && attempt.etag && { "if-range": attempt.etag }),
      },
      signal: signal ? AbortSignal.any([silence.signal, signal]) : silence.signal,
    });
    const refusal = await judge(response, have, attempt);
    if (refusal) {
      await response.body?.cancel();
      return refusal;
    }
    return await save(response, response.status === 206 ? have : 0, attempt, timer);
  } catch (error) {
    return explain(error as NodeJS.ErrnoException, attempt);
  } finally {
    clearTimeout(timer);
  }
}

/** Decides from status and headers why the body must not be saved; undefined if it may be. */
async function judge(
  response: Response,
  have: number,
  { shown, file, bytes }: Attempt,
): Promise<Ending | undefined> {
  const { status, statusText, headers } = response;
  const said = `status ${status} ${statusText}`.trim();
  if (status === 206) {
    const [, start, total] =
      /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
    if (Number(start) === have && (total === "*" || Number(total) === bytes)) return undefined;
    await rm(file, { force: true });
    return {
      kind: "broken",
      why: `asked to go on from byte ${have} of ${bytes}, got another range`,
    };
  }
  if (status === 416) {
    await rm(file, { force: true });
    return { kind: "broken", why: `${said}: it does not go on from byte ${have}` };
  }
  if ([408, 425, 429].includes(status) || status >= 500) return { kind: "broken", why: said };
  if (status !== 200) {
    const where = response.redirected ? `${shown}, redirected to ${response.url}` : shown;
    return { kind: "refused", message: `expected a file at ${where}, got ${said}` };
  }
  const length = headers.get("content-length");
  if (length === null || Number(length) === bytes || headers.has("content-encoding"))
    return undefined;
  const reader = response.body?.getReader();
  const first = await reader?.read();
  reader?.releaseLock();
  await rm(file, { force: true });
  return otherFile(shown, bytes, Number(length), Buffer.from(first?.value ?? []));
}

async function save(
  response: Response,
  from: number,
  attempt: Attempt,
  timer: NodeJS.Timeout,
): Promise<Ending> {
  const { shown, file, bytes, onBytes } = attempt;
  const etag = response.headers.get("etag");
  attempt.etag = etag && !etag.startsWith("W/") ? etag : undefined;
  let size = from;
  async function* count(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      timer.refresh();
      size += chunk.length;
      if (size > bytes) return;
      yield chunk;
      onBytes?.(size);
    }
  }
  const body = response.body ?? new Blob([]).stream();
  await pipeline(body, count, createWriteStream(file, { flags: from > 0 ? "a" : "w" }));
  if (size === bytes) return { kind: "whole" };
  const head = readStart(file);
  if (size < bytes && !recognizeForeign(head)) {
    return { kind: "broken", why: `the connection ended after ${size} bytes` };
  }
  await rm(file, { force: true });
  return otherFile(shown, bytes, size, head);
}

function otherFile(shown: string, bytes: number, got: number, head: Buffer): Ending {
  const kind = recognizeForeign(head) ?? "another file or version; check the address";
  const size = got > bytes ? "more than that" : `${got}`;
  return {
    kind: "refused",
    message: `expected ${bytes} bytes from ${shown}, got ${size}: ${kind}`,
  };
}

async function explain(error: NodeJS.ErrnoException, attempt: Attempt): Promise<Ending> {
  const { file, bytes } = attempt;
  if (error.syscall === "open" || error.syscall === "write") {
    const got = error.code === "ENOSPC" || error.code === "EDQUOT" ? "a full disk" : error.message;
    const missing = ((bytes - (await sizeOf(file))) / 1e6).toFixed(1);
    const message = `expected room for ${missing} MB more in ${dirname(file)}, got ${got}; make room and run again`;
    return { kind: "refused", message };
  }
  return { kind: "broken", why: reasonOf(error) };
}

/** The reason of a failed request; `fetch` hides it behind "fetch failed" or "terminated". */
export function reasonOf(error: unknown): string {
  const outer = error as Error;
  const { message, code } = (outer.cause ?? outer) as NodeJS.ErrnoException;
  return message || code || outer.message;
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

const LFS_MEDIA = "application/vnd.git-lfs+json";

/** The parts of a Git LFS server's answer that are read; any may be missing. */
interface LfsAnswer {
  readonly objects?: readonly {
    readonly error?: { readonly message?: string };
    readonly actions?: {
      readonly download?: { readonly href?: unknown; readonly header?: Record<string, string> };
    };
  }[];
}

/**
 * Asks a Git LFS server where it serves a file, which it knows by its SHA-256.
 * @returns an address, which may be valid for only a few minutes, and the headers to send with the request.
 * @throws Error if the server does not answer in time, or does not have the file.
 * Source: Git LFS documentation, Batch API and Basic Transfer API.
 */
export async function askLfs(
  server: string,
  { sha256, bytes }: Checked,
  { patience = 60_000, signal }: Pick<DownloadOptions, "patience" | "signal"> = {},
): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }> {
  const timeout = AbortSignal.timeout(patience);
  const objects = [{ oid: sha256, size: bytes }];
  const wanted = `expected the Git LFS server ${server} to have the file`;
  let answer: Response;
  let content: unknown;
  try {
    answer = await fetch(`${server.replace(/\/$/, "")}/objects/batch`, {
      method: "POST",
      headers: { accept: LFS_MEDIA, "content-type": LFS_MEDIA },
      body: JSON.stringify({ operation: "download", transfers: ["basic"], objects }),
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
    });
    content = await answer.json();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Error(`${wanted}, got ${reasonOf(cause)}`, { cause });
  }
  const [object] = (content as LfsAnswer | null)?.objects ?? [];
  const { href, header } = object?.actions?.download ?? {};
  if (typeof href === "string" && /^https?:\/\//.test(href))
    return { url: href, headers: header ?? {} };
  throw new Error(`${wanted}, got ${object?.error?.message ?? `status ${answer.status}`}`);
}

/**
 * Downloads a wheel into an existing folder for it alone, with pip, the registry's own client, under the reader's settings;
 * neither its dependencies nor any of its code.
 * @throws Error with pip's last lines if it fails, or that names what pip left if it is another file.
 */
export async function downloadWheel(
  { distribution, version, file, bytes: total }: Wheel,
  { python, folder }: { readonly python: string; readonly folder: string },
  { onBytes, signal }: Pick<DownloadOptions, "onBytes" | "signal">,
): Promise<string> {
  const options = "--no-deps --only-binary=:all: --disable-pip-version-check --no-input";
  const args = ["-m", "pip", "download", ...options.split(" "), "--dest", folder];
  // pip's temporary folder lies in ours, so that we can watch it, and sweep it after a kill.
  const env = { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder };
  let running = true;
  const watch = async () => {
    const bytes = await folderBytes(folder);
    if (running) onBytes?.(Math.min(bytes, total)); // pip holds a second copy for a moment
  };
  const timer = onBytes && setInterval(watch, 500);
  const { code, output } = await runCommand(python, [...args, `${distribution}==${version}`], {
    env,
    signal,
  }).finally(() => {
    running = false;
    clearInterval(timer);
  });
  signal?.throwIfAborted();
  if (code !== 0) {
    throw new Error(
      `expected ${python} -m pip to download ${distribution}==${version}, ` +
        `got exit status ${code}: ${output.trim().split("\n").slice(-4).join(" | ")}`,
    );
  }
  const left = await readdir(folder);
  if (!left.includes(file)) {
    throw new Error(`expected pip to leave ${file}, got ${left.join(", ") || "nothing"}`);
  }
  onBytes?.(total);
  return join(folder, file);
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
    }
  } catch {
    // pip moved a file while we looked; the next look sees it
  }
  return bytes;
}
