const SVG = "http://www.w3.org/2000/svg";

type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

export function label(words: string, x: number, y: number): SVGElement {
  const text = element("text", { x, y });
  text.textContent = words;
  return text;
}

/** A path drawn twice: dark and wide below, so that the line shows on any picture. */
export function outlined(d: string): readonly SVGElement[] {
  return [element("path", { class: "halo", d }), element("path", { class: "line", d })];
}
