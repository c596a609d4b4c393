import { computed } from "@preact/signals";

import { followHeat } from "./heat";
import type { Room } from "./room";
import { sceneOf } from "./scene";
import type { ViewingHost } from "./viewing";

/** Ties what is looked at to the case that is open and to its log. */
export function viewingHost(room: Room): ViewingHost {
  const { state } = room;
  followHeat(room);
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
      cross_mm: viewing?.cross_mm.value ?? null,
    });
  });
  return {
    shapes: () => shapes.value,
    log: (kind, payload) => {
      if (kind === "layout" || kind === "link" || kind === "tool") room.record(kind, payload);
      else room.bursts.add(kind, payload);
    },
    putMark: (pane, position_mm) => {
      const open = state.openCase.value;
      const series = state.viewing.value?.at(pane)?.series.id;
      if (!open || series === undefined) return;
      const mark = open.putMark({ position_mm, series });
      if (mark !== null) state.rating.value = { mark, pane };
    },
    selectMark: (id, pane) => {
      const open = state.openCase.value;
      if (!open) return;
      open.selectedMark.value = id;
      open.selectedMeasure.value = null;
      state.rating.value = { mark: id, pane };
    },
    moveMark: (id, position_mm, series) => state.openCase.value?.move(id, { position_mm, series }),
    sizeMark: (id, diameter_mm) => state.openCase.value?.resize(id, diameter_mm),
    measure: (id) =>
      state.openCase.value?.draft.value.measures.find((each) => each.measure_id === id),
    keepMeasure: (measure) => state.openCase.value?.measure(measure),
    selectMeasure: (id) => {
      const open = state.openCase.value;
      if (open) open.selectedMeasure.value = id;
    },
    painted: (pane) => room.paneDone(pane),
  };
}

