// Downloads one file over HTTP: goes on where it broke off, with a bound on attempts and on waiting.
import { createWriteStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { recognizeForeign } from "./textfile.js";

export interface DownloadFileOptions {
  /** Called with the bytes of the file so far, those of an earlier run included. */
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** What the address wants to be sent. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a server may send nothing, in milliseconds. */
  readonly patience?: number;
  /** The wait before the second attempt, in milliseconds; it doubles with each further one. */
  readonly pause?: number;
}

const ATTEMPTS = 5;

/** How an attempt ended: well, in a way that another attempt may mend, or for good. */
type Ending =
  | { readonly kind: "whole" }
  | { readonly kind: "broken"; readonly why: string }
  | { readonly kind: "refused"; readonly message: string };

interface Attempt extends DownloadFileOptions {
  readonly patience: number;
  readonly url: string;
  /** The address for messages. */
  readonly shown: string;
  readonly file: string;
  /** The size that the file must have. */
  readonly bytes: number;
  /** The server's name for the version that the file's bytes are of, if it gave a strong one. */
  etag?: string;
}

/**
 * Downloads the file of a known size from an address, following redirects. Bytes that `file` has already are kept and
 * the rest is asked for (Range, with If-Range once the server has named its version); so is what a broken connection
 * left. What came is not verified here beyond its size.
 * @throws Error if the address serves no such file, another one, or sends nothing for too long; if the disk is full;
 * or after five broken attempts. What the file has by then stays, unless it is of another file.
 */
export async function downloadFile(
  url: string,
  file: string,
  bytes: number,
  { patience = 60_000, pause = 1000, ...options }: DownloadFileOptions = {},
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
        "accept-encoding": "identity", // a range is one of the file's own bytes
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

/** Tells from status and headers why the body is not to be saved; undefined if it is. */
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
  return another(shown, bytes, Number(length), Buffer.from(first?.value ?? []));
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
  const head = await headOf(file);
  if (size < bytes && !recognizeForeign(head)) {
    return { kind: "broken", why: `the connection ended after ${size} bytes` };
  }
  await rm(file, { force: true });
  return another(shown, bytes, size, head);
}

function another(shown: string, bytes: number, got: number, head: Buffer): Ending {
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
  // fetch hides what happened behind "fetch failed" or "terminated".
  const { message, code } = (error.cause ?? error) as NodeJS.ErrnoException;
  return { kind: "broken", why: message || code || error.message };
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    return (await handle.read(Buffer.alloc(64), 0, 64, 0)).buffer;
  } finally {
    await handle.close();
  }
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}
