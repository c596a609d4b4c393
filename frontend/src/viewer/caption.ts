const TOP_PX = 11; // in line with the words at the left
const RIGHT_PX = 18;
const TEXT = "#aab4be";
const EDGE = "#000";
// Where the slice lies in its stack: a rail along the right edge, and a thumb on it.
const RAIL = { right_px: 8, end_px: 8, wide_px: 2, fill: "rgb(255 255 255 / 12%)" };
const THUMB = { right_px: 11, wide_px: 8, high_px: 2, fill: "#d5dbe1" };

/**
 * Write which slice a pane shows into the upper right corner of its picture, and where that lies in
 * its stack along the right edge. Both change at every slice: as parts of the page they would be laid
 * out, drawn and blended over the picture each time.
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
  if (slices > 1) drawPosition(context, canvas.clientWidth, canvas.clientHeight, slice / (slices - 1));
  context.restore();
}

/** @param share Of the stack that lies before the slice, 0 to 1. */
function drawPosition(context: CanvasRenderingContext2D, width: number, height: number, share: number): void {
  const long = height - 2 * RAIL.end_px;
  context.fillStyle = RAIL.fill;
  context.fillRect(width - RAIL.right_px, RAIL.end_px, RAIL.wide_px, long);
  context.fillStyle = THUMB.fill;
  const top = RAIL.end_px + share * long;
  context.fillRect(width - THUMB.right_px, top, THUMB.wide_px, THUMB.high_px);
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
