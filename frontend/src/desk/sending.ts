/** How a file goes to the server: small ones whole, large ones in chunks by tus, both safe to repeat. */
import { Upload } from "tus-js-client";

const TRIES = 5;
const CHUNK = 8 * 1024 * 1024; // a file that is larger goes in chunks of this size
const PAUSES_MS = [0, 1000, 3000, 8000, 20_000, 60_000];

/** What became of a file. */
export interface Outcome {
  state: "stored" | "repeated" | "refused" | "done";
  reason: string;
  count: number;
}

/** An answer that sending again will not change. */
export class Refusal extends Error {}

const cookie = (name: string): string =>
  document.cookie
    .split("; ")
    .find((each) => each.startsWith(`${name}=`))
    ?.slice(name.length + 1) ?? "";

const token = (): string => cookie("csrf") || cookie("__Host-csrf");

/** Ask the server; a connection that is lost and an error of its own are tried again. */
export async function call(
  method: string,
  address: string,
  body?: File | object,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const isFile = body instanceof File;
  const type = isFile ? "application/octet-stream" : "application/json";
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await fetch(address, {
        method,
        headers: { "X-CSRFToken": token(), "Content-Type": type, ...headers },
        ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
      });
      const document = (await answer.json()) as { detail?: string };
      if (answer.ok) return document;
      if (answer.status < 500 || answer.status === 507) {
        throw new Refusal(document.detail ?? `Refused (${String(answer.status)})`);
      }
    } catch (error) {
      if (error instanceof Refusal || attempt === TRIES) throw error;
    }
    await new Promise((resume) => setTimeout(resume, 500 * 2 ** attempt));
  }
}

const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map((each) => each.toString(16).padStart(2, "0")).join("");

/** SHA-256 of what a file holds; empty where the browser has none (a page without TLS). */
export async function checksum(file: Blob): Promise<string> {
  const crypto = globalThis.crypto as Crypto | undefined;
  if (crypto?.subtle === undefined) return "";
  return hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
}

/** A file, and what the server is told of it. */
export interface Sent {
  file: File;
  sha256: string;
  /** Of what is part of a data set: its path there. Else empty. */
  path: string;
}

/** Send one file; `sent` is told how many of its bytes are there. */
export async function sendFile(
  delivery: string,
  one: Sent,
  sent: (bytes: number) => void,
): Promise<Outcome> {
  if (one.file.size <= CHUNK) {
    const said = one.path === "" ? {} : { "Readerstudy-Path": encodeURIComponent(one.path) };
    const address = `/api/uploads/${delivery}/files`;
    return (await call("PUT", address, one.file, said)) as Outcome;
  }
  return inChunks(delivery, one, sent);
}

/** What this file is called in the browser's memory of uploads: nothing of its name is kept. */
async function fingerprint(delivery: string, file: File): Promise<string> {
  const path = file.webkitRelativePath || file.name;
  const said = `${delivery}|${path}|${String(file.size)}|${String(file.lastModified)}`;
  return checksum(new Blob([said]));
}

async function inChunks(
  delivery: string,
  { file, sha256, path }: Sent,
  sent: (bytes: number) => void,
): Promise<Outcome> {
  const print = await fingerprint(delivery, file);
  const upload = await new Promise<Outcome>((done, fail) => {
    let outcome: Outcome | undefined;
    const one = new Upload(file, {
      endpoint: `/api/uploads/${delivery}/parts`,
      chunkSize: CHUNK,
      retryDelays: PAUSES_MS,
      storeFingerprintForResuming: print !== "",
      removeFingerprintOnSuccess: true,
      fingerprint: () => Promise.resolve(print),
      metadata: { ...(sha256 && { sha256 }), ...(path && { path }) },
      onBeforeRequest: (request) => {
        request.setHeader("X-CSRFToken", token());
      },
      onAfterResponse: (_request, response) => {
        const told = response.getHeader("Readerstudy-Outcome");
        if (told) outcome = JSON.parse(told) as Outcome;
      },
      onProgress: (bytes) => {
        sent(bytes);
      },
      onError: (error) => {
        fail(error);
      },
      onSuccess: () => {
        // Whole before a server died: it is taken in when the delivery ends.
        done(outcome ?? { state: "done", reason: "", count: 1 });
      },
    });
    one
      .findPreviousUploads()
      .then(([before]) => {
        if (before !== undefined) one.resumeFromPreviousUpload(before);
        one.start();
      })
      .catch(fail);
  });
  return upload;
}
