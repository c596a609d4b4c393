import type { Vector } from "../api/types";
import { contoursIn, lineBetween, sectionRadius, sliceIn, type Plane } from "../geometry/sections";
import { sectionOfStack, sliceGap } from "../geometry/stacked";
import { add, scale } from "../geometry/vectors";
import { screenOf, type ToScreen } from "./camera";
import type { Pane, ScreenPoint } from "./contract";
import { drawMeasure, type Grip } from "./measure-overlay";
import type { LesionShape, MarkShape, MeasureShape, ProposalShape, Shape } from "./scene";
import { element, label, outlined } from "./svg";

export const DEFAULT_DIAMETER_MM = 8;
const LEAST_RADIUS_PX = 7;
const BRACKET_GAP_PX = 4;
const FAR_MM = 300; // beyond the edge of any head

/** A mark's circle, or the box of a proposal's brackets, as it stands on screen, for the pointer. */
export interface Spot {
  id: string;
  centre: ScreenPoint;
  /** Half the side, of a box. */
  radius_px: number;
}

/** What of a drawing the pointer can take hold of. */
export interface Drawn {
  spots: readonly Spot[];
  grips: readonly Grip[];
  boxes: readonly Spot[];
}

/**
 * Draws shapes over one pane as SVG: light, exact at every zoom, and the same for every plane.
 *
 * @param others Planes that other panes show: where they cut this one, a line is drawn.
 */
export function draw(
  svg: SVGSVGElement,
  pane: Pane,
  shapes: readonly Shape[],
  others: readonly Plane[],
): Drawn {
  const view = pane.view();
  const brush = new Brush(pane, view.plane, view.px_per_mm);
  const drawn = [...brush.cuts(others), ...shapes.map((shape) => brush.draw(shape))];
  replace(svg, drawn.filter((each) => each !== null));
  return brush;
}

/** Touch the page only where the drawing has changed: from slice to slice it mostly has not. */
function replace(svg: SVGSVGElement, drawn: readonly SVGElement[]): void {
  const now = svg.children;
  const isSame = now.length === drawn.length && drawn.every((each, at) => each.isEqualNode(now[at] ?? null));
  if (!isSame) svg.replaceChildren(...drawn);
}

class Brush {
  readonly spots: Spot[] = [];
  readonly grips: Grip[] = [];
  readonly boxes: Spot[] = [];
  /** Contours have hundreds of points, in every pane, at every slice. */
  private readonly toScreen: ToScreen;

  constructor(
    private readonly pane: Pane,
    private readonly plane: Plane,
    private readonly px_per_mm: number,
  ) {
    this.toScreen = screenOf(pane);
  }

  draw(shape: Shape): SVGElement | null {
    switch (shape.kind) {
      case "mark":
        return this.mark(shape);
      case "proposal":
        return this.proposal(shape);
      case "lesion":
        return this.lesion(shape);
      case "measure":
        return this.measure(shape);
      case "cross":
        return this.cross(shape.centre_mm);
    }
  }

  /** Where other panes' planes cut this one. */
  cuts(others: readonly Plane[]): readonly SVGElement[] {
    return others.flatMap((other) => {
      const cut = lineBetween(this.plane, other);
      if (!cut) return [];
      const [[x1, y1], [x2, y2]] = [-FAR_MM, FAR_MM].map((mm) =>
        this.toScreen(add(cut.point, scale(cut.direction, mm))),
      ) as [ScreenPoint, ScreenPoint];
      return [element("line", { class: "cut", x1, y1, x2, y2 })];
    });
  }

  private mark(shape: MarkShape): SVGElement | null {
    const radius_mm = (shape.diameter_mm ?? DEFAULT_DIAMETER_MM) / 2;
    const radius = this.radiusOf(shape.centre_mm, radius_mm);
    if (radius === null) return null;
    const [x, y] = this.toScreen(shape.centre_mm);
    this.spots.push({ id: shape.id, centre: [x, y], radius_px: radius });
    const state = shape.isUnrated ? " is-unrated" : shape.isSelected ? " is-selected" : "";
    const group = element("g", { class: `mark${state}`, "data-mark": shape.id });
    const contours = contoursIn(this.plane, shape.contours_mm) ?? [];
    const circle = { cx: x, cy: y, r: radius };
    group.append(
      ...(contours.length > 0
        ? outlined(contours.map((each) => this.path(each)).join(""))
        : [element("circle", { class: "halo", ...circle }), element("circle", { class: "line", ...circle })]),
      label(shape.label, x + radius * 0.71 + 4, y - radius * 0.71 - 4),
    );
    return group;
  }

