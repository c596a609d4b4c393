/**
 * The first sentence of a text, and what follows it; English or Chinese.
 *
 * A figure's point ends none, nor does an abbreviation before a small letter.
 */
export function firstSentence(text: string): readonly [string, string] {
  const found = /^(?:.*?)(?:[.!?](?=\s+\p{Lu})|[。！？])/su.exec(text.trim());
  if (!found) return [text.trim(), ""];
  return [found[0], text.trim().slice(found[0].length).trim()];
}
