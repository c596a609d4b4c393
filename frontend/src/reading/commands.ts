import type { Proposal } from "../api/types";
import type { MeasureTool } from "../geometry/measures";
import { askForProposals } from "./asking";
import type { OpenCase } from "./case";
import { linkPrior, turnExamination } from "./comparison";
import { proposedOn, type LayoutName } from "./hanging";
import { chooseStyle, stylesOf } from "./heat";
import { hide } from "./hiding";
import { isMeasureTool, MEASURE_TOOLS } from "./measuring";
import { BRUSHES_MM } from "./segmenting";
import { goToPlace } from "./places";
import type { Room } from "./room";
import { moveMark, moveMarkAcross, sizeMark } from "./shaping";
import type { Viewing } from "./viewing";

/** Everything that a key or a button of the reading room does, by name. */
export type Command = (room: Room) => void;

const LAYOUT_ORDER: readonly LayoutName[] = ["main", "four", "two", "one"];
const WITH_PRIOR: readonly LayoutName[] = ["prior", "prior_four", ...LAYOUT_ORDER];
const ZOOM_STEP = 1.2;
const FIVE = 5;

const look =
  (act: (viewing: Viewing, room: Room) => void): Command =>
  (room) => {
    const viewing = room.state.viewing.value;
    if (viewing) act(viewing, room);
  };

const read =
  (act: (open: OpenCase, room: Room) => void): Command =>
  (room) => {
    const open = room.state.openCase.value;
    if (open) act(open, room);
  };

