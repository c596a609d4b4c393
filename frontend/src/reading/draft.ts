import type {
  AnswerValue,
  DecisionKind,
  MarkMask,
  Packet,
  PacketMark,
  PacketMeasure,
  Vector,
} from "../api/types";

/** A lesion mark; a removed one keeps its number. */
export interface Mark extends PacketMark {
  isRemoved: boolean;
}

/**
 * A measurement of the reader's, for their own eyes: no part of the answer. Its values are what it
 * came to, in the order in which `reading/measure-words` says it.
 */
export type Measure = PacketMeasure;

/** What a read's events have added up to so far. Never changed in place. */
export interface Draft {
  marks: readonly Mark[];
  answers: Readonly<Record<string, AnswerValue>>;
  noLesionSaid: boolean;
  decisions: Readonly<Record<string, DecisionKind>>;
  measures: readonly Measure[];
}

/** Of a mark of which nothing is drawn. */
const UNDRAWN = { mask: null, threshold_percent: null } as const;

/** What an event says, before it gets its id, place and time. */
export type Change =
  | {
      kind: "mark_put";
      payload: {
        mark_id: string;
        position_mm: Vector;
        series: string;
        diameter_mm: number | null;
        number: number;
      };
    }
  | { kind: "mark_rated"; payload: { mark_id: string; rating: number } }
  | { kind: "mark_moved"; payload: { mark_id: string; position_mm: Vector; series: string } }
  | { kind: "mark_sized"; payload: { mark_id: string; diameter_mm: number | null } }
  | {
      kind: "mark_drawn";
      payload: { mark_id: string; mask: MarkMask; diameter_mm: number; threshold_percent?: number };
    }
  | { kind: "mark_removed" | "mark_restored"; payload: { mark_id: string } }
  | { kind: "answer_set"; payload: { key: string; value: AnswerValue } }
  | { kind: "no_lesion_said"; payload: { said: boolean } }
  | { kind: "proposal_accepted" | "proposal_edited"; payload: AdoptedProposal }
  | { kind: "proposal_rejected" | "proposal_undecided"; payload: { proposal: string } }
  | { kind: "measure_put"; payload: Measure }
  | { kind: "measure_removed"; payload: { measure_id: string } };

/** A proposal that becomes a mark of the reader's. */
export interface AdoptedProposal {
  proposal: string;
  mark_id: string;
  position_mm: Vector;
  series: string;
  diameter_mm: number | null;
  rating: number | null;
  number: number;
}

export function draftOf(packet: Packet): Draft {
  return {
    marks: packet.draft.marks.map((mark) => ({ ...mark, isRemoved: false })),
    answers: packet.draft.answers,
    noLesionSaid: packet.draft.no_lesion_said,
    decisions: packet.ai && packet.ai.state !== "not_asked" ? packet.ai.decisions : {},
    measures: packet.draft.measures,
  };
}

export function standing(draft: Draft): readonly Mark[] {
  return draft.marks.filter((mark) => !mark.isRemoved);
}

export function unrated(draft: Draft): Mark | undefined {
  return standing(draft).find((mark) => mark.rating === null);
}

export function nextNumber(draft: Draft): number {
  return 1 + draft.marks.reduce((most, mark) => Math.max(most, mark.number), 0);
}

/**
 * The draft after a change, by the same rules as the server's (`reads.services.drafting`): where a
 * deed was done, which its event tells, changes nothing.
 */
export function after(draft: Draft, told: Change): Draft {
  const change = alone(told);
  switch (change.kind) {
    case "mark_put":
      return put(draft, { ...change.payload, proposal: null, rating: null, ...UNDRAWN });
    case "mark_moved":
    case "mark_sized":
      // What was drawn was drawn there, and of that size.
      return edit(draft, change.payload.mark_id, { ...change.payload, ...UNDRAWN });
    case "mark_drawn":
      return edit(draft, change.payload.mark_id, { ...UNDRAWN, ...change.payload });
    case "mark_rated":
      return edit(draft, change.payload.mark_id, change.payload);
    case "mark_removed":
    case "mark_restored":
      return edit(draft, change.payload.mark_id, { isRemoved: change.kind === "mark_removed" });
    case "answer_set":
      return { ...draft, answers: answered(draft.answers, change.payload) };
    case "no_lesion_said":
      return { ...draft, noLesionSaid: change.payload.said };
    case "measure_put":
    case "measure_removed":
      return measured(draft, change);
    default:
      return proposed(draft, change);
  }
}

function alone(told: Change): Change {
  if (!("view" in told.payload)) return told;
  const members = Object.entries(told.payload).filter(([name]) => name !== "view");
  return { ...told, payload: Object.fromEntries(members) } as Change;
}

function proposed(draft: Draft, change: Extract<Change, { payload: { proposal: string } }>): Draft {
  switch (change.kind) {
    case "proposal_accepted":
      return decided(adopted(draft, change.payload), change.payload.proposal, "accepted");
    case "proposal_edited":
      return decided(adopted(draft, change.payload), change.payload.proposal, "edited");
    case "proposal_rejected":
      return decided(draft, change.payload.proposal, "rejected");
    case "proposal_undecided":
      return decided(draft, change.payload.proposal, null);
  }
}

function adopted(draft: Draft, payload: AdoptedProposal): Draft {
  return put(draft, { ...payload, ...UNDRAWN });
}

function put(draft: Draft, fields: Omit<Mark, "isRemoved">): Draft {
  const known = draft.marks.find((mark) => mark.mark_id === fields.mark_id);
  const marks = known
    ? draft.marks.map((mark) => (mark === known ? putAgain(known, fields) : mark))
    : [...draft.marks, { ...fields, isRemoved: false }];
  return { ...draft, marks, noLesionSaid: false };
}

/** A mark that is put once more keeps its number, and its rating unless a new one comes along. */
function putAgain(known: Mark, fields: Omit<Mark, "isRemoved">): Mark {
  const { number, rating, proposal } = known;
  return {
    ...fields,
    number,
    rating: fields.rating ?? rating,
    proposal: fields.proposal ?? proposal,
    isRemoved: false,
  };
}

function edit(draft: Draft, id: string, fields: Partial<Mark>): Draft {
  const marks = draft.marks.map((mark) => (mark.mark_id === id ? { ...mark, ...fields } : mark));
  return { ...draft, marks };
}

function answered(
  answers: Draft["answers"],
  { key, value }: { key: string; value: AnswerValue },
): Draft["answers"] {
  const others = Object.entries(answers).filter(([each]) => each !== key);
  return Object.fromEntries(value === null ? others : [...others, [key, value]]);
}

function measured(
  draft: Draft,
  change: Extract<Change, { kind: "measure_put" | "measure_removed" }>,
): Draft {
  const id = change.payload.measure_id;
  const measure = change.kind === "measure_put" ? change.payload : null;
  const at = draft.measures.findIndex((each) => each.measure_id === id);
  const measures =
    measure !== null && at >= 0
      ? draft.measures.with(at, measure)
      : [...draft.measures.filter((each) => each.measure_id !== id), ...(measure ? [measure] : [])];
  return { ...draft, measures };
}

function decided(draft: Draft, proposal: string, kind: DecisionKind | null): Draft {
  const others = Object.entries(draft.decisions).filter(([each]) => each !== proposal);
  return {
    ...draft,
    decisions: Object.fromEntries(kind === null ? others : [...others, [proposal, kind]]),
  };
}
