import type { VNode } from "preact";

import type { Known, Proposal } from "../api/types";
import { t } from "../i18n";
import type { OpenCase } from "../reading/case";
import { knownOf, toggleKnown } from "../reading/known";
import type { Room } from "../reading/room";

interface Props {
  room: Room;
  open: OpenCase;
  proposal: Proposal;
}

/** The synthetic lesions of the training that a proposal is most like, as pictures, once asked for. */
export function KnownLesions({ room, open, proposal }: Props): VNode {
  const known = knownOf(room, open);
  return (
    <>
      <button
        type="button"
        class="wide"
        aria-expanded={known !== null}
        data-testid="known-lesions"
        onClick={() => {
          toggleKnown(room, open);
        }}
      >
        {t(known ? "ai.known_hide" : "ai.known_show")}
      </button>
      {known && (
        <figure class="known">
          <figcaption>{t("ai.known")}</figcaption>
          <ul>
            {(known.nearest[proposal.id] ?? []).map((number) => (
              <Picture key={number} of={known.pictures[number]} />
            ))}
          </ul>
        </figure>
      )}
    </>
  );
}

function Picture({ of }: { of: Known["pictures"][string] | undefined }): VNode | null {
  if (!of) return null;
  return (
    <li class={of.kind === "false" ? "is-false" : undefined}>
      {/* Said once, by the words below. */}
      <img src={`data:image/png;base64,${of.png}`} alt="" width={36} height={72} />
      {wordsOf(of.kind, of.diameter_mm.toFixed(0))}
    </li>
  );
}

function wordsOf(kind: string, size: string): string {
  if (kind === "ring" || kind === "haemorrhagic" || kind === "false") return t(`ai.known.${kind}`, { size });
  return t("ai.known.solid", { size });
}