export const COMMANDS = {
  "slice.previous": look((viewing) => viewing.step(-1)),
  "slice.next": look((viewing) => viewing.step(1)),
  "slice.back": look((viewing) => viewing.step(-FIVE)),
  "slice.forth": look((viewing) => viewing.step(FIVE)),
  "slice.first": look((viewing) => viewing.toEnd(false)),
  "slice.last": look((viewing) => viewing.toEnd(true)),
  "pane.next": look((viewing) => turnPane(viewing, 1)),
  "pane.previous": look((viewing) => turnPane(viewing, -1)),
  "window.next": look((viewing) => viewing.preset(1)),
  "window.previous": look((viewing) => viewing.preset(-1)),
  "window.invert": look((viewing) => viewing.invert()),
  "window.auto": look((viewing) => viewing.autoWindow()),
  "cine.toggle": look((viewing) => viewing.cine.toggle()),
  "loupe.show": look((viewing) => showLoupe(viewing, true)),
  "loupe.hide": look((viewing) => showLoupe(viewing, false)),
  "tool.window": look((viewing) => viewing.pointer.choose("window")),
  "tool.mark": look((viewing) => viewing.pointer.choose("mark")),
  "tool.zoom": look((viewing) => viewing.pointer.choose("zoom")),
  "tool.pan": look((viewing) => viewing.pointer.choose("pan")),
  "tool.scroll": look((viewing) => viewing.pointer.choose("scroll")),
  "tool.length": look((viewing) => viewing.pointer.choose("length")),
  "tool.bidirectional": look((viewing) => viewing.pointer.choose("bidirectional")),
  "tool.paint": look((viewing, room) => room.parts.draw(() => viewing.pointer.choose("paint"))),
  "tool.erase": look((viewing, room) => room.parts.draw(() => viewing.pointer.choose("erase"))),
  "tool.brush": look((viewing) => {
    const { brush_mm } = viewing.pointer.segmenting;
    brush_mm.value = after(BRUSHES_MM, brush_mm.value);
  }),
  "tool.measure": look((viewing) => viewing.pointer.choose(nextMeasure(viewing))),
  "view.fit": look((viewing) => viewing.fit()),
  "view.larger": look((viewing) => zoomBy(viewing, ZOOM_STEP)),
  "view.smaller": look((viewing) => zoomBy(viewing, 1 / ZOOM_STEP)),
  "view.cross": look((viewing) => viewing.toggleCross()),
  "view.link": look((viewing) => viewing.toggleLink()),
  "view.layout": look((viewing) => {
    const order = viewing.comparison.prior.value ? WITH_PRIOR : LAYOUT_ORDER;
    void viewing.setLayout(after(order, viewing.layout.value));
  }),
  "view.prior": look((viewing) => void turnExamination(viewing)),
  "view.link_prior": look((viewing) => linkPrior(viewing)),
  "view.planes": look((viewing) => {
    void viewing.setLayout(viewing.layout.value === "planes" ? viewing.usual() : "planes");
  }),
  "view.slab": look((viewing) => viewing.slab()),
  "view.bare": (room) => (room.state.isBare.value = !room.state.isBare.value),
  "overlays.hide": look((viewing, room) => hide(room, viewing, "key", true)),
  "overlays.show": look((viewing, room) => hide(room, viewing, "key", false)),
  "cursor.left": look((viewing) => viewing.pointer.nudge(-1, 0)),
  "cursor.right": look((viewing) => viewing.pointer.nudge(1, 0)),
  "cursor.up": look((viewing) => viewing.pointer.nudge(0, -1)),
  "cursor.down": look((viewing) => viewing.pointer.nudge(0, 1)),
  "mark.left": (room) => moveMark(room, -1, 0),
  "mark.right": (room) => moveMark(room, 1, 0),
  "mark.up": (room) => moveMark(room, 0, -1),
  "mark.down": (room) => moveMark(room, 0, 1),
  "mark.back": (room) => moveMarkAcross(room, -1),
  "mark.forth": (room) => moveMarkAcross(room, 1),
  "mark.smaller": (room) => sizeMark(room, -1),
  "mark.larger": (room) => sizeMark(room, 1),
  "measure.point": look((viewing) => viewing.pointer.measureAtCursor()),
  "mark.put": look((viewing) => viewing.pointer.markAtCursor()),
  "mark.remove": read((open) => {
    const [measure, mark] = [open.selectedMeasure.value, open.selectedMark.value];
    if (measure !== null) open.removeMeasure(measure);
    else if (mark !== null) open.remove(mark);
  }),
  "mark.size": (room) => room.parts.draw((drawing) => drawing.drawFromImage(room)),
  "mark.next": read((open, room) => turnMark(open, room, 1)),
  "mark.previous": read((open, room) => turnMark(open, room, -1)),
  "mark.none": read((open) => open.sayNoLesion(!open.draft.value.noLesionSaid)),
  undo: read((open) => open.undo()),
  redo: read((open) => open.redo()),
  "proposal.next": read((open, room) => turnProposal(open, room, 1)),
  "proposal.previous": read((open, room) => turnProposal(open, room, -1)),
  "proposal.accept": read((open, room) => adopt(open, room, "accepted")),
  "proposal.edit": read((open, room) => adopt(open, room, "edited")),
  "proposal.reject": read((open, room) => {
    const proposal = selectedProposal(open, room);
    if (proposal && open.reject(proposal)) turnProposal(open, room, 1);
  }),
  "proposals.style": read((open, room) => {
    chooseStyle(room, after(stylesOf(open), room.state.proposalStyle.value));
  }),
  "proposals.hide": look((viewing, room) => hide(room, viewing, "proposals_key", true)),
  "proposals.unhide": look((viewing, room) => hide(room, viewing, "proposals_key", false)),
  "proposals.show": (room) => void askForProposals(room),
  "questions.focus": () => {
    const fields = [...document.querySelectorAll<HTMLElement>("[data-question]")];
    const open = fields.filter((each) => each.dataset.answered === "false");
    const must = open.find((each) => each.dataset.required === "true");
    (must ?? open[0] ?? fields[0])?.querySelector<HTMLElement>("input, textarea, select")?.focus();
  },
  "place.next": () => goToPlace(1),
  "place.previous": () => goToPlace(-1),
  "break.take": (room) => room.takeBreak(),
  "submit.open": read((open, room) => {
    const { activeElement } = document;
    if (activeElement instanceof HTMLElement) activeElement.blur(); // what is typed counts
    if (!open.isFree()) return;
    room.state.submitError.value = null;
    room.state.dialog.value = "submit";
  }),
  "keys.show": (room) => {
    room.state.dialog.value = room.state.dialog.value === "keys" ? null : "keys";
  },
} satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

