import { toVoxel, type Placed } from "../geometry/frames";
import { height } from "../geometry/sections";
import { add, cross, dot, scale, subtract, unit, type Vector } from "../geometry/vectors";
import { t } from "../i18n";
import type { Pane } from "../viewer/contract";
import { DEFAULT_DIAMETER_MM } from "../viewer/overlay";
import type { OpenCase } from "./case";
import type { Mark } from "./draft";
import type { Room } from "./room";
import { THRESHOLDS } from "./thresholds";
import type { Viewing } from "./viewing";

/** The selected mark moved and sized by keys, as the mouse does it by dragging. */

const SMALL_MM = 5; // below it a size changes by halves
const [LEAST_MM, MOST_MM] = [1, 150];

interface Held {
  open: OpenCase;
  viewing: Viewing;
  mark: Mark;
  pane: Pane;
}

/** One pixel of the active pane's series, in its plane. */
export function moveMark(room: Room, right: number, down: number): void {
  const held = holdOf(room);
  if (!held) return;
  const origin = held.pane.toPatient([0, 0]);
  const way = unit(subtract(held.pane.toPatient([100 * right, 100 * down]), origin));
  put(held, scale(way, pixelAlong(held.pane.series.geometry, way)));
}

/** To the next slice of the active pane, or the one before; the pictures follow. */
export function moveMarkAcross(room: Room, slices: 1 | -1): void {
  const held = holdOf(room);
  if (!held) return;
  const { pane, mark } = held;
  pane.goToPoint(mark.position_mm);
  const { plane, slice } = pane.view();
  pane.goTo(slice + slices);
  put(held, scale(plane.normal, height(plane, pane.view().plane.point)));
}

/**
 * A millimetre larger or smaller, half of one where the lesion is small; what was drawn from the
 * picture, by its threshold.
 */
export function sizeMark(room: Room, way: 1 | -1): void {
  const open = room.state.openCase.value;
  const mark = open?.mark(open.selectedMark.value);
  if (!open || !mark) return;
  const { mark_id, threshold_percent: threshold } = mark;
  if (threshold !== null) {
    // The lower the threshold, the larger what is above it.
    room.parts.draw((drawing) => drawing.setThreshold(room, mark_id, threshold - way * THRESHOLDS.step));
    return;
  }
  const now = mark.diameter_mm ?? DEFAULT_DIAMETER_MM;
  const isSmall = way > 0 ? now < SMALL_MM : now <= SMALL_MM;
  const next = Math.min(Math.max(now + way * (isSmall ? 0.5 : 1), LEAST_MM), MOST_MM);
  if (next !== now) open.stepSize(mark_id, next);
}

function holdOf({ state }: Room): Held | null {
  const [open, viewing] = [state.openCase.value, state.viewing.value];
  const mark = open?.mark(open.selectedMark.value);
  const pane = viewing?.pane;
  if (!open || !viewing || !mark || !pane || open.isReadOnly.value) return null;
  const isPrior = viewing.comparison.isPrior(pane.series);
  state.notice.value = isPrior ? t("marks.on_prior") : null;
  return isPrior ? null : { open, viewing, mark, pane };
}

function put({ open, viewing, mark, pane }: Held, by: Vector): void {
  const [x, y, z] = add(mark.position_mm, by);
  const position_mm: Vector = [thousandth(x), thousandth(y), thousandth(z)];
  if (dot(by, by) === 0 || !isInside(pane.series.geometry, position_mm)) return;
  open.stepTo(mark.mark_id, { position_mm, series: pane.series.id });
  const { plane } = pane.view();
  const isSeen = Math.abs(height(plane, position_mm)) <= plane.thickness_mm / 2;
  if (!isSeen || viewing.layout.value === "planes") viewing.jump(position_mm);
}

/** Of a millimetre: many small steps do not add their rounding up to a number without end. */
function thousandth(mm: number): number {
  return Math.round(1000 * mm) / 1000 + 0;
}

/** How far it is from one voxel to the next in a direction (mm). */
function pixelAlong(placed: Placed, way: Vector): number {
  const [betweenRows, betweenColumns] = placed.pixel_spacing_mm;
  const normal = cross(placed.row_cosine, placed.column_cosine);
  const voxels = [
    dot(way, placed.row_cosine) / betweenColumns,
    dot(way, placed.column_cosine) / betweenRows,
    dot(way, normal) / placed.spacing_mm,
  ];
  return 1 / Math.max(...voxels.map(Math.abs));
}

/** Whether a point lies in the images of a series. */
function isInside(placed: Placed, point: Vector): boolean {
  const { column, row, frame } = toVoxel(placed, point);
  const within = (value: number, count: number): boolean => value >= -0.5 && value <= count - 0.5;
  return (
    within(column, placed.columns) &&
    within(row, placed.rows) &&
    within(frame, placed.positions_mm.length)
  );
}
