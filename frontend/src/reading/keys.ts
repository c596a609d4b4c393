import { perform, type CommandName } from "./commands";
import type { Room } from "./room";
import { ratingOf } from "./scales";

/** What no field takes for itself. */
const ALSO_IN_FIELDS = /^(mod\+Enter|(shift\+)?F6)/;

/** Which key usually does what; a reader may choose others (`own-keys`). `mod` is Ctrl, or Command on a Mac. Held keys have a command for letting go. */
export interface Binding {
  keys: readonly string[];
  command: CommandName;
  release?: CommandName;
  /** Only where proposals are; the key sheet of a control arm does not name it. */
  isForProposals?: boolean;
  group: "look" | "marks" | "case" | "proposals";
}

export const BINDINGS: readonly Binding[] = [
  { keys: ["ArrowUp", "ArrowLeft"], command: "slice.previous", group: "look" },
  { keys: ["ArrowDown", "ArrowRight"], command: "slice.next", group: "look" },
  { keys: ["PageUp"], command: "slice.back", group: "look" },
  { keys: ["PageDown"], command: "slice.forth", group: "look" },
  { keys: ["Home"], command: "slice.first", group: "look" },
  { keys: ["End"], command: "slice.last", group: "look" },
  { keys: ["Tab"], command: "pane.next", group: "look" },
  { keys: ["shift+Tab"], command: "pane.previous", group: "look" },
  { keys: ["]"], command: "window.next", group: "look" },
  { keys: ["["], command: "window.previous", group: "look" },
  { keys: ["shift+W"], command: "window.auto", group: "look" },
  { keys: ["i"], command: "window.invert", group: "look" },
  { keys: ["w"], command: "tool.window", group: "look" },
  { keys: ["z"], command: "tool.zoom", group: "look" },
  { keys: ["p"], command: "tool.pan", group: "look" },
  { keys: ["y"], command: "tool.scroll", group: "look" },
  { keys: ["t"], command: "tool.length", group: "look" },
  { keys: ["d"], command: "tool.bidirectional", group: "look" },
  { keys: ["shift+T"], command: "tool.measure", group: "look" },
  { keys: ["Enter"], command: "measure.point", group: "look" },
  { keys: ["+", "="], command: "view.larger", group: "look" },
  { keys: ["-"], command: "view.smaller", group: "look" },
  { keys: ["f"], command: "view.fit", group: "look" },
  { keys: ["x"], command: "view.cross", group: "look" },
  { keys: ["g"], command: "view.link", group: "look" },
  { keys: ["l"], command: "view.layout", group: "look" },
  { keys: ["shift+P"], command: "view.prior", group: "look" },
  { keys: ["shift+G"], command: "view.link_prior", group: "look" },
  { keys: ["v"], command: "view.planes", group: "look" },
  { keys: ["u"], command: "view.slab", group: "look" },
  { keys: [" "], command: "cine.toggle", group: "look" },
  { keys: ["j"], command: "loupe.show", release: "loupe.hide", group: "look" },
  { keys: ["c"], command: "view.bare", group: "look" },
  { keys: ["h"], command: "overlays.hide", release: "overlays.show", group: "look" },
  { keys: ["mod+ArrowLeft"], command: "cursor.left", group: "marks" },
  { keys: ["mod+ArrowRight"], command: "cursor.right", group: "marks" },
  { keys: ["mod+ArrowUp"], command: "cursor.up", group: "marks" },
  { keys: ["mod+ArrowDown"], command: "cursor.down", group: "marks" },
  { keys: ["m"], command: "mark.put", group: "marks" },
  { keys: ["k"], command: "tool.mark", group: "marks" },
  { keys: ["mod+shift+ArrowLeft"], command: "mark.left", group: "marks" },
  { keys: ["mod+shift+ArrowRight"], command: "mark.right", group: "marks" },
  { keys: ["mod+shift+ArrowUp"], command: "mark.up", group: "marks" },
  { keys: ["mod+shift+ArrowDown"], command: "mark.down", group: "marks" },
  // With Ctrl, Firefox moves its tab whatever the page says.
  { keys: ["shift+PageUp"], command: "mark.back", group: "marks" },
  { keys: ["shift+PageDown"], command: "mark.forth", group: "marks" },
  // With Shift on some keyboards, on others a key of its own without.
  { keys: ["shift+<", "<"], command: "mark.smaller", group: "marks" },
  { keys: ["shift+>", ">"], command: "mark.larger", group: "marks" },
  { keys: ["Delete", "Backspace"], command: "mark.remove", group: "marks" },
  { keys: ["shift+M"], command: "mark.size", group: "marks" },
  { keys: ["shift+K"], command: "tool.paint", group: "marks" },
  { keys: ["shift+E"], command: "tool.erase", group: "marks" },
  { keys: ["shift+B"], command: "tool.brush", group: "marks" },
  { keys: ["n"], command: "mark.next", group: "marks" },
  { keys: ["shift+N"], command: "mark.previous", group: "marks" },
  { keys: ["mod+z"], command: "undo", group: "marks" },
  { keys: ["mod+y", "mod+shift+Z"], command: "redo", group: "marks" },
  { keys: ["o"], command: "mark.none", group: "case" },
  { keys: ["q"], command: "questions.focus", group: "case" },
  { keys: ["F6"], command: "place.next", group: "case" },
  { keys: ["shift+F6"], command: "place.previous", group: "case" },
  { keys: ["mod+Enter"], command: "submit.open", group: "case" },
  { keys: ["b"], command: "break.take", group: "case" },
  { keys: ["?", "shift+?"], command: "keys.show", group: "case" },
  { keys: ["s"], command: "proposals.show", group: "proposals", isForProposals: true },
  { keys: ["shift+S"], command: "proposals.style", group: "proposals", isForProposals: true },
  { keys: ["shift+H"], command: "proposals.hide", release: "proposals.unhide", group: "proposals", isForProposals: true },
  { keys: ["."], command: "proposal.next", group: "proposals", isForProposals: true },
  { keys: [","], command: "proposal.previous", group: "proposals", isForProposals: true },
  { keys: ["a"], command: "proposal.accept", group: "proposals", isForProposals: true },
  { keys: ["r"], command: "proposal.reject", group: "proposals", isForProposals: true },
  { keys: ["e"], command: "proposal.edit", group: "proposals", isForProposals: true },
];

