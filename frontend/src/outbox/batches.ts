import type { EventBatch } from "../api/calls";
import { isRecord } from "../api/problem";
import type { Receipt } from "../api/types";
import { eventOf, type OutboxRecord } from "./records";

const BATCH = 200;

/** The oldest record and those that go with it in one request: same read, tab, fence, schema. */
export function firstGroup(records: readonly OutboxRecord[]): OutboxRecord[] {
  const first = records[0];
  if (first === undefined) return [];
  return records.filter((each) => goesWith(first, each)).slice(0, BATCH);
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
