// Asks a Git LFS server where it serves a file: it knows files by their SHA-256, as the manifest does.
import type { Checked } from "./manifest.js";

/** An address that may be valid for some minutes only, and what it wants to be sent with a request. */
export interface Served {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const MEDIA = "application/vnd.git-lfs+json";

/**
 * Asks for the address of one file.
 * @throws Error if the server cannot be asked within the patience, or has no such file.
 * Source: Git LFS documentation, Batch API and Basic Transfer API.
 */
export async function askLfs(
  server: string,
  { sha256, bytes }: Checked,
  { patience = 60_000, signal }: { readonly patience?: number; readonly signal?: AbortSignal } = {},
): Promise<Served> {
  const waiting = AbortSignal.timeout(patience);
  const objects = [{ oid: sha256, size: bytes }];
  const wanted = `expected the Git LFS server ${server} to have the file`;
  let answer: Response;
  let content: unknown;
  try {
    answer = await fetch(`${server.replace(/\/$/, "")}/objects/batch`, {
      method: "POST",
      headers: { accept: MEDIA, "content-type": MEDIA },
      body: JSON.stringify({ operation: "download", transfers: ["basic"], objects }),
      signal: signal ? AbortSignal.any([waiting, signal]) : waiting,
    });
    content = await answer.json();
  } catch (cause) {
    signal?.throwIfAborted();
    const { message, code } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException;
    throw new Error(`${wanted}, got ${message || code}`, { cause });
  }
  const [object] = (content as Answer | null)?.objects ?? [];
  const { href, header } = object?.actions?.download ?? {};
  if (typeof href === "string" && /^https?:\/\//.test(href))
    return { url: href, headers: header ?? {} };
  throw new Error(`${wanted}, got ${object?.error?.message ?? `status ${answer.status}`}`);
}

/** As much of the answer as is looked at; none of it is sure to be there. */
interface Answer {
  readonly objects?: readonly {
    readonly error?: { readonly message?: string };
    readonly actions?: {
      readonly download?: { readonly href?: unknown; readonly header?: Record<string, string> };
    };
  }[];
}
