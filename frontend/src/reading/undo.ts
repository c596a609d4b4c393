import { signal, type Signal } from "@preact/signals";

import type { Change, Draft, Mark } from "./draft";

type Drafts = Signal<readonly Draft[]>;

/** Drafts that can be gone back and forth between. */
export class History {
  private readonly past = signal<readonly Draft[]>([]);
  private readonly future = signal<readonly Draft[]>([]);

  get canUndo(): boolean {
    return this.past.value.length > 0;
  }

  get canRedo(): boolean {
    return this.future.value.length > 0;
  }

  /** Remember the draft as it is before a deed. */
  push(before: Draft): void {
    this.past.value = [...this.past.value, before];
    this.future.value = [];
  }

  /** The draft before the last deed; null when there is none. */
  undo(now: Draft): Draft | null {
    return turned(this.past, this.future, now);
  }

  /** The draft before the last undoing; null when there is none. */
  redo(now: Draft): Draft | null {
    return turned(this.future, this.past, now);
  }
}

function turned(from: Drafts, to: Drafts, now: Draft): Draft | null {
  const target = from.value.at(-1);
  if (!target) return null;
  from.value = from.value.slice(0, -1);
  to.value = [...to.value, now];
  return target;
}

/**
 * The changes that lead from one draft to another that was there before. Nothing is unsaid: the
 * log keeps what was done and that it was taken back.
 */
export function changesBetween(now: Draft, then: Draft): readonly Change[] {
  const decided = decisionChanges(now, then);
  const adopted = new Set(
    decided.flatMap(({ payload }) => ("mark_id" in payload ? [payload.mark_id] : [])),
  );
  const marks = now.marks.filter((mark) => !adopted.has(mark.mark_id));
  return [
    ...marks.flatMap((mark) => markChanges(mark, find(then, mark.mark_id))),
    ...decided,
    ...saidChanges(now, then, adopted.size > 0),
    ...answerChanges(now, then),
    ...measureChanges(now, then),
  ];
}

function markChanges(now: Mark, then: Mark | undefined): readonly Change[] {
  const { mark_id } = now;
  if (then === undefined || then.isRemoved) {
    return now.isRemoved ? [] : [{ kind: "mark_removed", payload: { mark_id } }];
  }
  const changes: Change[] = [];
  if (now.isRemoved) changes.push({ kind: "mark_restored", payload: { mark_id } });
  if (then.position_mm !== now.position_mm || then.series !== now.series) {
    const { position_mm, series } = then;
    changes.push({ kind: "mark_moved", payload: { mark_id, position_mm, series } });
  }
  changes.push(...sizeChanges(now, then, changes.some((each) => each.kind === "mark_moved")));
  if (then.rating !== null && then.rating !== now.rating) {
    changes.push({ kind: "mark_rated", payload: { mark_id, rating: then.rating } });
  }
  return changes;
}

/** A mark's drawing goes with any other change of its size or place, so it may have to be drawn again. */
function sizeChanges(now: Mark, then: Mark, isMoved: boolean): readonly Change[] {
  const { mark_id } = now;
  const mask = isMoved ? null : now.mask;
  if (then.mask && then.mask !== mask && then.diameter_mm !== null) {
    const { mask, diameter_mm, threshold_percent: grownAt } = then;
    const how = grownAt === null ? {} : { threshold_percent: grownAt };
    return [{ kind: "mark_drawn", payload: { mark_id, mask, diameter_mm, ...how } }];
  }
  if (then.diameter_mm === now.diameter_mm && then.mask === mask) return [];
  return [{ kind: "mark_sized", payload: { mark_id, diameter_mm: then.diameter_mm } }];
}

type Decided = Extract<Change, { payload: { proposal: string } }>;

function decisionChanges(now: Draft, then: Draft): readonly Decided[] {
  const proposals = new Set([...Object.keys(now.decisions), ...Object.keys(then.decisions)]);
  return [...proposals].flatMap((proposal): Decided[] => {
    const before = then.decisions[proposal];
    if (before === now.decisions[proposal]) return [];
    if (before === undefined) return [{ kind: "proposal_undecided", payload: { proposal } }];
    if (before === "rejected") return [{ kind: "proposal_rejected", payload: { proposal } }];
    const mark = then.marks.find((each) => each.proposal === proposal && !each.isRemoved);
    if (!mark) return [];
    const { mark_id, position_mm, series, diameter_mm, rating, number } = mark;
    const payload = { proposal, mark_id, position_mm, series, diameter_mm, rating, number };
    return [{ kind: before === "accepted" ? "proposal_accepted" : "proposal_edited", payload }];
  });
}

/** Taking a proposal over unsays "no metastasis" by itself, so it may have to be said again. */
function saidChanges(now: Draft, then: Draft, isUnsaid: boolean): readonly Change[] {
  const said = isUnsaid ? false : now.noLesionSaid;
  if (said === then.noLesionSaid) return [];
  return [{ kind: "no_lesion_said", payload: { said: then.noLesionSaid } }];
}

function answerChanges(now: Draft, then: Draft): readonly Change[] {
  const keys = new Set([...Object.keys(now.answers), ...Object.keys(then.answers)]);
  return [...keys]
    .filter((key) => now.answers[key] !== then.answers[key])
    .map((key) => ({ kind: "answer_set", payload: { key, value: then.answers[key] ?? null } }));
}

function measureChanges(now: Draft, then: Draft): readonly Change[] {
  const kept = new Set(then.measures.map((each) => each.measure_id));
  const gone = now.measures.filter((each) => !kept.has(each.measure_id));
  const back = then.measures.filter((each) => !now.measures.includes(each));
  return [
    ...gone.map(({ measure_id }) => ({ kind: "measure_removed" as const, payload: { measure_id } })),
    ...back.map((measure) => ({ kind: "measure_put" as const, payload: measure })),
  ];
}

function find(draft: Draft, id: string): Mark | undefined {
  return draft.marks.find((mark) => mark.mark_id === id);
}
