// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Ai, Proposal } from "../api/types";
import type { OpenCase } from "../reading/case";
import { BINDINGS } from "../reading/keys";
import type { Room } from "../reading/room";
import { ProposalPanel } from "./proposal-panel";

const FULL = {
  id: "a", label: "A", centroid_mm: [1, 2, 3], diameter_mm: 6.4, probability: 0.914, uncertainty: 0.046,
  explanation: "Bright and round, 6 mm across.", kind: "If this is a lesion: likely metastasis. It enhances as a ring.",
} as unknown as Proposal;
/** As it is sent where nothing is explained: without a kind, not with an empty one. */
const BARE = JSON.parse(JSON.stringify({ ...FULL, id: "b", label: "B", explanation: "", kind: undefined })) as Proposal;
const detector = { name: "space-to-depth", version: "5", banner: "Trained on synthetic phantoms only." };

let host: HTMLElement;
const [jump, record, knownLesions] = [vi.fn(), vi.fn(), vi.fn()];
const open = {
  packet: { read: { id: "read" } },
  selectedProposal: signal<string | null>(null),
  isReadOnly: signal(false),
  draft: signal<{ decisions: Record<string, string> }>({ decisions: {} }),
  view: vi.fn((id: string) => (open.selectedProposal.value = id)),
};
const room = {
  state: {
    areProposalsShown: signal(true), isAskingAi: signal(false), viewing: signal({ jump, active: signal(0) }),
    openCase: signal(open), rating: signal(null), notice: signal(null), bindings: signal(BINDINGS), known: signal(null),
  },
  ports: { api: { knownLesions } },
  record,
} as unknown as Room;

function show(...proposals: Partial<Proposal>[]): void {
  const ai = { mode: "concurrent", state: "ready", proposals, decisions: {}, detector } as unknown as Ai;
  void act(() => render(<ProposalPanel room={room} open={open as unknown as OpenCase} ai={ai} />, host));
}
const words = (within: string): string => host.querySelector(within)?.textContent.replace(/\s+/g, " ").trim() ?? "";
const select = (id: string | null): void => void act(() => void (open.selectedProposal.value = id));

beforeEach(() => {
  host = document.body.appendChild(document.createElement("div"));
  HTMLElement.prototype.scrollIntoView = vi.fn();
  [open.selectedProposal.value, open.isReadOnly.value, open.draft.value] = [null, false, { decisions: {} }];
});
afterEach(() => {
  void act(() => render(null, host));
  host.remove();
});

describe("r5: the list of proposals tells of each", () => {
  test("its letter, how probable it is, how large, and how uncertain that is", () => {
    show(FULL);
    const row = "[data-testid=proposal-A]";
    expect([words(`${row} .number`), words(`${row} .rating`), words(`${row} .size`)]).toEqual(["A", "0.91", "6 mm"]);
    expect(host.querySelector(`${row} .rating`)?.getAttribute("title")).toBe("± 0.05");
    expect(host.querySelector<HTMLElement>(`${row} .rating-bar span`)?.style.width).toBe("91.4%");
    expect(words(`${row} .unseen`)).toBe("A, Probability 0.91, 6 mm");
    expect(host.querySelectorAll(`${row} [aria-hidden=true]`)).toHaveLength(5); // said once, by the words above
  });

  test("a dash where the detector gave no probability, and no word of an uncertainty that there is none of", () => {
    show({ ...FULL, probability: null, uncertainty: null });
    expect([words(".rating"), host.querySelector(".rating")?.getAttribute("title")]).toEqual(["–", ""]);
    expect(host.querySelector<HTMLElement>(".rating-bar span")?.style.width).toBe("0%");
    select("a");
    expect(words(".details")).not.toContain("Uncertainty");
  });

  test("how many they are, that there are none, and whose they are with what they were trained on", () => {
    show(FULL, BARE);
    expect(words("h2")).toBe("AI proposals 2");
    expect(words(".banner")).toBe("space-to-depth 5 Trained on synthetic phantoms only.");
    show();
    expect(words(".quiet-text")).toBe("The AI found nothing to propose in this case.");
  });

  test("a click leads there and opens what is told of it", () => {
    show(FULL, BARE);
    void act(() => host.querySelector<HTMLElement>("[data-testid=proposal-B] .row-main")?.click());
    expect(open.view).toHaveBeenCalledWith("b");
    expect(jump).toHaveBeenCalledWith([1, 2, 3]);
    expect(host.querySelector("[data-testid=proposal-B]")?.classList).toContain("is-selected");
    expect(host.querySelectorAll(".details")).toHaveLength(1);
  });
});

