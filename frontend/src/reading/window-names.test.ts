import { readFileSync } from "node:fs";

import { afterEach, expect, test } from "vitest";

import { tongue } from "../i18n";
import { windowName } from "./window-names";

const PACKING = "../readerstudy/imaging/services/packing.py";

afterEach(() => (tongue.value = "en"));

/** The names that the server gives, from its source. */
function served(): string[] {
  const body = readFileSync(PACKING, "utf8").split("def _presets(")[1]?.split("\ndef ")[0] ?? "";
  return [...body.matchAll(/"(\w+)": \[/g)].map((found) => found[1] ?? "");
}

test("every window that the server gives has a word in each language", () => {
  const names = served().filter((name) => name !== "auto");
  expect(names).toEqual(["brain", "subdural", "bone", "bright", "narrow", "wide"]);
  for (const tag of ["en", "zh"]) {
    tongue.value = tag;
    expect(names.map(windowName).filter((word) => names.includes(word))).toEqual([]);
  }
  expect(windowName("wide")).toBe("宽窗");
  expect(windowName(null)).toBe("按百分位");
});

test("a name that nobody knows is shown as it is", () => {
  expect(windowName("stroke")).toBe("stroke");
});
