import type { VNode } from "preact";

import type { Ai, DecisionKind, Proposal } from "../api/types";
import { t } from "../i18n";
import { firstSentence } from "../i18n/sentences";
import type { OpenCase } from "../reading/case";
import { goToProposal, perform, type CommandName } from "../reading/commands";
import { keyOf } from "../reading/own-keys";
import type { Room } from "../reading/room";
import { letGo, useSight } from "./focus";
import { KnownLesions } from "./known-lesions";

interface Props {
  room: Room;
  open: OpenCase;
  ai: Ai;
}

/** What the AI proposes. It exists only where the packet has proposals to show (R2). */
export function ProposalPanel({ room, open, ai }: Props): VNode {
  return (
    <section class="panel-part proposals" aria-labelledby="ai-title" data-testid="proposals">
      <h2 id="ai-title">
        {t("ai.title")} <span class="count">{countOf(room, ai)}</span>
      </h2>
      <Content room={room} open={open} ai={ai} />
      {ai.state !== "not_asked" && (
        <p class="banner">
          <strong>{t("ai.banner", { name: ai.detector.name, version: ai.detector.version })}</strong>{" "}
          {ai.detector.banner}
        </p>
      )}
    </section>
  );
}

function countOf(room: Room, ai: Ai): string {
  const isKnown = ai.state === "ready" && room.state.areProposalsShown.value;
  return isKnown ? String(ai.proposals.length) : "";
}

function Content({ room, open, ai }: Props): VNode {
  if (ai.state === "not_available") return <p class="quiet-text">{t("ai.not_available")}</p>;
  if (ai.state === "not_asked") {
    return (
      <button
        type="button"
        class="wide"
        data-testid="show-proposals"
        aria-busy={room.state.isAskingAi.value}
        onClick={() => perform(room, "proposals.show")}
      >
        {t(room.state.isAskingAi.value ? "ai.asking" : "ai.show")}{" "}
        <kbd>{keyOf(room, "proposals.show")}</kbd>
      </button>
    );
  }
  if (ai.proposals.length === 0) return <p class="quiet-text">{t("ai.none")}</p>;
  return (
    <ol class="rows">
      {ai.proposals.map((each) => (
        <ProposalRow key={each.id} room={room} open={open} proposal={each} />
      ))}
    </ol>
  );
}

interface RowProps {
  room: Room;
  open: OpenCase;
  proposal: Proposal;
}

function ProposalRow({ room, open, proposal }: RowProps): VNode {
  const isSelected = open.selectedProposal.value === proposal.id;
  const decision = open.draft.value.decisions[proposal.id];
  const probability = probabilityOf(proposal);
  const row = useSight<HTMLLIElement>(isSelected);
  return (
    <li
      ref={row}
      class={`row${isSelected ? " is-selected" : ""}${decision ? ` is-${decision}` : ""}`}
      data-testid={`proposal-${proposal.label}`}
      data-decision={decision ?? ""}
    >
      <button
        type="button"
        class="row-main"
        aria-current={isSelected}
        onClick={(event) => {
          letGo(event);
          goToProposal(room, proposal);
        }}
      >
        <span class="unseen">
          {`${proposal.label}, ${t("ai.probability", { value: probability })}, ${t("ai.size", { size: proposal.diameter_mm.toFixed(0) })}`}
        </span>
        <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2.5 6V2.5H6 M10 2.5h3.5V6 M13.5 10v3.5H10 M6 13.5H2.5V10" />
        </svg>
        <span class="number" aria-hidden="true">{proposal.label}</span>
        <span class="rating-bar" aria-hidden="true">
          <span style={{ width: `${100 * (proposal.probability ?? 0)}%` }} />
        </span>
        <span class="rating" aria-hidden="true" title={uncertaintyOf(proposal)}>
          {probability}
        </span>
        <span class="size" aria-hidden="true">{t("ai.size", { size: proposal.diameter_mm.toFixed(0) })}</span>
      </button>
      {decision && <DecisionWord decision={decision} />}
      {isSelected && <Details room={room} open={open} proposal={proposal} />}
    </li>
  );
}

/** As the detector gave it; a dash where it gave none. */
function probabilityOf(proposal: Proposal): string {
  return proposal.probability === null ? "\u2013" : proposal.probability.toFixed(2);
}

function uncertaintyOf(proposal: Proposal): string {
  if (proposal.uncertainty === null) return "";
  return t("ai.uncertainty", { value: proposal.uncertainty.toFixed(2) });
}

function DecisionWord({ decision }: { decision: DecisionKind }): VNode {
  return <span class="decision">{t(`ai.${decision}`)}</span>;
}

const DEEDS: readonly { command: CommandName; word: "ai.accept" | "ai.edit" | "ai.reject" }[] = [
  { command: "proposal.accept", word: "ai.accept" },
  { command: "proposal.reject", word: "ai.reject" },
  { command: "proposal.edit", word: "ai.edit" },
];

/** How sure the AI is and of what kind, what the reader may do, and why the AI proposes it. */
function Details({ room, open, proposal }: RowProps): VNode {
  const uncertainty = uncertaintyOf(proposal);
  const [kind, more] = firstSentence(proposal.kind ?? "");
  const reasons = [proposal.explanation, more].filter(Boolean);
  return (
    <div class="details">
      {uncertainty && (
        <p class="quiet-text">
          {t("ai.uncertainty_name")} {uncertainty}
        </p>
      )}
      {proposal.kind !== undefined && (
        <p data-testid="kind-of-lesion">{kind || t("ai.kind_unknown")}</p>
      )}
      {!open.isReadOnly.value && <Deeds room={room} />}
      {reasons.length > 0 && (
        <div class="why" role="region" aria-label={t("ai.why")} tabIndex={0} data-scrolls data-testid="why">
          {reasons.map((each) => (
            <p key={each}>{each}</p>
          ))}
        </div>
      )}
      {proposal.has_known_lesions && <KnownLesions room={room} open={open} proposal={proposal} />}
    </div>
  );
}

function Deeds({ room }: { room: Room }): VNode {
  return (
    <div class="deeds">
      {DEEDS.map(({ command, word }) => (
        <button
          key={command}
          type="button"
          class="word-button"
          data-testid={command.replace(".", "-")}
          onClick={() => perform(room, command)}
        >
          {t(word)} <kbd>{keyOf(room, command)}</kbd>
        </button>
      ))}
    </div>
  );
}