describe("r5: of the selected proposal it tells as much as the study's level has", () => {
  test("at the full level why, and of what kind with its reasons, the kind first", () => {
    show(FULL);
    select("a");
    expect(words(".details .quiet-text")).toBe("Uncertainty ± 0.05");
    expect(words("[data-testid=kind-of-lesion]")).toBe("If this is a lesion: likely metastasis.");
    const why = [...host.querySelectorAll("[data-testid=why] p")].map((each) => each.textContent);
    expect(why).toEqual(["Bright and round, 6 mm across.", "It enhances as a ring."]);
    expect(host.querySelector("[data-testid=why]")?.getAttribute("aria-label")).toBe("Why the AI proposes it");
  });

  test("where nothing is explained there is neither kind nor reason, not an empty one", () => {
    show(BARE);
    select("b");
    expect(host.querySelector("[data-testid=kind-of-lesion]")).toBeNull();
    expect(host.querySelector("[data-testid=why]")).toBeNull();
  });

  test("a kind that the detector does not tell of one so small is said to be untold", () => {
    show({ ...FULL, kind: "" });
    select("a");
    expect(words("[data-testid=kind-of-lesion]")).toMatch(/not told of one so small/);
  });

  test("what may be done and what was decided; of a read that is another's nothing may", () => {
    show(FULL);
    select("a");
    const deeds = (): (string | null)[] => [...host.querySelectorAll(".deeds button")].map((each) => each.textContent);
    expect(deeds()).toEqual(["Accept A", "Reject R", "Edit E"]);
    void act(() => void (open.draft.value = { decisions: { a: "rejected" } }));
    expect(words(".decision")).toBe("rejected");
    expect(host.querySelector<HTMLElement>("[data-testid=proposal-A]")?.dataset.decision).toBe("rejected");
    void act(() => void (open.isReadOnly.value = true));
    expect(deeds()).toEqual([]);
  });
});

describe("pictures of known lesions that a proposal is like", () => {
  const button = (): HTMLElement | null => host.querySelector("[data-testid=known-lesions]");
  const press = async (): Promise<void> => act(() => button()?.click());
  const KNOWN = {
    pictures: {
      4: { kind: "ring", diameter_mm: 6.2, png: "AAAA" }, 7: { kind: "false", diameter_mm: 2, png: "BBBB" },
      9: { kind: "solid", diameter_mm: 3.9, png: "CCCC" },
    },
    nearest: { a: [7, 4], b: [9] },
  };

  beforeEach(() => {
    room.state.known.value = null;
    room.state.notice.value = null;
    knownLesions.mockReset().mockResolvedValue(KNOWN);
    record.mockReset();
  });

  test("are offered where the server has some, and fetched when asked for", async () => {
    show({ ...FULL, has_known_lesions: true }, BARE);
    select("b");
    expect(button()).toBeNull();
    select("a");
    expect(knownLesions).not.toHaveBeenCalled();
    expect(button()?.getAttribute("aria-expanded")).toBe("false");
    await press();
    expect(knownLesions).toHaveBeenCalledExactlyOnceWith("read");
    expect(button()?.getAttribute("aria-expanded")).toBe("true");
    const shown = [...host.querySelectorAll(".known li")].map((each) => [
      each.textContent, each.querySelector("img")?.getAttribute("src"),
    ]);
    expect(shown).toEqual([
      ["no lesion", "data:image/png;base64,BBBB"], ["ring 6\u00a0mm", "data:image/png;base64,AAAA"],
    ]);
    expect(words(".known figcaption")).toMatch(/synthetic heads, no patients/);
    await press();
    expect(host.querySelector(".known")).toBeNull();
    expect(record.mock.calls).toEqual([
      ["tool", { known_lesions: "shown" }], ["tool", { known_lesions: "hidden" }],
    ]);
  });

  test("of another case are not shown, and what did not come is said", async () => {
    room.state.known.value = { read: "before", found: KNOWN };
    show({ ...FULL, has_known_lesions: true });
    select("a");
    expect(host.querySelector(".known")).toBeNull();
    knownLesions.mockRejectedValue(new Error("offline"));
    await press();
    expect(host.querySelector(".known")).toBeNull();
    expect(room.state.notice.value).toMatch(/did not come/);
    expect(record).not.toHaveBeenCalled();
  });

  test("are told as shown once, however often they were asked for", async () => {
    show({ ...FULL, has_known_lesions: true });
    select("a");
    await act(async () => {
      button()?.click();
      button()?.click();
      await Promise.resolve();
    });
    expect(record.mock.calls).toEqual([["tool", { known_lesions: "shown" }]]);
  });
});
