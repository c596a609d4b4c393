const TOP_PX = 11; // in line with the words at the left
const RIGHT_PX = 18;
const TEXT = "#aab4be";
const EDGE = "#000";

/**
 * Write which slice a pane shows into the upper right corner of its picture. It changes at every
 * slice: as words of the page it would be laid out, drawn and blended over the picture each time.
 *
 * @param slice The one that the picture shows, from 0.
 */
export function writeSlice(host: HTMLElement, slice: number, slices: number): void {
  const canvas = host.querySelector("canvas");
  const context = canvas?.getContext("2d");
  if (!canvas || !context || canvas.clientWidth === 0) return;
  const words = `${slice + 1}/${slices}`;
  // The picture's own scale: the screen's may have changed since it was made.
  const scale = canvas.width / canvas.clientWidth;
  context.save();
  context.scale(scale, scale);
  Object.assign(context, {
    font: fontOf(host),
    textAlign: "right",
    textBaseline: "top",
    lineJoin: "round",
    lineWidth: 2,
    strokeStyle: EDGE,
    fillStyle: TEXT,
  });
  const right = canvas.clientWidth - RIGHT_PX;
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
