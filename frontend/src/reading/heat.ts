import { effect } from "@preact/signals";

import type { ProposalStyle } from "../viewer/scene";
import { t } from "../i18n";
import type { OpenCase } from "./case";
import type { Room } from "./room";

const STYLES: readonly ProposalStyle[] = ["contour", "box", "filled"];

/** How proposals can be drawn in a case: with heat maps only where the server has some to show. */
export function stylesOf(open: OpenCase): readonly ProposalStyle[] {
  return hasHeat(open) ? [...STYLES, "heat"] : STYLES;
}

export function chooseStyle(room: Room, style: ProposalStyle): void {
  room.state.proposalStyle.value = style;
  room.record("tool", { proposals_drawn: style });
}

/** Heat maps are large and looked at by few: fetched when they are first to be drawn in a case. */
export function followHeat(room: Room): () => void {
  const { openCase, proposalStyle, areProposalsShown, heat } = room.state;
  return effect(() => {
    const open = openCase.value;
    if (!open || proposalStyle.value !== "heat" || !areProposalsShown.value) return;
    const read = open.packet.read.id;
    if (hasHeat(open) && heat.peek()?.read !== read) void fetchHeat(room, read);
  });
}

async function fetchHeat(room: Room, read: string): Promise<void> {
  try {
    const { heat_maps: maps } = await room.ports.api.heatMaps(read);
    if (room.state.openCase.peek()?.packet.read.id === read) room.state.heat.value = { read, maps };
  } catch { // nothing of it is said in the next case, which may be another stage's
    if (room.state.openCase.peek()?.packet.read.id === read) room.state.notice.value = t("proposals.no_heat");
  }
}

function hasHeat(open: OpenCase): boolean {
  return open.proposals.some((each) => each.has_heat_map);
}
