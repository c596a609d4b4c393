import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { Ai, AnswerValue, MarkMask, Packet, Proposal } from "../api/types";
import { drawn, moved, sized, type Drawn, type How, type Place } from "./changes";
import { gaps, type Gap } from "./completeness";
import {
  after,
  draftOf,
  nextNumber,
  standing,
  unrated,
  type Change,
  type Draft,
  type Mark,
  type Measure,
} from "./draft";
import type { Recorder } from "./recorder";
import { Steps, Typed } from "./steps";
import { changesBetween, History } from "./undo";
import type { View } from "./where";

/**
 * The case that is being read: its draft, and all that a reader can do to it. Every deed becomes
 * events through the recorder; the draft is what the events add up to.
 */
export class OpenCase {
  readonly draft = signal<Draft>({
    marks: [],
    answers: {},
    noLesionSaid: false,
    decisions: {},
    measures: [],
  });
  readonly selectedMark = signal<string | null>(null);
  readonly selectedProposal = signal<string | null>(null);
  readonly selectedMeasure = signal<string | null>(null);
  /** Counts the tries to do something else while a mark has no rating. */
  readonly refusals = signal(0);
  readonly isReadOnly = signal(false);
  /** As the packet had it; on demand, as the server sent it once it was asked. */
  readonly ai: Signal<Ai | undefined>;
  readonly marks: ReadonlySignal<readonly Mark[]> = computed(() => standing(this.draft.value));
  readonly unrated: ReadonlySignal<Mark | undefined> = computed(() => unrated(this.draft.value));
  readonly gaps: ReadonlySignal<readonly Gap[]>;
  private readonly history = new History();
  readonly canUndo = computed(() => !this.isReadOnly.value && this.history.canUndo);
  /** As `redo` has it. */
  readonly canRedo = computed(
    () => !this.isReadOnly.value && this.unrated.value === undefined && this.history.canRedo,
  );
  private readonly steps = new Steps(() => this.settle());
  private readonly typed = new Typed();

  constructor(
    readonly packet: Packet,
    readonly recorder: Recorder,
    /** Where the reader is looking, as members of an event. */
    private readonly where: () => { view?: View } = () => ({}),
  ) {
    this.draft.value = draftOf(packet);
    this.isReadOnly.value = packet.read.read_only;
    this.ai = signal(packet.ai);
    this.gaps = computed(() => gaps(packet.questions, this.draft.value));
    if (packet.read.read_only) recorder.seal();
  }

  get proposals(): readonly Proposal[] {
    const ai = this.ai.value;
    return ai && ai.state !== "not_asked" ? ai.proposals : [];
  }

  record(kind: string, payload: Readonly<Record<string, unknown>> = {}): void {
    if (!this.isReadOnly.value) this.recorder.record(kind, payload);
  }

  mark(id: string | null): Mark | undefined {
    return this.marks.value.find((mark) => mark.mark_id === id);
  }

  /** What is done next is done to this mark: a measurement that was selected is let go. */
  select(mark_id: string): void {
    if (mark_id !== this.selectedMark.value) this.settle();
    this.selectedMark.value = mark_id;
    this.selectedMeasure.value = null;
  }

  /** Put a mark; null when another one still waits for its rating. */
  putMark({ position_mm, series }: Place): string | null {
    if (!this.isFree()) return null;
    const mark_id = crypto.randomUUID();
    const number = nextNumber(this.draft.value);
    const payload = { mark_id, position_mm, series, diameter_mm: null, number };
    this.deed([{ kind: "mark_put", payload }]);
    this.select(mark_id);
    return mark_id;
  }

  rate(mark_id: string, rating: number): void {
    const mark = this.mark(mark_id);
    if (!mark || mark.rating === rating || this.isReadOnly.value) return;
    const rated: Change = { kind: "mark_rated", payload: { mark_id, rating } };
    // A first rating belongs to putting the mark: there is no way back to a mark without one.
    if (mark.rating === null) this.apply([rated]);
    else this.deed([rated]);
  }

  /** Move a mark; what was taken over from the AI unchanged becomes an edited proposal. */
  move(mark_id: string, place: Place): void {
    const change = moved(this.draft.value, mark_id, place);
    if (!change || this.isReadOnly.value) return;
    this.deed([change]);
    this.select(mark_id);
  }

  resize(mark_id: string, diameter_mm: number | null): void {
    const change = sized(this.draft.value, mark_id, diameter_mm);
    if (change && !this.isReadOnly.value) this.deed([change]);
  }

  /** The same as `move`, one of many small ones in a row. */
  stepTo(mark_id: string, place: Place): void {
    this.step(`move ${mark_id}`, (draft) => of(moved(draft, mark_id, place)));
  }

  stepSize(mark_id: string, diameter_mm: number): void {
    this.step(`size ${mark_id}`, (draft) => of(sized(draft, mark_id, diameter_mm)));
  }

  stepDrawn(mark_id: string, drawing: Drawn): void {
    this.step(`draw ${mark_id}`, (draft) => drawn(draft, mark_id, drawing));
  }

  /** Tell what steps have come to so far: before anything else is told, and before the page goes. */
  settle(): void {
    const { changes = [], where = {} } = this.steps.end() ?? {};
    changes.forEach(({ kind, payload }) => this.record(kind, { ...payload, ...where }));
  }

  /** Keep what was drawn of a lesion; its longest diameter is the mark's size. */
  drawMask(mark_id: string, mask: MarkMask, diameter_mm: number, how: How = {}): void {
    const changes = drawn(this.draft.value, mark_id, { mask, diameter_mm, ...how });
    if (changes.length > 0 && !this.isReadOnly.value) this.deed(changes);
  }

