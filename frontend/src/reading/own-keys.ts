import { asProblem } from "../api/problem";
import type { ReadingRoomSettings } from "../api/types";
import type { CommandName } from "./commands";
import { BINDINGS, isRating, nameOfKey, type Binding } from "./keys";
import { wordsOf } from "./refusals";
import type { Room } from "./room";

/** A reader's own keys, by command: only what differs from the usual. */
export type OwnKeys = Readonly<Record<string, readonly string[]>>;

/** The key of a command for this reader, as it is printed on a keyboard. */
export function keyOf(room: Room, command: CommandName): string {
  const found = room.state.bindings.value.find((each) => each.command === command);
  return nameOfKey(found?.keys[0] ?? "–");
}

/** Why a key press cannot be a command's key, for `t("keys.refused." + ...)`. */
export type Refusal = "rating" | "browser";

/**
 * The usual keys with the reader's own in their place. A command that came with a later release, and
 * whose usual key the reader had given to another before, has none until it is given one.
 */
export function bindingsWith(own: OwnKeys): readonly Binding[] {
  const taken = new Set(BINDINGS.flatMap(({ command }) => own[command] ?? []));
  return BINDINGS.map((usual) => {
    const keys = own[usual.command];
    if (keys && keys.length > 0) return { ...usual, keys };
    const free = usual.keys.filter((key) => !taken.has(key));
    return free.length < usual.keys.length ? { ...usual, keys: free } : usual;
  });
}

/** What keeps a key from being given to a command whatever the others have; null: nothing. */
export function refusalOf(binding: Binding, spelled: string): Refusal | null {
  if (isRating(spelled)) return "rating";
  if (binding.keys.includes(spelled)) return null;
  // Ctrl and Command belong to the browser, function keys and Escape too.
  if (/^mod\+|^(shift\+)?(F\d+|Escape|Alt|AltGraph|Dead|Process|Unidentified)$/.test(spelled)) {
    return "browser";
  }
  return null;
}

/** The other command that has a key already. */
export function takenBy(
  bindings: readonly Binding[],
  command: CommandName,
  spelled: string,
): Binding | undefined {
  return bindings.find((each) => each.command !== command && each.keys.includes(spelled));
}

/** The reader's own keys after one command got another key; its usual one is not kept as own. */
export function ownAfter(own: OwnKeys, command: CommandName, spelled: string): OwnKeys {
  const usual = BINDINGS.find((each) => each.command === command);
  const others = Object.entries(own).filter(
    ([each]) => each !== command && BINDINGS.some((known) => known.command === each),
  );
  if (usual?.keys.includes(spelled)) return Object.fromEntries(others);
  return Object.fromEntries([...others, [command, [spelled]]]);
}

/** Keep how the reader has set up the room. @returns what went wrong, in words, or null. */
export async function setUp(room: Room, settings: ReadingRoomSettings): Promise<string | null> {
  const { me } = room.state;
  try {
    const reading_room = await room.signedInFor(() => room.ports.api.setReadingRoom(settings));
    if (me.value) me.value = { ...me.value, reading_room };
    return null;
  } catch (error) {
    return wordsOf(asProblem(error));
  }
}
