import type { HeatLevel, Vector } from "../api/types";
import type { MeasureTool, Points } from "../geometry/measures";

/** The things that are drawn over the pictures, in the patient's millimetres. Pure data. */
export interface MarkShape {
  kind: "mark";
  id: string;
  centre_mm: Vector;
  diameter_mm: number | null;
  /** What the reader drew of it, in place of its circle where that shows. */
  contours_mm: readonly (readonly Vector[])[];
  label: string;
  isSelected: boolean;
  /** Without a rating: it blocks, and shows that it does. */
  isUnrated: boolean;
}

export interface ProposalShape {
  kind: "proposal";
  id: string;
  centre_mm: Vector;
  diameter_mm: number;
  label: string;
  contours_mm: readonly (readonly Vector[])[];
  isSelected: boolean;
  isRejected: boolean;
  style: ProposalStyle;
  probability: number | null;
  /** Of the style "heat", weakest level first. */
  heat: readonly HeatLevel[];
}

/**
 * How a proposal is drawn: its contours, only the corners of its box, filled by its probability,
 * or over a heat map of what the detector's answer rests on.
 */
export type ProposalStyle = "contour" | "box" | "filled" | "heat";

/** A lesion of the reference standard, after a training read. */
export interface LesionShape {
  kind: "lesion";
  id: string;
  centre_mm: Vector;
  diameter_mm: number;
  label: string;
}

export interface MeasureShape {
  kind: "measure";
  id: string;
  tool: MeasureTool;
  /** Where it was drawn: what it came to is said beside this series only. */
  series: string;
  points_mm: Points;
  /** What it came to, a line each. */
  lines: readonly string[];
  isSelected: boolean;
}

/** Where the cursor's point lies, shown in every pane. */
export interface CrossShape {
  kind: "cross";
  id: "cross";
  centre_mm: Vector;
}

export type Shape = MarkShape | ProposalShape | LesionShape | MeasureShape | CrossShape;
