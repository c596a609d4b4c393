import { computed } from "@preact/signals";

import type { Vector } from "../api/types";
import { t } from "../i18n";
import type { Shape } from "../viewer/scene";
import type { Gesture } from "./bursts";
import type { Mark, Measure } from "./draft";
import { allOf } from "./hanging";
import { unitOf } from "./measure-words";
import type { DrawingPart } from "./parts";
import { keepLink, keptLink } from "./prior-link";
import type { Room } from "./room";
import { sceneOf } from "./scene";
import type { Drawing } from "./segmenting";

/** What the viewing needs of the case around it. */
export interface ViewingHost {
  /** Whether planes can be rebuilt, once what does it is here; if not, the reader has been told. */
  canRebuild: () => Promise<boolean>;
  log: (kind: Gesture | "layout" | "link" | "tool", payload: Record<string, unknown>) => void;
  shapes: () => readonly Shape[];
  putMark: (pane: number, point: Vector) => void;
  selectMark: (id: string, pane: number) => void;
  moveMark: (id: string, point: Vector, series: string) => void;
  sizeMark: (id: string, diameter_mm: number) => void;
  /** The mark to draw, if one is selected; else the reader is told. */
  selectedMark: () => Mark | undefined;
  drawnElsewhere: () => void;
  /** What was to be drawn or marked lies on the prior examination. */
  onPrior: () => void;
  /** What draws; null while it is on its way. */
  drawing: () => DrawingPart | null;
  keepDrawing: (drawing: Drawing) => void;
  measure: (id: string) => Measure | undefined;
  keepMeasure: (measure: Measure) => void;
  selectMeasure: (id: string) => void;
  /** Show what is told of a proposal that is drawn. */
  viewProposal: (id: string) => void;
  painted: () => void;
  /** By what shift the reader linked the open case's prior, from before a reload; and the new one. */
  keptLink: () => Vector | null;
  keepLink: (shift_mm: Vector | null) => void;
}

/** Ties what is looked at to the case that is open and to its log. */
export function viewingHost(room: Room): ViewingHost {
  const { state } = room;
  const shapes = computed(() => {
    const open = state.openCase.value;
    if (!open) return [];
    const viewing = state.viewing.value;
    return sceneOf({
      draft: open.draft.value,
      selectedMark: open.selectedMark.value,
      proposals: open.proposals,
      selectedProposal: open.selectedProposal.value,
      areProposalsShown: state.areProposalsShown.value,
      feedback: state.feedback.value,
      proposalStyle: state.proposalStyle.value,
      heat: state.heat.value?.read === open.packet.read.id ? state.heat.value.maps : {},
      drawing: viewing?.pointer.measuring.drawing.value ?? null,
      selectedMeasure: open.selectedMeasure.value,
      segmenting: viewing?.pointer.segmenting.drawing.value ?? null,
      placedOf: (series) => open.packet.series.find((each) => each.id === series)?.geometry,
      unitOf: (series) => unitOf(allOf(open.packet).find((each) => each.id === series)?.role),
      cross_mm: viewing?.cross_mm.value ?? null,
    });
  });
  return {
    canRebuild: () => room.parts.canRebuild(),
    shapes: () => shapes.value,
    log: (kind, payload) => {
      if (kind === "layout" || kind === "link" || kind === "tool") room.record(kind, payload);
      else room.bursts.add(kind, payload);
    },
    putMark: (pane, position_mm) => putMark(room, pane, position_mm),
    selectMark: (id, pane) => {
      const open = state.openCase.value;
      if (!open) return;
      open.select(id);
      state.rating.value = { mark: id, pane };
    },
    moveMark: (id, position_mm, series) => state.openCase.value?.move(id, { position_mm, series }),
    sizeMark: (id, diameter_mm) => state.openCase.value?.resize(id, diameter_mm),
    ...drawingHost(room),
    measure: (id) =>
      state.openCase.value?.draft.value.measures.find((each) => each.measure_id === id),
    keepMeasure: (measure) => state.openCase.value?.measure(measure),
    selectMeasure: (id) => {
      const open = state.openCase.value;
      if (open) open.selectedMeasure.value = id;
    },
    viewProposal: (id) => state.openCase.value?.view(id),
    painted: () => room.paneDone(),
    ...priorHost(room),
  };
}

/** The link of a prior outlives a reload of its case, and is told to the log of the new page. */
function priorHost({ state, record }: Room): Pick<ViewingHost, "keptLink" | "keepLink"> {
  return {
    keptLink: () => {
      const packet = state.openCase.value?.packet;
      const kept = packet?.prior ? keptLink(packet.read.id) : null;
      if (kept) record("link", { prior_shift_mm: kept, is_restored: true });
      return kept;
    },
    keepLink: (shift_mm) => {
      const read = state.openCase.value?.packet.read.id;
      if (read !== undefined) keepLink(read, shift_mm);
    },
  };
}

function putMark({ state }: Room, pane: number, position_mm: Vector): void {
  const open = state.openCase.value;
  const viewing = state.viewing.value;
  const series = viewing?.at(pane)?.series;
  if (!open || !series) return;
  const isPrior = viewing.comparison.isPrior(series);
  state.notice.value = isPrior ? t("marks.on_prior") : null;
  const mark = isPrior ? null : open.putMark({ position_mm, series: series.id });
  if (mark !== null) state.rating.value = { mark, pane };
}

type DrawingHost = Pick<
  ViewingHost,
  "selectedMark" | "drawing" | "drawnElsewhere" | "onPrior" | "keepDrawing"
>;

/** What the brush needs of the case. */
function drawingHost({ state, parts }: Room): DrawingHost {
  return {
    drawing: () => {
      if (!parts.drawing) parts.draw(() => undefined); // a pen's other end: no tool was chosen before
      return parts.drawing;
    },
    selectedMark: () => {
      const open = state.openCase.value;
      const mark = open?.isReadOnly.value ? undefined : open?.mark(open.selectedMark.value);
      if (open && !mark) state.notice.value = t("segment.choose");
      return mark;
    },
    onPrior: () => (state.notice.value = t("marks.on_prior")),
    drawnElsewhere: () => (state.notice.value = t("segment.elsewhere")),
    keepDrawing: ({ mark, series, mask }) => {
      const open = state.openCase.value;
      const placed = open?.packet.series.find((each) => each.id === series)?.geometry;
      if (!open || !placed || !parts.drawing) return;
      state.notice.value = null;
      if (mask) {
        const made = parts.drawing.kept(series, placed, mask);
        open.drawMask(mark, made.mask, made.diameter_mm);
      } else open.resize(mark, null);
    },
  };
}
