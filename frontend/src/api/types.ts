/**
 * The reading room's side of the API: the types made from openapi.json under this client's names,
 * sharper where JSON Schema cannot say it. Coordinates: LPS, mm (docs/architecture.md).
 */

import type { Points } from "../geometry/measures";
import type { Vector } from "../geometry/vectors";
import type { components } from "./schema";
export type { Vector };

type Schemas = components["schemas"];
/** `Base` with the members of `More` in place of its own; each must fit the one it replaces. */
type Sharper<Base, More extends { [Key in keyof More]: Key extends keyof Base ? Base[Key] : never }> =
  Omit<Base, keyof More> & More;
export type Pair = readonly [number, number];

export type Me = Schemas["MeOutput"];
/** How a user has set up the reading room: keys that differ from the usual, the tour. */
export type ReadingRoomSettings = Schemas["ReadingRoomOutput"];
export type Display = Schemas["DisplayInputRequest"];
export type SampleType = Schemas["DtypeEnum"];

/** Where a series' frames lie in the patient. */
export type Geometry = Sharper<
  Schemas["GeometryOutput"],
  {
    readonly row_cosine: Vector;
    readonly column_cosine: Vector;
    /** One a frame, of the first pixel's centre, sorted along the normal. */
    readonly positions_mm: readonly Vector[];
    /** Between rows, between columns. */
    readonly pixel_spacing_mm: Pair;
    /** Slope, intercept. */
    readonly rescale: Pair;
    /** Centre and width, after rescale. */
    readonly window: Pair;
    readonly presets: Readonly<Record<string, Pair>>;
  }
>;

export type Role = "t1c" | "flair" | "t2" | "t1" | "ct" | "other";
export type Series = Sharper<
  Schemas["SeriesOutput"],
  { readonly role: Role; readonly geometry: Geometry }
>;

export type AnswerValue = string | number | boolean | readonly string[] | null;
export type QuestionKind = Schemas["QuestionOutputKindEnum"];
export type Question = Sharper<
  Schemas["QuestionOutput"],
  { readonly shown_if: { question?: string; equals?: AnswerValue } }
>;

/** What marks are rated on: 0 to 100, or levels, where a rating is a level's number from 1. */
export type MarkScale = Schemas["MarkScaleOutput"];

/** Voxels of a lesion on a series' grid (`geometry/masks`). */
export type MarkMask = Schemas["MaskOutput"];
export type PacketMark = Sharper<Schemas["MarkOutput"], { readonly position_mm: Vector }>;
export type PacketMeasure = Sharper<Schemas["MeasureOutput"], { readonly points_mm: Points }>;
export type Proposal = Sharper<
  Schemas["ProposalOutput"],
  {
    readonly centroid_mm: Vector;
    /** Closed polygons, each in one plane. */
    readonly contours_mm: readonly (readonly Vector[])[];
  }
>;
export type HeatLevel = Sharper<
  Schemas["HeatLevelOutput"],
  { readonly contours_mm: readonly (readonly Vector[])[] }
>;
/** By the proposal's id: what the detector's answer rests on, weakest level first. */
export type HeatMaps = Readonly<
  Record<string, Sharper<Schemas["HeatMapOutput"], { readonly levels: readonly HeatLevel[] }>>
>;
/** Pictures of synthetic lesions by number, and by the proposal's id which are most like it. */
export type Known = Schemas["KnownLesionsOutput"];
export type DecisionKind = "accepted" | "rejected" | "edited";
/** What the AI proposes, or that it has no result for the case. */
export type ShownAi = Sharper<
  Required<Schemas["AiOutput"]>,
  {
    readonly state: "ready" | "not_available";
    readonly proposals: readonly Proposal[];
    readonly decisions: Readonly<Record<string, DecisionKind>>;
  }
>;
/** On demand the server sends nothing of it before it has the event of asking (R6). */
export type Ai = ShownAi | { readonly mode: "on_demand"; readonly state: "not_asked" };

type Draft = Sharper<
  Schemas["DraftOutput"],
  {
    readonly marks: readonly PacketMark[];
    readonly measures: readonly PacketMeasure[];
    readonly answers: Readonly<Record<string, AnswerValue>>;
  }
>;

/** How the protocol hangs the images of a case when it opens. */
export type Hanging = Schemas["HangingOutput"];

/** An earlier examination of the patient, for comparison only. */
export type Prior = Sharper<Schemas["PriorOutput"], { readonly series: readonly Series[] }>;

/** Everything that the browser receives for one read; `ai` is absent in a control arm. */
export type Packet = Sharper<
  Schemas["PacketOutput"],
  {
    readonly series: readonly Series[];
    readonly prior: Prior | null;
    readonly questions: readonly Question[];
    readonly draft: Draft;
    readonly ai?: Ai;
  }
>;
export type NextImages = Sharper<
  Schemas["NextImagesOutput"],
  { readonly series: readonly Series[] }
>;
export type Sitting = Sharper<Schemas["SessionOutput"], { readonly next_images: NextImages }>;

/**
 * One thing that the reader's browser did: `seq` from 1 without a gap in one tab and read;
 * `mono_ms` is `performance.now()`, `wall_ms` is `Date.now()`.
 */
export type ReadEvent = Omit<Schemas["EventInputRequest"], "kind"> & { readonly kind: string };
export type Receipt = Schemas["ReceiptOutput"];

export type LesionFeedback = Sharper<
  Schemas["LesionFeedbackOutput"],
  { readonly position_mm: Vector }
>;
export type Feedback = Sharper<
  Schemas["FeedbackOutput"],
  { readonly lesions: readonly LesionFeedback[] }
>;
/** What a test came to, once its last case is signed. */
export type TestResult = Schemas["TestResultOutput"];
/** Which of a test's cases a read is. */
export type TestPlace = Schemas["TestPlaceOutput"];
export type Submitted = Sharper<Schemas["SubmittedOutput"], { readonly feedback?: Feedback }>;

/** What a refused submission lacks (a member of the problem document). */
export interface Missing {
  what: string;
  words: string;
}
