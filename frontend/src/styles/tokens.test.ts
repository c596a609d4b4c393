import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("tokens.css", import.meta.url), "utf8");
/** The tokens that hold where no theme is chosen: what follows are other themes'. */
const usual = css.slice(css.indexOf(":root {"), css.indexOf("}"));
const MOST = 0.04; // of white: an image's grey of 56 of 255
const [BODY, LARGE] = [4.5, 3]; // WCAG 2.2, 1.4.3 and 1.4.11

/** Relative luminance (WCAG 2.2), 0 for black to 1 for white. */
function luminance(token: string): number {
  const [, hex = ""] = new RegExp(`--${token}: #([0-9a-f]{3,6});`).exec(usual) ?? [];
  const full = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
  if (full.length !== 6) throw new Error(`There is no colour ${token}.`);
  const linear = [0, 2, 4].map((at) => {
    const part = parseInt(full.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return [0.2126, 0.7152, 0.0722].reduce((sum, weight, at) => sum + weight * (linear[at] ?? NaN), 0);
}

const contrast = (one: string, other: string): number => {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};

test("r12: the room is dark by default, and its chrome darker than what an image shows", () => {
  expect(usual).toContain("color-scheme: dark");
  expect(luminance("image")).toBe(0);
  for (const surface of ["room", "panel", "raised", "line"]) {
    expect(luminance(surface), surface).toBeLessThan(MOST);
  }
});

test("r12: words and signs stand out from every surface that they lie on", () => {
  for (const surface of ["room", "panel", "raised"]) {
    for (const words of ["text", "quiet"]) expect(contrast(words, surface), `${words} on ${surface}`).toBeGreaterThan(BODY);
    for (const sign of ["focus", "mark", "proposal", "truth", "prior", "good", "warn", "bad"]) {
      expect(contrast(sign, surface), `${sign} on ${surface}`).toBeGreaterThan(LARGE);
    }
  }
});