export function isRating(spelled: string): boolean {
  return ratingOf(spelled) !== null;
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  PageUp: "PgUp",
  PageDown: "PgDn",
  Delete: "Del",
  " ": "Space",
};

/** A spelled key as it is printed on a keyboard. */
export function nameOfKey(spelled: string): string {
  if (/^shift\+[?<>]$/.test(spelled)) return spelled.slice(-1);
  const parts = spelled.split(/\+(?=.)/);
  return parts
    .map((part) => (part === "mod" ? "Ctrl" : part === "shift" ? "Shift" : (NAMES[part] ?? part)))
    .map((part) => (part.length === 1 ? part.toUpperCase() : part))
    .join(" ");
}

/** The name of a key press, as the bindings spell it. */
export function spell(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey">): string {
  const mod = event.ctrlKey || event.metaKey ? "mod+" : "";
  const isLetter = /^[a-z]$/i.test(event.key);
  // Caps Lock must not change what a letter does; Shift does.
  const key = isLetter ? (event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key;
  return `${mod}${event.shiftKey ? "shift+" : ""}${key}`;
}

export function bindingOf(
  spelled: string,
  bindings: readonly Binding[] = BINDINGS,
): Binding | undefined {
  return bindings.find((binding) => binding.keys.includes(spelled));
}

/** Listen for keys while a case is read; fields and dialogs keep theirs. */
export function listenToKeys(room: Room): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const held: Held = new Map();
  document.addEventListener("keydown", (event) => pressed(room, event, held), { signal });
  document.addEventListener("keyup", (event) => released(room, event, held), { signal });
  // Whoever lets go over another window is not heard.
  addEventListener("blur", () => letGoOfAll(room, held), { signal });
  return () => stop.abort();
}

