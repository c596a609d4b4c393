import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { Viewing } from "../reading/viewing";
import type { ScreenPoint } from "../viewer/contract";

const SIZE_PX = 220;
const FACTOR = 2.5;

/** What lies about the cursor, larger: of what is painted, so in the same window. */
export function Loupe({ viewing }: { viewing: Viewing }): VNode | null {
  const canvas = useRef<HTMLCanvasElement>(null);
  const cursor = viewing.pointer.cursor.value;
  const { views } = viewing; // read here, so that a new picture shows in the magnifier, too
  const isPainted = cursor ? views.value[cursor.pane] !== null : false;
  const source = cursor ? viewing.seats.canvasOf(cursor.pane) : null;
  useEffect(() => {
    if (canvas.current && source && cursor) enlarge(canvas.current, source, cursor.place);
  });
  const at = cursor && viewing.seats.onPage(cursor.pane, cursor.place);
  if (!at || !isPainted) return null;
  const [left, top] = [at[0] - SIZE_PX / 2, at[1] - SIZE_PX / 2];
  return (
    <canvas
      ref={canvas}
      class="loupe"
      width={SIZE_PX * devicePixelRatio}
      height={SIZE_PX * devicePixelRatio}
      style={{ left: `${left}px`, top: `${top}px`, width: `${SIZE_PX}px`, height: `${SIZE_PX}px` }}
      aria-hidden="true"
      data-testid="loupe"
    />
  );
}

function enlarge(target: HTMLCanvasElement, source: HTMLCanvasElement, [x, y]: ScreenPoint): void {
  const context = target.getContext("2d");
  const pixel = source.width / Math.max(source.clientWidth, 1);
  const room = (SIZE_PX / FACTOR) * pixel;
  context?.clearRect(0, 0, target.width, target.height);
  context?.drawImage(
    source,
    x * pixel - room / 2,
    y * pixel - room / 2,
    room,
    room,
    0,
    0,
    target.width,
    target.height,
  );
}
