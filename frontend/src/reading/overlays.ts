import { add } from "../geometry/vectors";
import type { Plane } from "../geometry/sections";
import type { Grip } from "../viewer/measure-overlay";
import { draw, type Drawn, type Spot } from "../viewer/overlay";
import type { Shape } from "../viewer/scene";
import type { Dragged } from "./pointer";
import type { Viewing } from "./viewing";

const NOTHING: Drawn = { spots: [], grips: [], boxes: [] };

/** What is drawn over the panes: the scene, each shape where its examination lies. */
export class Overlays {
  private drawn: readonly Drawn[] = [];

  constructor(private readonly viewing: Viewing) {}

  /** The marks that can be taken hold of in a pane, where they stand on screen. */
  spotsOf(pane: number): readonly Spot[] {
    return this.drawn[pane]?.spots ?? [];
  }

  /** The measurements that show in a pane, where they stand on screen. */
  gripsOf(pane: number): readonly Grip[] {
    return this.drawn[pane]?.grips ?? [];
  }

  /** The proposals that show in a pane, where their brackets stand on screen. */
  boxesOf(pane: number): readonly Spot[] {
    return this.drawn[pane]?.boxes ?? [];
  }

  /** @param only The one pane that changed. */
  redraw(dragged: Dragged | null, only?: number): void {
    const { comparison, hiding, host, seats, stage } = this.viewing;
    const { isAll: isHidden, areProposals } = hiding;
    const seen = host.shapes().filter((each) => !(areProposals && each.kind === "proposal"));
    const shapes = isHidden ? [] : seen.map((shape) => underDrag(shape, dragged));
    this.drawn = stage.panes.map((pane, at) => {
      const svg = seats.svgOf(at);
      if (only !== undefined && only !== at) return this.drawn[at] ?? NOTHING;
      if (!svg) return NOTHING;
      const over = comparison.shapesOver(pane.series, shapes);
      const drawn = draw(svg, pane, over, isHidden ? [] : this.planesBut(at));
      // A mark shows on the prior, and is moved and sized where it was made.
      return comparison.isPrior(pane.series) ? { ...drawn, spots: [] } : drawn;
    });
  }

  /** The planes of other panes that show as lines in a pane, where the crosshair is out. */
  private planesBut(pane: number): readonly Plane[] {
    const { comparison, stage, isCross, layout, active } = this.viewing;
    const here = stage.panes[pane];
    if (!isCross.peek() || !here) return [];
    const isAll = layout.peek() === "planes";
    return stage.panes.flatMap((each, at) => {
      const by = comparison.between(each.series, here.series);
      if (at === pane || !by || !(isAll || at === active.peek())) return [];
      const { plane } = each.view();
      return [{ ...plane, point: add(plane.point, by) }];
    });
  }
}

function underDrag(shape: Shape, dragged: Dragged | null): Shape {
  return shape.kind === "mark" && shape.id === dragged?.id ? { ...shape, ...dragged } : shape;
}
