// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { render } from "preact";
import { expect, test } from "vitest";

import type { Ai } from "../api/types";
import type { OpenCase } from "../reading/case";
import { bindingsWith } from "../reading/own-keys";
import type { Room } from "../reading/room";
import { MarksPanel } from "./marks-panel";
import { ProposalPanel } from "./proposal-panel";

const OWN = { "mark.put": ["\\"], "mark.none": ["'"], "proposals.show": ["#"], "proposal.accept": [";"] };
const state = {
  bindings: signal(bindingsWith(OWN)),
  notice: signal(null),
  isAskingAi: signal(false),
  areProposalsShown: signal(true),
};
const room = { state } as unknown as Room;
const PROPOSAL = { id: "p", label: "A", probability: 0.5, uncertainty: null, diameter_mm: 5, explanation: "" };
const open = {
  marks: signal([]),
  unrated: signal(undefined),
  refusals: signal(0),
  draft: signal({ noLesionSaid: false, decisions: {} }),
  isReadOnly: signal(false),
  selectedProposal: signal("p"),
} as unknown as OpenCase;

function printed(part: Parameters<typeof render>[0]): string[] {
  const page = document.createElement("div");
  Element.prototype.scrollIntoView = () => undefined;
  render(part, page);
  return [page.querySelector(".quiet-text")?.textContent ?? "", ...[...page.querySelectorAll("kbd")].map((each) => each.textContent)];
}

test("r12: a reader's own keys are printed where the usual ones are", () => {
  expect(printed(<MarksPanel room={room} open={open} />)).toEqual([
    "No marks yet. Point at a lesion and press \\.", "'",
  ]);
  const notAsked = { mode: "on_demand", state: "not_asked" } as unknown as Ai;
  expect(printed(<ProposalPanel room={room} open={open} ai={notAsked} />)[1]).toBe("#");
  const ready = { state: "ready", proposals: [PROPOSAL], decisions: {}, detector: {} } as unknown as Ai;
  expect(printed(<ProposalPanel room={room} open={open} ai={ready} />).slice(1)).toEqual([";", "R", "E"]);
});