  private proposal(shape: ProposalShape): SVGElement | null {
    const radius = this.radiusOf(shape.centre_mm, shape.diameter_mm / 2);
    const slices_mm = sliceGap(shape.contours_mm);
    const contours = contoursIn(this.plane, shape.contours_mm, slices_mm) ?? [];
    const heat = this.heat(shape, slices_mm);
    if (radius === null && contours.length === 0) return heat;
    const [x, y] = this.toScreen(shape.centre_mm);
    const half = this.halfBox(shape, radius ?? LEAST_RADIUS_PX, contours);
    this.boxes.push({ id: shape.id, centre: [x, y], radius_px: half });
    const flags = [shape.isSelected ? "is-selected" : "", shape.isRejected ? "is-rejected" : ""];
    const classes = ["proposal", ...flags].filter(Boolean).join(" ");
    const group = element("g", { class: classes, "data-proposal": shape.id });
    if (heat) group.append(heat);
    if (shape.style !== "box") {
      const opacity = shape.style === "filled" ? 0.1 + 0.35 * (shape.probability ?? 0.5) : 0;
      const drawing = { class: "contour", "fill-opacity": opacity };
      group.append(...contours.map((each) => element("path", { ...drawing, d: this.path(each) })));
    }
    group.append(
      ...outlined(brackets(x, y, half)),
      label(shape.label, x + half + 4, y - half - 3),
    );
    return group;
  }

  /**
   * A heat map's levels of one slice, each over the weaker ones; it may reach past the lesion's own
   * slices. Other series and planes show what they cut out of its slices.
   */
  private heat(shape: ProposalShape, slices_mm: number): SVGElement | null {
    const isIn = sliceIn(this.plane, shape.heat.flatMap((each) => each.contours_mm), slices_mm);
    const paths = shape.heat.flatMap((each) => {
      const own = isIn && each.contours_mm.filter(isIn);
      const lines = own ?? sectionOfStack(this.plane, each.contours_mm) ?? [];
      const d = lines.map((one) => this.path(one));
      return d.length > 0 ? [element("path", { "data-level": each.level, d: d.join("") })] : [];
    });
    if (paths.length === 0) return null;
    const group = element("g", { class: "heat" });
    group.append(...paths);
    return group;
  }

  private lesion(shape: LesionShape): SVGElement | null {
    const radius = this.radiusOf(shape.centre_mm, shape.diameter_mm / 2);
    if (radius === null) return null;
    const [x, y] = this.toScreen(shape.centre_mm);
    const r = radius + 4;
    const d = `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`;
    const group = element("g", { class: "lesion", "data-lesion": shape.id });
    group.append(...outlined(d), label(shape.label, x + r + 2, y + 4));
    return group;
  }

  private measure(shape: MeasureShape): SVGElement | null {
    const made = drawMeasure(shape, this.pane, this.plane);
    if (made) this.grips.push(made.grip);
    return made?.drawn ?? null;
  }

  private cross(centre: Vector): SVGElement {
    const [x, y] = this.toScreen(centre);
    const arms = [
      [x - 22, y, x - 7, y],
      [x + 7, y, x + 22, y],
      [x, y - 22, x, y - 7],
      [x, y + 7, x, y + 22],
    ];
    const d = arms.map(([x1, y1, x2, y2]) => `M${x1} ${y1}L${x2} ${y2}`).join("");
    return element("path", { class: "cross", d });
  }

  private radiusOf(centre: Vector, radius_mm: number): number | null {
    const section = sectionRadius(this.plane, centre, radius_mm);
    return section === null ? null : Math.max(section * this.px_per_mm, LEAST_RADIUS_PX);
  }

  /** Half the side of the box that holds the sphere's section and the contours. */
  private halfBox(
    shape: ProposalShape,
    radius: number,
    contours: readonly (readonly Vector[])[],
  ): number {
    const [x, y] = this.toScreen(shape.centre_mm);
    const reach = contours.flat().map((point) => {
      const [px, py] = this.toScreen(point);
      return Math.max(Math.abs(px - x), Math.abs(py - y));
    });
    return Math.max(radius, ...reach) + BRACKET_GAP_PX;
  }

  private path(contour: readonly Vector[]): string {
    const places = contour.map((point) => this.toScreen(point));
    return `M${places.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
  }
}

/** Four corners of a square about (x, y). */
function brackets(x: number, y: number, half: number): string {
  const arm = Math.max(4, half * 0.45);
  const corner = (sx: number, sy: number): string => {
    const [cx, cy] = [x + sx * half, y + sy * half];
    return `M${cx - sx * arm} ${cy}L${cx} ${cy}L${cx} ${cy - sy * arm}`;
  };
  return corner(-1, -1) + corner(1, -1) + corner(1, 1) + corner(-1, 1);
}
