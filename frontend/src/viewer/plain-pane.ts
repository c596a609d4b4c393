import type { Series, Vector } from "../api/types";
import { edgeLetters } from "../geometry/orientation";
import { add, cross, dot, scale, subtract } from "../geometry/vectors";
import { axesOf, focalPointOf, pan, pxPerMm, shift, zoom, type Lens } from "./camera";
import type { Cut, Pane, PaneView, ScreenPoint } from "./contract";

const SIZE_PX = 400;

/** Where a plain pane looks. */
export interface Look {
  id: string;
  /** To the right and down on its screen. */
  right?: Vector;
  down?: Vector;
  px_per_mm?: number;
  /** In the middle of its screen. */
  centre?: Vector;
  thickness_mm?: number;
  cut?: Cut;
}

/** For tests: a pane that paints nothing, under the camera that all panes have. */
export class PlainPane implements Pane {
  readonly series: Series;
  readonly cut: Cut;
  readonly valueAtVoxel = (): null => null;
  window: readonly [number, number] = [0, 0];
  private slab_mm = 0;
  private isInverted = false;
  private readonly lens: Lens;
  private readonly thickness_mm: number;

  constructor(look: Look) {
    const { id, right = [1, 0, 0], down = [0, 1, 0], px_per_mm = 2, centre = [0, 0, 0] } = look;
    const geometry = { row_cosine: right, column_cosine: down, frame_of_reference: "now" };
    this.series = { id, role: id, geometry } as unknown as Series;
    this.cut = look.cut ?? "acquired";
    this.thickness_mm = look.thickness_mm ?? 1;
    const camera = {
      viewUp: scale(down, -1),
      viewPlaneNormal: scale(cross(right, down), -1),
      focalPoint: centre,
      position: centre,
      parallelScale: SIZE_PX / (2 * px_per_mm),
    };
    this.lens = {
      element: { clientHeight: SIZE_PX },
      getCamera: () => ({ ...camera }),
      setCamera: (next: object) => void Object.assign(camera, next),
      canvasToWorld: (place: ScreenPoint) => this.toPatient(place),
    } as unknown as Lens;
  }

  view(): PaneView {
    const { right, down, away } = axesOf(this.lens);
    const point = focalPointOf(this.lens);
    return {
      series: this.series,
      cut: this.cut,
      slice: Math.round(dot(point, away) / this.thickness_mm),
      slices: 100,
      window: this.window,
      isInverted: this.isInverted,
      px_per_mm: pxPerMm(this.lens),
      slab_mm: this.slab_mm,
      letters: edgeLetters(right, down),
      plane: { point, normal: away, thickness_mm: Math.max(this.slab_mm, this.thickness_mm) },
    };
  }

  goTo(slice: number): void {
    this.goToPoint(scale(axesOf(this.lens).away, slice * this.thickness_mm));
  }

  goToPoint(point: Vector): void {
    const { away } = axesOf(this.lens);
    shift(this.lens, scale(away, dot(subtract(point, focalPointOf(this.lens)), away)));
  }

  setWindow(centre: number, width: number): void {
    this.window = [centre, width];
  }

  setInverted(isInverted: boolean): void {
    this.isInverted = isInverted;
  }

  zoomBy(factor: number, about: ScreenPoint | null): void {
    zoom(this.lens, factor, about);
  }

  panBy(dx_px: number, dy_px: number): void {
    pan(this.lens, dx_px, dy_px);
  }

  fit(): void {
    this.lens.setCamera({ parallelScale: SIZE_PX / 4 });
  }

  toScreen(point: Vector): ScreenPoint {
    const { right, down } = axesOf(this.lens);
    const from = scale(subtract(point, focalPointOf(this.lens)), pxPerMm(this.lens));
    return [SIZE_PX / 2 + dot(from, right), SIZE_PX / 2 + dot(from, down)];
  }

  toPatient([x, y]: ScreenPoint): Vector {
    const { right, down } = axesOf(this.lens);
    const mm = 1 / pxPerMm(this.lens);
    const across = scale(right, (x - SIZE_PX / 2) * mm);
    return add(focalPointOf(this.lens), add(across, scale(down, (y - SIZE_PX / 2) * mm)));
  }

  valueAt(): null {
    return null;
  }

  setSlab(thickness_mm: number): void {
    this.slab_mm = thickness_mm;
  }
}
