import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Parts, type DrawingPart } from "./parts";

const DRAWING = { name: "what draws" } as unknown as DrawingPart;

let coming: { resolve: (part: DrawingPart) => void; reject: (reason: Error) => void }[];
let state: { openCase: ReturnType<typeof signal>; viewing: ReturnType<typeof signal>; notice: { value: string | null } };
const tool = signal("window");
const selectedMark = signal<string | null>("m1");
const loadPlanes = vi.fn(() => Promise.resolve());
let parts: Parts;
const act = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  [coming, tool.value, selectedMark.value] = [[], "window", "m1"];
  [loadPlanes, act].forEach((each) => each.mockClear());
  state = { openCase: signal({ selectedMark }), viewing: signal({ pointer: { tool } }), notice: signal<string | null>(null) };
  const loadDrawing = (): Promise<DrawingPart> =>
    new Promise((resolve, reject) => void coming.push({ resolve, reject }));
  parts = new Parts({ ports: { loadPlanes, loadDrawing }, state } as unknown as ConstructorParameters<typeof Parts>[0]);
});
afterEach(() => vi.useRealTimers());

const arrive = async (): Promise<void> => {
  coming.forEach(({ resolve }) => resolve(DRAWING));
  await vi.advanceTimersByTimeAsync(0);
};

test("what was asked for is done once when it has come, and from then on at once", async () => {
  parts.draw(act);
  parts.draw(act);
  expect(act).not.toHaveBeenCalled();
  await arrive();
  expect(act.mock.calls).toEqual([[DRAWING]]);
  parts.draw(act);
  expect(act).toHaveBeenCalledTimes(2);
});

test.each([
  ["case", () => (state.openCase.value = { selectedMark })],
  ["mark", () => (selectedMark.value = "m2")],
  ["tool", () => (tool.value = "zoom")],
])("it is not done to another %s", async (_, goOn) => {
  parts.draw(act);
  goOn();
  await arrive();
  expect(act).not.toHaveBeenCalled();
  parts.draw(act);
  expect(act).toHaveBeenCalledOnce();
});

test("that it takes long is said until it is here; that it failed is said, and it may be asked again", async () => {
  parts.draw(act);
  await vi.advanceTimersByTimeAsync(299);
  expect(state.notice.value).toBeNull();
  await vi.advanceTimersByTimeAsync(1);
  expect(state.notice.value).toContain("loading");
  coming[0]?.reject(new Error("no line"));
  await vi.advanceTimersByTimeAsync(0);
  expect(state.notice.value).toContain("could not be loaded");
  expect(act).not.toHaveBeenCalled();
  parts.draw(act);
  await vi.advanceTimersByTimeAsync(300);
  await arrive();
  expect([act.mock.calls.length, state.notice.value]).toEqual([1, null]);
});

test("planes that cannot be loaded are not shown, and that is said", async () => {
  loadPlanes.mockRejectedValueOnce(new Error("no line"));
  expect(await parts.canRebuild()).toBe(false);
  expect(state.notice.value).toContain("could not be loaded");
  expect(await parts.canRebuild()).toBe(true);
});

test("once a case is whole they come by themselves; what fails then is not said", async () => {
  loadPlanes.mockRejectedValueOnce(new Error("no line"));
  parts.fetch();
  await vi.advanceTimersByTimeAsync(0);
  await arrive();
  expect([loadPlanes.mock.calls.length, parts.drawing, state.notice.value]).toEqual([1, DRAWING, null]);
});
