// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { speak, t } from "../i18n";
import { COMMANDS, type CommandName } from "../reading/commands";
import { BINDINGS, nameOfKey, type Binding } from "../reading/keys";
import { bindingsWith } from "../reading/own-keys";
import type { Room } from "../reading/room";
import { Dialog } from "./dialog";
import { KeySheet } from "./key-sheet";

const RATED = { mark_scale: { levels: [], low_label: "", high_label: "" } };
const room = {
  state: {
    bindings: signal(BINDINGS),
    openCase: signal({ packet: { ai: {}, ...RATED } }),
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

  /** What the sheet says: the words of each command, and its keys. */
  const told = (bindings: readonly Binding[], packet: object = { ai: {} }): [string, string][] => {
    const openCase = signal({ packet: { ...packet, ...RATED } });
    const state = { ...room.state, bindings: signal(bindings), openCase };
    render(<KeySheet room={{ state } as unknown as Room} />, document.body);
    return [...document.querySelectorAll("[data-testid^=key-]:is(button)")].map((button) => {
      const words = button.closest("div")?.querySelector("dd")?.textContent ?? "";
      const keys = [...button.querySelectorAll("kbd")].map((each) => each.textContent);
      return [words, keys.join(", ")];
    });
  };

  test("names every command with its keys", () => {
    const rows = told(BINDINGS);
    expect(rows).toHaveLength(BINDINGS.length);
    for (const { command, keys, release } of BINDINGS) {
      const words = t(`command.${command}`) + (release ? ` (${t("keys.hold")})` : "");
      expect(rows).toContainEqual([words, [...new Set(keys.map(nameOfKey))].join(", ")]);
    }
    const bound = BINDINGS.flatMap(({ command, release }) => [command, release]);
    expect(Object.keys(COMMANDS).filter((each) => !bound.includes(each as CommandName))).toEqual([]);
    expect(rows).toContainEqual([t("command.redo"), "Ctrl Y, Ctrl Shift Z"]);
  });

  test("names a reader's own keys in place of the usual ones", () => {
    const rows = told(bindingsWith({ "mark.put": ["shift+L"] }));
    expect(rows).toContainEqual([t("command.mark.put"), "Shift L"]);
    expect(rows).not.toContainEqual([t("command.mark.put"), "M"]);
    expect(rows).toHaveLength(BINDINGS.length);
  });

  test("names nothing of proposals where a case has none", () => {
    const words = told(BINDINGS, {}).map(([each]) => each);
    const of = BINDINGS.filter((each) => each.isForProposals).map((each) => t(`command.${each.command}`));
    expect(of.length).toBeGreaterThan(0);
    expect(words.filter((each) => of.includes(each))).toEqual([]);
    expect(words).toHaveLength(BINDINGS.length - of.length);
  });
});
