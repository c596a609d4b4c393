import type { MeasureTool } from "../geometry/measures";
import { height, type Plane } from "../geometry/sections";
import type { Pane, ScreenPoint } from "./contract";
import type { MeasureShape } from "./scene";
import { element, label, outlined } from "./svg";

const GRIP_PX = 3.5;
const LINE_PX = 15;

/** A measurement as it stands on screen, for hits by the pointer. */
export interface Grip {
  measure: string;
  points: readonly ScreenPoint[];
  /** Pairs of points between which its lines run. */
  lines: readonly (readonly [ScreenPoint, ScreenPoint])[];
}

type Path = (points: readonly ScreenPoint[]) => string;

const line = ([x1, y1]: ScreenPoint, [x2, y2]: ScreenPoint): string => `M${x1} ${y1}L${x2} ${y2}`;
const pairs: Path = (points) =>
  points.flatMap((point, at) => (at % 2 ? [line(points[at - 1] ?? point, point)] : [])).join("");
const chain: Path = (points) => `M${points.map(([x, y]) => `${x} ${y}`).join("L")}`;

const PATHS: Readonly<Record<MeasureTool, Path>> = {
  length: pairs,
  bidirectional: pairs,
  angle: chain,
  ellipse: ellipsePath,
  probe: ([at]) => (at ? `M${at[0] - 5} ${at[1]}h10M${at[0]} ${at[1] - 5}v10` : ""),
};

/** Draw a measurement where its points lie in the plane shown; null elsewhere. */
export function drawMeasure(
  shape: MeasureShape,
  pane: Pane,
  plane: Plane,
): { drawn: SVGElement; grip: Grip } | null {
  const half = plane.thickness_mm / 2 + 1e-3;
  if (shape.points_mm.some((point) => Math.abs(height(plane, point)) > half)) return null;
  const points = shape.points_mm.map((point) => pane.toScreen(point));
  const drawn = element("g", {
    class: `measure${shape.isSelected ? " is-selected" : ""}`,
    "data-measure": shape.tool,
  });
  drawn.append(...outlined(PATHS[shape.tool](points)));
  if (shape.tool !== "probe") {
    drawn.append(...points.map(([cx, cy]) => element("circle", { class: "grip", cx, cy, r: GRIP_PX })));
  }
  const lines = shape.series === pane.series.id ? shape.lines : [];
  const right = points.reduce((most, point) => (point[0] > most[0] ? point : most), points[0] ?? [0, 0]);
  const [x, y] = [right[0] + 10, right[1] + 4];
  drawn.append(...lines.map((words, row) => label(words, x, y + row * LINE_PX)));
  return { drawn, grip: { measure: shape.id, points, lines: linesOf(shape.tool, points) } };
}

function linesOf(tool: MeasureTool, points: readonly ScreenPoint[]): Grip["lines"] {
  if (tool === "ellipse") return [];
  const step = tool === "angle" ? 1 : 2;
  return points.flatMap((point, at) => {
    const next = points[at + 1];
    return next && at % step === 0 ? [[point, next] as const] : [];
  });
}

/** Four quarter arcs through the ends of both axes. */
function ellipsePath(points: readonly ScreenPoint[]): string {
  const [left, right, top, bottom] = points;
  if (!left || !right || !top || !bottom) return "";
  const a = Math.hypot(right[0] - left[0], right[1] - left[1]) / 2;
  const b = Math.hypot(bottom[0] - top[0], bottom[1] - top[1]) / 2;
  const turn = (Math.atan2(right[1] - left[1], right[0] - left[0]) * 180) / Math.PI;
  const arc = ([x, y]: ScreenPoint): string => `A${a} ${b} ${turn} 0 1 ${x} ${y}`;
  return `M${left[0]} ${left[1]}${arc(right)}${arc(left)}`;
}
