// @vitest-environment jsdom
import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Packet, Series } from "../api/types";
import { EVENTS_SCHEMA, type OutboxRecord } from "../outbox/records";
import type { PaneRequest, Stage } from "../viewer/contract";
import { PlainPane } from "../viewer/plain-pane";
import { USUAL } from "./hanging";
import type { Ports } from "./ports";
import { Room } from "./room";
import { Viewing } from "./viewing";
import { viewingHost } from "./viewing-host";

const AI = { mode: "concurrent", state: "ready", proposals: [], decisions: {} };
const seriesOf = (read: string): Series[] =>
  (["t1c", "flair", "t2", "t1"] as const).map((role) => {
    const { series } = new PlainPane({ id: `${read}-${role}` });
    return { ...series, role, frames: 1, encodings: ["raw"] };
  });
const packetOf = (read: string, ai?: object, count = 4): Packet =>
  ({
    read: { id: read, fence: 1, events_schema: EVENTS_SCHEMA, state: "opened", idle_limit_s: 60 },
    series: seriesOf(read).slice(0, count),
    prior: null,
    token: "t",
    hanging: USUAL,
    session: { elapsed_s: 0, limit_min: 0 },
    questions: [],
    draft: { marks: [], measures: [], answers: {}, no_lesion_said: false, last_seq: {} },
    ...(ai ? { ai } : {}),
  }) as unknown as Packet;

let told: [string, unknown][];
let next: Packet[];
let room: Room;
let viewing: Viewing;
/** The seats of a layout are there when a test says so. */
let seated: (() => void) | null;

/** A stage whose panes paint when a test says so. */
class Easel {
  panes: PlainPane[] = [];

  arrange(requests: readonly PaneRequest[]): Promise<void> {
    this.panes = requests.map(({ series, cut }) => new PlainPane({ id: series.id, cut }));
    return Promise.resolve();
  }

  forget(): void {
    // Nothing is kept.
  }
}

beforeEach(() => {
  [told, next, seated] = [[], [], null];
  const ports = {
    api: { openNext: () => Promise.resolve(next.shift()) },
    clock: { mono_ms: () => 5, wall_ms: () => 1000 },
    lifeline: { tab: "tab" },
    line: { choose: () => "raw" },
    loadStage: () => new Promise(() => undefined),
    streamPack: () => new Promise(() => undefined),
  } as unknown as Ports;
  room = new Room("study", ports);
  vi.spyOn(room.outgoing, "put").mockImplementation(({ kind, payload }: OutboxRecord) => {
    if (kind === "first_render" || kind === "proposals_shown") told.push([kind, payload]);
  });
  viewing = new Viewing(new Easel() as unknown as Stage, viewingHost(room));
  vi.spyOn(viewing.seats, "hostOf").mockReturnValue(document.createElement("div"));
  vi.spyOn(viewing.seats, "filled").mockResolvedValue();
  room.state.viewing.value = viewing;
});

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

async function opens(packet: Packet): Promise<void> {
  next.push(packet);
  void room.openNext();
  await settle();
}

/** Panes paint what they show, one after the other. */
function paint(...panes: number[]): void {
  for (const pane of panes) {
    const view = viewing.at(pane)?.view();
    if (view) viewing.painted(pane, view);
  }
}

describe("r1: the clock starts when the last pane has painted", () => {
  test("not at the first one, not at three of four, and not where one paints again and again", async () => {
    await opens(packetOf("one"));
    paint(0, 1, 0, 2, 2, 1, 0);
    expect(told).toEqual([]);
    paint(3);
    expect(told).toEqual([["first_render", { panes: 4, is_window_small: false }]]);
  });

  test("in whatever order they paint, once in a case, and not anew in another layout", async () => {
    await opens(packetOf("one"));
    paint(3, 0, 2, 1, 0, 1, 2, 3);
    await viewing.setLayout("two");
    paint(0, 1);
    expect(told).toEqual([["first_render", { panes: 4, is_window_small: false }]]);
  });

  test("the next case has a clock of its own", async () => {
    await opens(packetOf("one"));
    paint(0, 1, 2, 3);
    await opens(packetOf("two", undefined, 2));
    paint(1);
    expect(told).toHaveLength(1);
    paint(0);
    expect(told[1]).toEqual(["first_render", { panes: 2, is_window_small: false }]);
  });

  test("proposals that came with the case are shown from then on, and are told after it", async () => {
    await opens(packetOf("one", AI));
    paint(0, 1, 2);
    expect(told).toEqual([]);
    paint(3);
    expect(told.map(([kind]) => kind)).toEqual(["first_render", "proposals_shown"]);
  });
});

describe("r1: only the pictures that hang count", () => {
  test("panes of a layout that is left before do not stand in for those of the new one", async () => {
    await opens(packetOf("one"));
    paint(2, 3);
    await viewing.setLayout("two");
    paint(0);
    expect(told).toEqual([]);
    paint(1);
    expect(told).toEqual([["first_render", { panes: 2, is_window_small: false }]]);
  });

  test("a picture of the case before, painted once more while the page makes room, is none of this one", async () => {
    await opens(packetOf("one", undefined, 2));
    paint(0, 1);
    vi.spyOn(viewing.seats, "filled").mockImplementation(() => new Promise((resolve) => (seated = resolve)));
    await opens(packetOf("two"));
    paint(0, 1); // the case before: its panes have become smaller
    expect(viewing.views.value).toEqual([null, null, null, null]);
    seated?.();
    await settle();
    paint(2, 3);
    expect(told).toHaveLength(1);
    paint(1, 0);
    expect(told[1]).toEqual(["first_render", { panes: 4, is_window_small: false }]);
  });
});

describe("r1: a case that the protocol hangs in planes", () => {
  let settled: { resolve: () => void; reject: (reason: Error) => void };

  function opensInPlanes(): Promise<void> {
    const comes = new Promise<void>((resolve, reject) => (settled = { resolve, reject }));
    Object.assign(room.ports, { loadPlanes: () => comes });
    next.push({ ...packetOf("one"), hanging: { ...USUAL, layout: "planes" } });
    return room.openNext();
  }

  test("opens once what rebuilds them is here, and not before", async () => {
    void opensInPlanes();
    await settle();
    expect([room.state.openCase.value, room.state.phase.value.name]).toEqual([null, "opening"]);
    settled.resolve();
    await settle();
    expect(room.state.openCase.value?.packet.read.id).toBe("one");
  });

  test("does not open where it does not come", async () => {
    const opening = opensInPlanes();
    await Promise.resolve();
    settled.reject(new Error("no line"));
    await expect(opening).rejects.toThrow("no line");
    expect(room.state.openCase.value).toBeNull();
  });
});
