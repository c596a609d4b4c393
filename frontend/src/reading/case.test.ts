import { describe, expect, test } from "vitest";

import type { Packet, Proposal, Question, Vector } from "../api/types";
import type { OutboxRecord } from "../outbox/records";
import { OpenCase } from "./case";
import { after, draftOf, type Change, type Draft, type Measure } from "./draft";
import { Recorder } from "./recorder";
import type { View } from "./where";

const PROPOSAL: Proposal = {
  id: "p1",
  label: "A",
  centroid_mm: [1, 2, 3],
  diameter_mm: 6,
  volume_mm3: 113,
  probability: 0.9,
  uncertainty: null,
  contours_mm: [],
  has_heat_map: false, has_known_lesions: false,
  explanation: "",
};
const QUESTIONS = [
  { key: "sure", kind: "rating", text: "Sure?", is_required: true, shown_if: {}, choices: [] },
  { key: "why", kind: "text", text: "Why?", is_required: false, shown_if: {}, choices: [] },
] as unknown as Question[];

function open(more: { ai?: boolean; readOnly?: boolean; measures?: readonly Measure[]; view?: View } = {}): {
  deed: OpenCase;
  sent: OutboxRecord[];
} {
  const sent: OutboxRecord[] = [];
  const packet = {
    read: { id: "read", read_only: more.readOnly ?? false },
    questions: QUESTIONS,
    draft: { marks: [], measures: more.measures ?? [], answers: {}, no_lesion_said: false, last_seq: {} },
    ...(more.ai ? { ai: { proposals: [PROPOSAL], decisions: {} } } : {}),
  } as unknown as Packet;
  const recorder = new Recorder({
    user: "rae",
    read: "read",
    tab: "tab",
    fence: 1,
    lastSeq: 0,
    clock: { mono_ms: () => 5, wall_ms: () => 1_000.4 },
    put: (record) => sent.push(record),
  });
  const where = (): { view?: View } => (more.view ? { view: more.view } : {});
  return { deed: new OpenCase(packet, recorder, where), sent };
}

const VIEW: View = { pane: 1, series: "s2", slice: 84 };
const HERE = { position_mm: [10, 20, 30] as Vector, series: "s1" };
const kinds = (sent: readonly OutboxRecord[]): string[] => sent.map((each) => each.kind);

const LENGTH = {
  measure_id: "m1",
  tool: "length" as const,
  series: "s1",
  points_mm: [[0, 0, 0], [3, 4, 0]] as Vector[],
  values: [5],
};

/** The draft that the server would build from the events alone. */
function replayed(deed: OpenCase, sent: readonly OutboxRecord[]): Draft {
  return sent.reduce((draft, each) => after(draft, each as unknown as Change), draftOf(deed.packet));
}

