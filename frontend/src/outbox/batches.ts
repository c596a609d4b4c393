import type { EventBatch } from "../api/calls";
import { isRecord } from "../api/problem";
import type { Receipt } from "../api/types";
import { eventOf, type OutboxRecord } from "./records";

const BATCH = 200;
// What was drawn of a lesion may take 60,000 characters; the server takes 8 MiB at once.
const CHARACTERS = 1_000_000;

/** The oldest record and those that go with it in one request: same read, tab, fence, schema. */
export function firstGroup(records: readonly OutboxRecord[]): OutboxRecord[] {
  const first = records[0];
  if (first === undefined) return [];
  const group: OutboxRecord[] = [];
  let characters = 0;
  for (const each of records) {
    if (group.length === BATCH) break;
    if (!goesWith(first, each)) continue;
    characters += JSON.stringify(eventOf(each)).length;
    if (group.length > 0 && characters > CHARACTERS) break;
    group.push(each);
  }
  return group;
}

/** A group as it is sent. */
export function batchOf(group: readonly OutboxRecord[]): EventBatch {
  const { tab, fence, schema = 1 } = group[0] as OutboxRecord;
  return { tab, fence, schema, events: group.map(eventOf) };
}

/** The ids that an answer names as stored; a page that is no answer of ours names none. */
export function acknowledgedIn(answer: Receipt | Readonly<Record<string, unknown>>): Set<string> {
  return new Set(isRecord(answer) ? idsIn(answer.acknowledged) : []);
}

/** A list of ids in an answer. */
export function idsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function goesWith(first: OutboxRecord, other: OutboxRecord): boolean {
  const members = ["read", "tab", "fence", "schema"] as const;
  return members.every((name) => first[name] === other[name]);
}
