// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { speak } from "../i18n";
import { BINDINGS } from "../reading/keys";
import type { Room } from "../reading/room";
import { Dialog } from "./dialog";
import { KeySheet } from "./key-sheet";

const room = {
  state: {
    bindings: signal(BINDINGS),
    openCase: signal({ packet: { ai: {} } }),
    me: signal(null),
    dialog: signal("keys"),
  },
} as unknown as Room;
const showModal = vi.fn();

beforeEach(() => {
  HTMLDialogElement.prototype.showModal = showModal;
});
afterEach(() => {
  render(null, document.body);
  speak("en");
});

describe("r12: a dialog", () => {
  test("has the keys as soon as it is there: what is typed on at once is typed into it", () => {
    render(<Dialog title="Sign" testId="sign">words</Dialog>, document.body);
    expect(showModal).toHaveBeenCalledTimes(1);
  });

  test("with the keys in Chinese names the mouse's buttons in Chinese, and leaves no English words", () => {
    speak("zh");
    render(<KeySheet room={room} />, document.body);
    const names = [...document.querySelectorAll("kbd")].map((each) => each.textContent);
    expect(names).toEqual(expect.arrayContaining(["滚轮", "左键", "中键", "右键", "Ctrl 滚轮"]));
    document.querySelectorAll("kbd").forEach((each) => each.remove());
    expect(document.body.textContent).not.toMatch(/[a-z]{3}/);
  });
});