describe("marks", () => {
  test("r3: one click and one key: put, rated, both told, in order and without a gap", () => {
    const { deed, sent } = open();
    const mark = deed.putMark(HERE) as string;
    deed.rate(mark, 80);
    expect(kinds(sent)).toEqual(["mark_put", "mark_rated"]);
    expect(sent.map((each) => each.seq)).toEqual([1, 2]);
    expect(sent[0]?.payload).toMatchObject({ position_mm: [10, 20, 30], series: "s1", number: 1 });
    expect(sent[0]?.wall_ms).toBe(1_000);
    expect(deed.marks.value[0]).toMatchObject({ number: 1, rating: 80 });
  });

  test("r3: a mark without a rating blocks marks, answers and submission, and says so", () => {
    const { deed, sent } = open();
    deed.putMark(HERE);
    expect(deed.putMark(HERE)).toBeNull();
    deed.answer("sure", 50);
    deed.sayNoLesion(true);
    expect(deed.isFree()).toBe(false);
    expect(deed.refusals.value).toBe(4);
    expect(kinds(sent)).toEqual(["mark_put"]);
  });

  test("numbers are never given twice, also after a mark was removed", () => {
    const { deed } = open();
    const first = deed.putMark(HERE) as string;
    deed.rate(first, 10);
    deed.remove(first);
    deed.putMark(HERE);
    expect(deed.marks.value.map((mark) => mark.number)).toEqual([2]);
  });

  test("r4: no metastasis is said, only while there is no mark, and a mark takes it back", () => {
    const { deed, sent } = open();
    deed.sayNoLesion(true);
    expect(deed.draft.value.noLesionSaid).toBe(true);
    const mark = deed.putMark(HERE) as string;
    deed.rate(mark, 30);
    expect(deed.draft.value.noLesionSaid).toBe(false);
    deed.sayNoLesion(true);
    expect(kinds(sent)).toEqual(["no_lesion_said", "mark_put", "mark_rated"]);
  });

  test("a read-only window tells nothing and changes nothing", () => {
    const { deed, sent } = open({ readOnly: true });
    expect(deed.putMark(HERE)).toBeNull();
    deed.answer("sure", 1);
    deed.record("scroll");
    expect(sent).toEqual([]);
  });

  test("sizes are told to a tenth of a millimetre", () => {
    const { deed, sent } = open();
    const mark = deed.putMark(HERE) as string;
    deed.resize(mark, 7.4499);
    expect(sent.at(-1)?.payload).toEqual({ mark_id: mark, diameter_mm: 7.4 });
  });
});

test("r7: every deed names where it was done, undoing too; what is looked at otherwise does not", () => {
  const { deed, sent } = open({ ai: true, view: VIEW });
  deed.view("p1");
  const mark = deed.putMark(HERE) as string;
  deed.rate(mark, 80);
  deed.move(mark, { ...HERE, position_mm: [1, 1, 1] });
  deed.undo();
  deed.answer("sure", 50);
  deed.reject(PROPOSAL);
  deed.measure(LENGTH);
  expect(sent.map((each) => each.payload.view)).toEqual(sent.map(() => VIEW));
  expect(deed.draft.value.measures).toEqual([LENGTH]);
  deed.record("tool", { tool: "zoom" });
  expect(sent.at(-1)?.payload).toEqual({ tool: "zoom" });
});

describe("undo and redo", () => {
  test("undoing a fresh mark takes mark and rating back; redoing brings both", () => {
    const { deed, sent } = open();
    const mark = deed.putMark(HERE) as string;
    deed.rate(mark, 80);
    deed.undo();
    expect(deed.marks.value).toEqual([]);
    deed.redo();
    expect(deed.marks.value[0]).toMatchObject({ mark_id: mark, rating: 80 });
    expect(kinds(sent).slice(2)).toEqual(["mark_removed", "mark_restored"]);
  });

  test("what is typed without a break is one step back, however often it was kept", () => {
    const { deed, sent } = open();
    const answers = (): object => deed.draft.value.answers;
    deed.answer("why", "ring");
    deed.answer("why", "ring-shaped");
    deed.answer("sure", 80);
    deed.answer("why", "ring-shaped, small");
    deed.undo();
    expect(answers()).toEqual({ why: "ring-shaped", sure: 80 });
    deed.answer("why", "round");
    deed.undo();
    expect(answers()).toEqual({ why: "ring-shaped", sure: 80 });
    deed.undo();
    deed.undo();
    expect(answers()).toEqual({});
    deed.redo();
    expect(answers()).toEqual({ why: "ring-shaped" });
    expect(sent.filter((each) => each.kind === "answer_set")).toHaveLength(10); // each told
  });

  test("undoing a mark says again what it had taken back", () => {
    const { deed } = open();
    deed.sayNoLesion(true);
    deed.putMark(HERE);
    deed.undo();
    expect(deed.draft.value.noLesionSaid).toBe(true);
  });

  test("undoing a removed accepted proposal brings mark and decision back", () => {
    const { deed } = open({ ai: true });
    const mark = deed.adopt(PROPOSAL, "accepted", "s1") as string;
    deed.rate(mark, 70);
    deed.remove(mark);
    expect(deed.draft.value.decisions).toEqual({});
    deed.undo();
    expect(deed.draft.value.decisions).toEqual({ p1: "accepted" });
    expect(deed.mark(mark)?.rating).toBe(70);
  });

  test("whatever a reader does, undoing all of it leads back, and events alone say the same", () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const { deed, sent } = open({ ai: true, ...(seed % 2 ? { view: VIEW } : {}) });
      const before = JSON.stringify(shown(deed.draft.value));
      const random = randomFrom(seed);
      for (let step = 0; step < 25; step += 1) act(deed, random);
      expect(shown(replayed(deed, sent))).toEqual(shown(deed.draft.value));
      for (let step = 0; step < 99; step += 1) deed.undo();
      expect(JSON.stringify(shown(deed.draft.value))).toBe(before);
      expect(shown(replayed(deed, sent))).toEqual(shown(deed.draft.value));
    }
  });
});

