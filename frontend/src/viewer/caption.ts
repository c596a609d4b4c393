import type { PaneView } from "./contract";

const TOP_PX = 11; // in line with the words at the left
const RIGHT_PX = 18;
const TEXT = "#aab4be";
const EDGE = "#000";

/**
 * Write which slice a pane shows into the upper right corner of its picture. It changes at every
 * slice: as words of the page it would be laid out, drawn and blended over the picture each time.
 */
export function writeSlice(host: HTMLElement, { slice, slices }: PaneView): void {
  const canvas = host.querySelector("canvas");
  const context = canvas?.getContext("2d");
  if (!canvas || !context) return;
  const words = `${slice + 1}/${slices}`;
  context.save();
  context.scale(devicePixelRatio, devicePixelRatio);
  Object.assign(context, {
    font: fontOf(host),
    textAlign: "right",
    textBaseline: "top",
    lineJoin: "round",
    lineWidth: 2,
    strokeStyle: EDGE,
    fillStyle: TEXT,
  });
  const right = canvas.width / devicePixelRatio - RIGHT_PX;
  context.strokeText(words, right, TOP_PX);
  context.fillText(words, right, TOP_PX);
  context.restore();
}

let font = "";

/** The page's; asked once, since asking makes the browser compute styles. */
function fontOf(host: HTMLElement): string {
  if (font === "") {
    const { fontSize, fontFamily } = getComputedStyle(host); // `font` is empty: figures are tabular
    font = `${fontSize} ${fontFamily}`;
  }
  return font;
}