  /** Remove a mark; a proposal that it came from is undecided again. */
  remove(mark_id: string): void {
    const mark = this.mark(mark_id);
    if (!mark || this.isReadOnly.value) return;
    const changes: Change[] = [{ kind: "mark_removed", payload: { mark_id } }];
    if (mark.proposal && this.draft.value.decisions[mark.proposal] !== undefined) {
      changes.push({ kind: "proposal_undecided", payload: { proposal: mark.proposal } });
    }
    this.deed(changes);
    if (this.selectedMark.value === mark_id) this.selectedMark.value = null;
  }

  /** Whether it stands as the answer now. */
  answer(key: string, value: AnswerValue): boolean {
    if ((this.draft.value.answers[key] ?? null) === value) return true;
    if (!this.isFree()) return false;
    const answered: Change = { kind: "answer_set", payload: { key, value } };
    // What is typed is kept piece by piece: all of it is one step to undo.
    if (this.typed.goesOn(key, this.draft.value)) this.apply([answered]);
    else this.deed([answered]);
    if (this.isTyped(key)) this.typed.kept(key, this.draft.value);
    return true;
  }

  sayNoLesion(said: boolean): void {
    if (said === this.draft.value.noLesionSaid || !this.isFree()) return;
    if (said && this.marks.value.length > 0) return;
    this.deed([{ kind: "no_lesion_said", payload: { said } }]);
  }

  /** Select a proposal: what is told of it shows. */
  view(proposal: string): void {
    this.settle();
    this.selectedProposal.value = proposal;
    this.record("proposal_viewed", { proposal, ...this.where() });
  }

  /** Take a proposal over as an own mark, to be rated by the reader. */
  adopt(proposal: Proposal, as: "accepted" | "edited", series: string): string | null {
    if (!this.isFree()) return null;
    const known = this.marks.value.find((mark) => mark.proposal === proposal.id);
    if (known) return known.mark_id;
    const mark_id = crypto.randomUUID();
    const payload = {
      proposal: proposal.id,
      mark_id,
      position_mm: proposal.centroid_mm,
      series,
      diameter_mm: proposal.diameter_mm,
      rating: null,
      number: nextNumber(this.draft.value),
    };
    this.deed([{ kind: as === "accepted" ? "proposal_accepted" : "proposal_edited", payload }]);
    this.select(mark_id);
    return mark_id;
  }

  reject(proposal: Proposal): boolean {
    if (!this.isFree() || this.draft.value.decisions[proposal.id] === "rejected") return false;
    const known = this.marks.value.find((mark) => mark.proposal === proposal.id);
    const changes: Change[] = known
      ? [{ kind: "mark_removed", payload: { mark_id: known.mark_id } }]
      : [];
    this.deed([...changes, { kind: "proposal_rejected", payload: { proposal: proposal.id } }]);
    return true;
  }

  /** Keep a measurement, new or changed. Measuring is looking: an unrated mark does not stop it. */
  measure(measure: Measure): void {
    if (this.isReadOnly.value) return;
    this.deed([{ kind: "measure_put", payload: measure }]);
    this.selectedMeasure.value = measure.measure_id;
  }

  removeMeasure(measure_id: string): void {
    if (this.isReadOnly.value) return;
    this.deed([{ kind: "measure_removed", payload: { measure_id } }]);
  }

  undo(): void {
    if (!this.isReadOnly.value) this.goTo(this.history.undo(this.draft.value));
  }

  redo(): void {
    if (this.isReadOnly.value || this.unrated.value !== undefined) return;
    this.goTo(this.history.redo(this.draft.value));
  }

  /** Whether something else may be done: not while a mark has no rating, and says so. */
  isFree(): boolean {
    if (this.isReadOnly.value) return false;
    if (this.unrated.value === undefined) return true;
    this.refusals.value += 1;
    return false;
  }

  private isTyped(key: string): boolean {
    const kind = this.packet.questions.find((each) => each.key === key)?.kind;
    return kind === "text" || kind === "number";
  }

  private deed(changes: readonly Change[]): void {
    this.history.push(this.draft.value);
    this.apply(changes);
  }

  /** Steps of one name in a row are one deed, from the draft before the first of them. */
  private step(name: string, changesIn: (draft: Draft) => readonly Change[]): void {
    if (this.isReadOnly.value) return;
    const begun = this.steps.baseOf(name);
    if (!begun) this.settle();
    const base = begun ?? this.draft.value;
    const changes = changesIn(base);
    if (changes.length === 0) return;
    if (!begun) this.history.push(base);
    this.draft.value = changes.reduce(after, base);
    this.steps.go({ name, base, changes, where: this.where() });
  }

  private goTo(target: Draft | null): void {
    if (target) this.apply(changesBetween(this.draft.value, target));
  }

  private apply(changes: readonly Change[]): void {
    this.settle();
    const where = this.where();
    for (const change of changes) {
      this.draft.value = after(this.draft.value, change);
      this.record(change.kind, { ...change.payload, ...where });
    }
    const selected = this.selectedMark.value;
    if (selected !== null && !this.mark(selected)) this.selectedMark.value = null;
    const measures = this.draft.value.measures.map((each) => each.measure_id);
    if (!measures.includes(this.selectedMeasure.value ?? "")) this.selectedMeasure.value = null;
  }
}

function of(change: Change | null): readonly Change[] {
  return change ? [change] : [];
}
