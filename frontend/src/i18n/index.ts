import { signal } from "@preact/signals";

import { en, type Words } from "./en";
import { zh } from "./zh";

const CATALOGUES: Readonly<Record<string, Words>> = { en, zh };

/** The languages that there are, by the names their speakers and the platform give them. */
export const languages = [
  { tag: "en", name: "English", ofSite: "en" },
  { tag: "zh", name: "中文", ofSite: "zh-hans" },
] as const;

/** The language that is spoken now; a page that shows words follows it. */
export const tongue = signal<keyof typeof CATALOGUES>("en");

/** Use the language of a page ("en", "zh-hans"); English where there is no catalogue for it. */
export function speak(tag: string): void {
  const short = tag.toLowerCase().split("-")[0] ?? "en";
  tongue.value = short in CATALOGUES ? short : "en";
  document.documentElement.lang = tag;
}

/**
 * The words for a key in the reader's language.
 *
 * @param values What stands for the names in braces: "Case {number} of {of}".
 */
export function t(key: keyof Words, values: Readonly<Record<string, string | number>> = {}): string {
  const words = (CATALOGUES[tongue.value] ?? en)[key];
  return words.replace(/\{(\w+)\}/g, (whole: string, name: string) => String(values[name] ?? whole));
}

export type { Words };
