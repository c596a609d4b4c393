// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { hide, Hiding } from "./hiding";
import { BINDINGS, listenToKeys } from "./keys";
import type { Room } from "./room";
import type { Viewing } from "./viewing";

let hiding: Hiding;
let told: [string, unknown][];
let room: Room;
let stop: () => void;

function make(areProposalsShown: boolean): void {
  hiding = new Hiding();
  told = [];
  const at = <Value>(value: Value): { value: Value } => ({ value });
  room = {
    state: {
      phase: at({ name: "reading" }),
      dialog: at(null),
      isOnBreak: at(false),
      needsSignIn: at(false),
      bindings: at(BINDINGS),
      viewing: at({ hiding }),
      openCase: at(null),
      areProposalsShown: at(areProposalsShown),
    },
    tour: { stop: at(null) },
    record: (kind: string, payload: unknown) => told.push([kind, payload]),
  } as unknown as Room;
  stop = listenToKeys(room);
}

const key = (kind: "keydown" | "keyup", name: string, more: KeyboardEventInit = {}): void =>
  void document.body.dispatchEvent(
    new KeyboardEvent(kind, { key: name, code: "KeyH", bubbles: true, ...more }),
  );
const down = (name: string, more: KeyboardEventInit = {}): void =>
  key("keydown", name, { shiftKey: name === "H", ...more });
const up = (name: string): void => key("keyup", name, { shiftKey: name === "H" });
const shows = (): string => (hiding.isAll ? "nothing" : hiding.areProposals ? "own" : "all");
const HIDDEN = ["proposals_hidden", { at: "hold" }];
const SHOWN = ["proposals_shown", { at: "hold" }];

beforeEach(() => make(true));
afterEach(() => stop());

describe("r5: held keys hide what is drawn, or the proposals alone", () => {
  test("all of it by one, the proposals by the other; each time it is told", () => {
    down("h");
    expect(shows()).toBe("nothing");
    up("h");
    down("H");
    expect(shows()).toBe("own");
    up("H");
    expect(shows()).toBe("all");
    expect(told).toEqual([HIDDEN, SHOWN, HIDDEN, SHOWN]);
  });

  test("Shift may be let go first, and a key that repeats meanwhile does nothing", () => {
    down("H");
    key("keyup", "Shift", { code: "ShiftLeft" });
    down("h", { repeat: true });
    expect(shows()).toBe("own");
    up("h");
    expect(shows()).toBe("all");
    expect(told).toEqual([HIDDEN, SHOWN]);
  });

  test("that are let go over another window are let go", () => {
    down("H");
    dispatchEvent(new Event("blur"));
    expect(shows()).toBe("all");
    up("H");
    expect(told).toEqual([HIDDEN, SHOWN]);
  });

  test("in an arm without proposals hide own marks and tell nothing; their own key does nothing", () => {
    stop();
    make(false);
    down("H");
    expect(shows()).toBe("all");
    up("H");
    down("h");
    expect(shows()).toBe("nothing");
    up("h");
    expect(told).toEqual([]);
  });
});

test("r5: hidden by two means, proposals are told to be hidden once, and shown once both are over", () => {
  const viewing = room.state.viewing.value as Viewing;
  hide(room, viewing, "button", true);
  hide(room, viewing, "proposals_key", true);
  hide(room, viewing, "button", false);
  expect(shows()).toBe("own");
  hide(room, viewing, "key", true);
  hide(room, viewing, "proposals_key", false);
  expect(shows()).toBe("nothing");
  hide(room, viewing, "key", false);
  expect(told).toEqual([["proposals_hidden", { at: "button" }], SHOWN]);
});