describe("proposals", () => {
  test("r5: accepting puts an own mark that the reader still has to rate", () => {
    const { deed, sent } = open({ ai: true });
    const mark = deed.adopt(PROPOSAL, "accepted", "s1");
    expect(sent[0]).toMatchObject({
      kind: "proposal_accepted",
      payload: { proposal: "p1", mark_id: mark, position_mm: [1, 2, 3], rating: null },
    });
    expect(deed.unrated.value?.mark_id).toBe(mark);
  });

  test("moving an accepted proposal makes it an edited one", () => {
    const { deed, sent } = open({ ai: true });
    const mark = deed.adopt(PROPOSAL, "accepted", "s1") as string;
    deed.rate(mark, 60);
    deed.move(mark, HERE);
    expect(sent.at(-1)).toMatchObject({ kind: "proposal_edited", payload: { rating: 60 } });
    expect(deed.draft.value.decisions).toEqual({ p1: "edited" });
    deed.undo();
    expect(deed.draft.value.decisions).toEqual({ p1: "accepted" });
    expect(deed.mark(mark)?.position_mm).toEqual([1, 2, 3]);
  });

  test("rejecting removes a mark that came from the proposal", () => {
    const { deed, sent } = open({ ai: true });
    const mark = deed.adopt(PROPOSAL, "accepted", "s1") as string;
    deed.rate(mark, 60);
    expect(deed.reject(PROPOSAL)).toBe(true);
    expect(kinds(sent).slice(-2)).toEqual(["mark_removed", "proposal_rejected"]);
    expect(deed.reject(PROPOSAL)).toBe(false);
  });

  test("accepting twice makes one mark", () => {
    const { deed } = open({ ai: true });
    const mark = deed.adopt(PROPOSAL, "accepted", "s1") as string;
    deed.rate(mark, 60);
    expect(deed.adopt(PROPOSAL, "accepted", "s1")).toBe(mark);
    expect(deed.marks.value).toHaveLength(1);
  });
});

