import type { VNode } from "preact";

import { t } from "../i18n";
import { BINDINGS, type Binding } from "../reading/keys";
import type { Room } from "../reading/room";
import { Dialog } from "./dialog";

const GROUPS = ["look", "marks", "case", "proposals"] as const;
const NAMES: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  PageUp: "PgUp",
  PageDown: "PgDn",
  Delete: "Del",
  " ": "Space",
};

/** Every key; what a control arm has no use for is not in its sheet. */
export function KeySheet({ room }: { room: Room }): VNode {
  const hasProposals = room.state.openCase.value?.packet.ai !== undefined;
  const groups = GROUPS.filter((group) => hasProposals || group !== "proposals");
  return (
    <Dialog
      title={t("keys.title")}
      testId="key-sheet"
      isWide
      onClose={() => (room.state.dialog.value = null)}
    >
      <div class="key-sheet">
        {groups.map((group) => (
          <section key={group}>
            <h3>{t(`group.${group}`)}</h3>
            <dl>
              {group === "marks" && <Row keys={["1 … 9", "0"]} words={t("keys.digits")} />}
              {BINDINGS.filter((each) => each.group === group).map((each) => (
                <Row key={each.command} keys={each.keys.map(spelled)} words={wordsOf(each)} />
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>{t("keys.mouse")}</h3>
          <dl>
            <Row keys={["wheel"]} words={t("keys.wheel")} />
            <Row keys={["left"]} words={t("keys.left")} />
            <Row keys={["middle"]} words={t("keys.middle")} />
            <Row keys={["right", "Ctrl wheel"]} words={t("keys.right")} />
          </dl>
        </section>
      </div>
    </Dialog>
  );
}

function Row({ keys, words }: { keys: readonly string[]; words: string }): VNode {
  return (
    <div>
      <dt>
        {[...new Set(keys)].map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{words}</dd>
    </div>
  );
}

function wordsOf(binding: Binding): string {
  const words = t(`command.${binding.command}`);
  return binding.release ? `${words} (${t("keys.hold")})` : words;
}

function spelled(key: string): string {
  if (key === "shift+?") return "?";
  const parts = key.split(/\+(?=.)/);
  return parts
    .map((part) => (part === "mod" ? "Ctrl" : part === "shift" ? "Shift" : (NAMES[part] ?? part)))
    .map((part) => (part.length === 1 ? part.toUpperCase() : part))
    .join(" ");
}
