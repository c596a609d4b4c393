import type { Feedback, HeatMaps, Proposal, Vector } from "../api/types";
import type { Placed } from "../geometry/frames";
import { outlinesOf } from "../geometry/masks";
import type { MarkShape, MeasureShape, ProposalStyle, Shape } from "../viewer/scene";
import { standing, type Draft, type Mark, type Measure } from "./draft";
import { linesOf } from "./measure-words";
import { outlinesFor, type Drawing } from "./segmenting";

/** Everything that may be drawn over the pictures. */
export interface SceneParts {
  draft: Draft;
  selectedMark: string | null;
  proposals: readonly Proposal[];
  selectedProposal: string | null;
  areProposalsShown: boolean;
  feedback: Feedback | null;
  proposalStyle: ProposalStyle;
  heat: HeatMaps;
  /** What is being drawn of a mark, in place of what was. */
  segmenting: Drawing | null;
  /** Of a series of the case, by its id. */
  placedOf: (series: string) => Placed | undefined;
  /** Of a series of the case or its prior, by its id: what its values are measured in. */
  unitOf: (series: string) => string;
  /** The measurement under the hand, in place of itself. */
  drawing: Measure | null;
  selectedMeasure: string | null;
  cross_mm: Vector | null;
}

/** The shapes of a scene; what is drawn last lies on top. */
export function sceneOf(parts: SceneParts): readonly Shape[] {
  return [
    ...(parts.cross_mm
      ? [{ kind: "cross" as const, id: "cross" as const, centre_mm: parts.cross_mm }]
      : []),
    ...(parts.areProposalsShown ? parts.proposals.map((each) => proposal(parts, each)) : []),
    ...(parts.feedback?.lesions ?? []).map((lesion) => ({
      kind: "lesion" as const,
      id: String(lesion.number),
      centre_mm: lesion.position_mm,
      diameter_mm: lesion.diameter_mm,
      label: `${lesion.diameter_mm.toFixed(0)} mm`,
    })),
    ...standing(parts.draft).map((mark) => ({
      kind: "mark" as const,
      id: mark.mark_id,
      centre_mm: mark.position_mm,
      diameter_mm: mark.diameter_mm,
      contours_mm: drawnOf(parts, mark),
      label: String(mark.number),
      isSelected: mark.mark_id === parts.selectedMark,
      isUnrated: mark.rating === null,
    })),
    ...measuresOf(parts),
  ];
}

function drawnOf({ segmenting, placedOf }: SceneParts, mark: Mark): MarkShape["contours_mm"] {
  const isUnderHand = segmenting?.mark === mark.mark_id;
  const placed = placedOf((isUnderHand ? segmenting.series : mark.mask?.series) ?? "");
  const fresh = isUnderHand && segmenting.mask && placed ? outlinesOf(placed, segmenting.mask) : [];
  const lines = isUnderHand || !mark.mask ? fresh : outlinesFor(mark.mask, placed);
  return lines.map((each) => each.points);
}

function proposal(parts: SceneParts, each: Proposal): Shape {
  return {
    kind: "proposal",
    id: each.id,
    centre_mm: each.centroid_mm,
    diameter_mm: each.diameter_mm,
    label: each.probability === null ? each.label : `${each.label} ${each.probability.toFixed(2)}`,
    contours_mm: each.contours_mm,
    isSelected: each.id === parts.selectedProposal,
    style: parts.proposalStyle,
    probability: each.probability,
    heat: parts.proposalStyle === "heat" ? (parts.heat[each.id]?.levels ?? []) : [],
    isRejected: parts.draft.decisions[each.id] === "rejected",
  };
}

function measuresOf({ draft, drawing, selectedMeasure, unitOf }: SceneParts): readonly MeasureShape[] {
  const others = draft.measures.filter((each) => each.measure_id !== drawing?.measure_id);
  return [...others, ...(drawing ? [drawing] : [])].map((each) => ({
    kind: "measure",
    id: each.measure_id,
    tool: each.tool,
    series: each.series,
    points_mm: each.points_mm,
    lines: linesOf(each, unitOf(each.series)),
    isSelected: each === drawing || each.measure_id === selectedMeasure,
  }));
}
