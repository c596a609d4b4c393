import type { VNode } from "preact";

import { t } from "../i18n";
import { keyOf } from "../reading/own-keys";
import type { Room } from "../reading/room";
import type { Viewing } from "../reading/viewing";
import { PaneFrame } from "./pane";

/** The pictures, in the layout that was chosen. */
export function Panes({ room, viewing }: { room: Room; viewing: Viewing }): VNode {
  const hung = viewing.hung.value;
  return (
    <main
      class={`panes layout-${viewing.layout.value} count-${hung.length}`}
      data-panes
      data-testid="panes"
    >
      {hung.map((each, pane) => (
        <PaneFrame key={pane} room={room} viewing={viewing} pane={pane} hung={each} />
      ))}
      <p id="pictures-keys" class="unseen">
        {t("pane.keys", { tab: keyOf(room, "pane.next"), on: keyOf(room, "place.next") })}
      </p>
    </main>
  );
}