/** What is done in many small steps (`OpenCase.settle`): anything else ends them. */
const STEPS = /^mark\.(left|right|up|down|back|forth|smaller|larger)$/;

/** Do a command by its name. */
export function perform(room: Room, name: CommandName): void {
  if (!STEPS.test(name)) room.state.openCase.value?.settle();
  (COMMANDS[name])(room);
}

/** Select a mark and show it in every pane. */
export function goToMark(room: Room, id: string, isRated = false): void {
  const open = room.state.openCase.value;
  const mark = open?.mark(id);
  if (!open || !mark) return;
  open.select(id);
  room.state.notice.value = null;
  room.state.viewing.value?.jump(mark.position_mm);
  if (isRated) {
    room.state.rating.value = { mark: id, pane: room.state.viewing.value?.active.value ?? 0 };
  }
}

/** Select a proposal and show it in every pane. */
export function goToProposal(room: Room, proposal: Proposal): void {
  const open = room.state.openCase.value;
  if (!open) return;
  room.state.viewing.value?.jump(proposal.centroid_mm); // first: the log names where it is seen
  open.view(proposal.id);
}

/** About the cursor where keys moved it, else about the middle. */
function zoomBy(viewing: Viewing, factor: number): void {
  viewing.zoom(factor, viewing.pointer.keyCursor?.place ?? null);
}

function turnPane(viewing: Viewing, step: number): void {
  const count = viewing.hung.value.length;
  viewing.activate((viewing.active.value + step + count) % count);
}

/** The next of a list, round and round. */
function after<Each>(list: readonly Each[], now: Each): Each {
  return list[(list.indexOf(now) + 1) % list.length] ?? now;
}

function nextMeasure(viewing: Viewing): MeasureTool {
  const { value } = viewing.pointer.tool;
  return isMeasureTool(value) ? after(MEASURE_TOOLS, value) : "length";
}

function showLoupe(viewing: Viewing, isShown: boolean): void {
  if (viewing.isLoupe.value === isShown) return;
  viewing.isLoupe.value = isShown;
  viewing.host.log("tool", { magnifier: isShown });
}

function turnMark(open: OpenCase, room: Room, step: number): void {
  const marks = open.marks.value;
  if (marks.length === 0) return;
  const at = marks.findIndex((mark) => mark.mark_id === open.selectedMark.value);
  const next = marks[at < 0 ? (step > 0 ? 0 : marks.length - 1) : (at + step + marks.length) % marks.length];
  if (next) goToMark(room, next.mark_id);
}

function turnProposal(open: OpenCase, room: Room, step: number): void {
  const { proposals } = open;
  if (proposals.length === 0 || !room.state.areProposalsShown.value) return;
  const at = proposals.findIndex((each) => each.id === open.selectedProposal.value);
  const next = proposals[(at + step + proposals.length) % proposals.length];
  if (next) goToProposal(room, at < 0 && step < 0 ? (proposals.at(-1) ?? next) : next);
}

function selectedProposal(open: OpenCase, room: Room): Proposal | undefined {
  if (!room.state.areProposalsShown.value) return undefined;
  return open.proposals.find((each) => each.id === open.selectedProposal.value);
}

function adopt(open: OpenCase, room: Room, as: "accepted" | "edited"): void {
  const proposal = selectedProposal(open, room);
  const viewing = room.state.viewing.value;
  const series = proposedOn(open.packet.series)?.id;
  if (!proposal || !viewing || series === undefined) return;
  const mark = open.adopt(proposal, as, series);
  if (mark === null) return;
  viewing.jump(proposal.centroid_mm);
  room.state.rating.value = { mark, pane: viewing.active.value };
}
