import type { Vector } from "../api/types";

/** The things that are drawn over the pictures, in the patient's millimetres. Pure data. */
export interface MarkShape {
  kind: "mark";
  id: string;
  centre_mm: Vector;
  diameter_mm: number | null;
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
}

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
  from_mm: Vector;
  to_mm: Vector;
  label: string;
}

/** Where the cursor's point lies, shown in every pane. */
export interface CrossShape {
  kind: "cross";
  id: "cross";
  centre_mm: Vector;
}

export type Shape = MarkShape | ProposalShape | LesionShape | MeasureShape | CrossShape;
