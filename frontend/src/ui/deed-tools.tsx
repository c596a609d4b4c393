import type { VNode } from "preact";

import { t } from "../i18n";
import { perform } from "../reading/commands";
import { hide } from "../reading/hiding";
import { keyOf } from "../reading/own-keys";
import type { Room } from "../reading/room";
import type { Viewing } from "../reading/viewing";
import { IconButton } from "./icons";

/** What keys do at once, for whoever has none at hand: back, forth, and the pictures alone. */
export function DeedTools({ room, viewing }: { room: Room; viewing: Viewing }): VNode | null {
  const open = room.state.openCase.value;
  if (!open) return null;
  const isHidden = viewing.hiding.isByButton;
  return (
    <div class="group" role="group" aria-label={t("bar.deeds")}>
      {(["undo", "redo"] as const).map((command) => (
        <IconButton
          key={command}
          icon={command}
          label={t(`command.${command}`)}
          shortcut={keyOf(room, command)}
          isDisabled={!(command === "undo" ? open.canUndo : open.canRedo).value}
          onClick={() => perform(room, command)}
          testId={command}
        />
      ))}
      <IconButton
        icon="hide"
        label={t("command.overlays.hide")}
        shortcut={keyOf(room, "overlays.hide")}
        isPressed={isHidden}
        onClick={() => {
          open.settle();
          hide(room, viewing, "button", !isHidden);
        }}
        testId="hide-overlays"
      />
    </div>
  );
}