/** What a reader sees of a draft: removed marks, and the order of answers, are not shown. */
function shown(draft: Draft): unknown {
  const marks = draft.marks.filter((mark) => !mark.isRemoved);
  const sorted = (record: object): unknown =>
    Object.entries(record).sort(([a], [b]) => a.localeCompare(b));
  return { marks, answers: sorted(draft.answers), said: draft.noLesionSaid, decisions: sorted(draft.decisions) };
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

/** One random deed. A new mark is rated at once. */
function act(deed: OpenCase, random: () => number): void {
  const marks = deed.marks.value;
  const mark = marks[Math.floor(random() * marks.length)]?.mark_id;
  const point: Vector = [random() * 10, random() * 10, random() * 10];
  const choice = Math.floor(random() * 8);
  if (choice === 0) {
    const put = deed.putMark({ position_mm: point, series: "s1" });
    if (put) deed.rate(put, Math.round(random() * 100));
  } else if (choice === 1 && mark) deed.rate(mark, Math.round(random() * 100));
  else if (choice === 2 && mark) deed.move(mark, { position_mm: point, series: "s2" });
  else if (choice === 3 && mark) deed.resize(mark, random() * 20 + 1);
  else if (choice === 4 && mark) deed.remove(mark);
  else if (choice === 5) deed.answer("sure", Math.round(random() * 100));
  else if (choice === 6) deed.sayNoLesion(!deed.draft.value.noLesionSaid);
  else if (choice === 7 && random() < 0.5) deed.reject(PROPOSAL);
  else {
    const put = deed.adopt(PROPOSAL, random() < 0.5 ? "accepted" : "edited", "s1");
    if (put && deed.mark(put)?.rating === null) deed.rate(put, 40);
  }
}

describe("what is drawn of a mark", () => {
  const MASK = { series: "s1", voxels: "1,2,3,2,2,1:1,2,1" };

  test("r3: gives its size, goes when it is sized or moved, and comes back when that is undone", () => {
    const { deed, sent } = open();
    const id = deed.putMark(HERE) ?? "";
    deed.rate(id, 70);
    deed.drawMask(id, MASK, 4.26);
    expect(deed.mark(id)).toMatchObject({ mask: MASK, diameter_mm: 4.3 });
    deed.resize(id, 9);
    expect(deed.mark(id)).toMatchObject({ mask: null, diameter_mm: 9 });
    deed.undo();
    expect(deed.mark(id)).toMatchObject({ mask: MASK, diameter_mm: 4.3 });
    deed.move(id, { ...HERE, position_mm: [0, 0, 0] });
    expect(deed.mark(id)?.mask).toBeNull();
    deed.undo();
    expect(deed.mark(id)).toMatchObject({ mask: MASK, position_mm: HERE.position_mm });
    deed.undo();
    expect(deed.mark(id)).toMatchObject({ mask: null, diameter_mm: null });
    expect(shown(replayed(deed, sent))).toEqual(shown(deed.draft.value));
  });
});

describe("measurements", () => {
  test("r7: those of before a reload are there again, and can be taken away", () => {
    const { deed } = open({ measures: [LENGTH] });
    expect(deed.draft.value.measures).toEqual([LENGTH]);
    deed.removeMeasure(LENGTH.measure_id);
    expect(deed.draft.value.measures).toEqual([]);
  });

  test("a mark that is put or moved is what Delete means, not the measurement before", () => {
    const { deed } = open();
    deed.measure(LENGTH);
    const mark = deed.putMark(HERE);
    expect([deed.selectedMeasure.value, deed.selectedMark.value]).toEqual([null, mark]);
    deed.measure(LENGTH);
    deed.move(mark ?? "", { ...HERE, position_mm: [1, 1, 1] });
    expect(deed.selectedMeasure.value).toBeNull();
  });

  test("are kept, told at once, undone and redone like everything else", () => {
    const { deed, sent } = open();
    deed.measure(LENGTH);
    deed.measure({ ...LENGTH, points_mm: [[0, 0, 0], [6, 8, 0]], values: [10] });
    expect(deed.draft.value.measures.map((each) => each.values)).toEqual([[10]]);
    deed.undo();
    expect(deed.draft.value.measures).toEqual([LENGTH]);
    deed.undo();
    expect(deed.draft.value.measures).toEqual([]);
    deed.redo();
    expect(deed.draft.value.measures).toEqual([LENGTH]);
    expect(kinds(sent)).toEqual([
      "measure_put", "measure_put", "measure_put", "measure_removed", "measure_put",
    ]);
  });

  test("measuring is looking: a mark that waits for its rating does not stop it, a lost lease does", () => {
    const { deed } = open();
    deed.putMark(HERE);
    deed.measure(LENGTH);
    expect(deed.draft.value.measures).toHaveLength(1);
    const other = open({ readOnly: true }).deed;
    other.measure(LENGTH);
    expect(other.draft.value.measures).toHaveLength(0);
  });
});