/** What letting go of a key that is held does, by the place of that key on the keyboard. */
type Held = Map<string, CommandName>;

function pressed(room: Room, event: KeyboardEvent, held: Held): void {
  if (!takesKeys(room) || event.altKey || event.isComposing) return;
  const spelled = spell(event);
  if (event.key === "Escape") {
    escape(room, event);
    return;
  }
  if (isField(event.target) && !ALSO_IN_FIELDS.test(spelled)) return;
  if (isRating(spelled)) {
    rate(room, spelled);
    event.preventDefault();
    return;
  }
  const binding = bindingOf(spelled, room.state.bindings.value);
  if (!binding || isWidgetKey(event, binding)) return;
  event.preventDefault();
  if (event.repeat && (binding.release || binding.command === "measure.point")) return;
  if (binding.release) held.set(placeOf(event), binding.release);
  perform(room, binding.command);
}

/** A held key is let go wherever the focus is by then, and whether Shift went first or not. */
function released(room: Room, event: KeyboardEvent, held: Held): void {
  const release = held.get(placeOf(event));
  held.delete(placeOf(event));
  if (release) perform(room, release);
}

function letGoOfAll(room: Room, held: Held): void {
  const releases = [...held.values()];
  held.clear();
  releases.forEach((release) => perform(room, release));
}

/** Of a key: what it types changes with Shift, where it is does not. */
function placeOf({ code, key }: KeyboardEvent): string {
  return code || key.toLowerCase();
}

function takesKeys(room: Room): boolean {
  const { phase, dialog, isOnBreak, needsSignIn } = room.state;
  return (
    phase.value.name === "reading" &&
    dialog.value === null &&
    room.tour.stop.value === null &&
    !isOnBreak.value &&
    !needsSignIn.value
  );
}

/** Leave what has the keys for the pictures; put the tool down, or what it was drawing; close the rating of a mark that has one. */
function escape(room: Room, event: KeyboardEvent): void {
  const pointer = room.state.viewing.value?.pointer;
  if (pointer?.measuring.drawing.value) pointer.measuring.cancel();
  else if (pointer && pointer.tool.value !== "window") pointer.layDown();
  if (event.target instanceof HTMLElement && !event.target.closest("[data-panes]")) event.target.blur();
  if (room.state.openCase.value?.unrated.value === undefined) room.state.rating.value = null;
}

function rate(room: Room, digit: string): void {
  const open = room.state.openCase.value;
  const id = open?.unrated.value?.mark_id ?? open?.selectedMark.value;
  const rating = open ? ratingOf(digit, open.packet.mark_scale.levels.length) : null;
  if (!open || !id || rating === null) return;
  open.rate(id, rating);
  room.state.rating.value = null;
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.matches("input, textarea, select, [contenteditable]")
  );
}

/**
 * The pictures have the keys where nothing else has; there Tab goes from pane to pane, and F6 leads
 * on (`goToPlace`). Outside them Tab walks through the page, the space bar and Enter press buttons; in a text
 * that scrolls the arrows scroll it.
 */
function isWidgetKey(event: KeyboardEvent, binding: Binding): boolean {
  const at = event.target instanceof HTMLElement ? event.target : document.body;
  if (at.matches("[data-scrolls]") && binding.command.startsWith("slice.")) return true;
  const isButton = at.closest("button, a") !== null;
  // The whole page, or the room, to which the keys go as it takes another page's place.
  const isAround = at === document.body || at.id === "reading-room";
  const isOnPictures = isAround || (at.closest("[data-panes]") !== null && !isButton);
  return binding.keys.some((key) => key.endsWith("Tab") || key === " " || key === "Enter") && !isOnPictures;
}
