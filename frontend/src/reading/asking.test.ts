import { describe, expect, test, vi } from "vitest";

import { ApiProblem } from "../api/problem";
import type { Packet } from "../api/types";
import { t } from "../i18n";
import type { OutboxRecord } from "../outbox/records";
import { askForProposals } from "./asking";
import { OpenCase } from "./case";
import type { Ports } from "./ports";
import { Recorder } from "./recorder";
import { Room } from "./room";

const NOT_ASKED = { mode: "on_demand", state: "not_asked" };
const READY = { mode: "on_demand", state: "ready", proposals: [], decisions: {} };

/** A room with an on-demand case that nobody has asked about; `flush` and `packet` are the server. */
function opened() {
  const told: OutboxRecord[] = [];
  const order: string[] = [];
  const flush = vi.fn(() => {
    order.push("flush");
    return Promise.resolve(0);
  });
  const packet = vi.fn((): Promise<unknown> => {
    order.push("packet");
    return Promise.resolve({ ai: READY });
  });
  const signIn = vi.fn(() => Promise.resolve({ id: "rae", reading_room: { keys: {} } }));
  const api = { packet, signIn };
  const ports = { api, lifeline: { tab: "tab" }, streamPack: vi.fn() } as unknown as Ports;
  const room = new Room("study", ports);
  room.outgoing.flush = flush;
  const openCase = (read: string): OpenCase => {
    const draft = { marks: [], measures: [], answers: {}, no_lesion_said: false, last_seq: {} };
    const made = { read: { id: read, read_only: false }, questions: [], draft, ai: NOT_ASKED };
    const clock = { mono_ms: () => 5, wall_ms: () => 1_000 };
    const put = (record: OutboxRecord): void => void told.push(record);
    const recorder = new Recorder({ user: "rae", read, tab: "tab", fence: 1, lastSeq: 0, clock, put });
    const open = new OpenCase(made as unknown as Packet, recorder);
    room.state.openCase.value = open;
    return open;
  };
  const open = openCase("read");
  return { room, open, openCase, flush, packet, order, kinds: () => told.map((each) => each.kind) };
}

const refuse = (status: number, code: string, detail = ""): (() => Promise<never>) =>
  () => Promise.reject(new ApiProblem(status, code, detail));

describe("r6: asking for the proposals", () => {
  test("what was done before is told before; the event is sent before the packet is fetched", async () => {
    const { room, open, order, kinds } = opened();
    room.bursts.add("scroll", { slice: 7 });
    await askForProposals(room);
    expect(kinds()).toEqual(["scroll", "proposals_asked", "proposals_shown"]);
    expect(order).toEqual(["flush", "packet"]);
    expect(open.ai.value).toEqual(READY);
    expect(room.state.areProposalsShown.value).toBe(true);
  });

  test("a second press while the first waits asks nothing more", async () => {
    const { room, packet, kinds } = opened();
    await Promise.all([askForProposals(room), askForProposals(room)]);
    await askForProposals(room);
    expect(packet).toHaveBeenCalledTimes(1);
    expect(kinds()).toEqual(["proposals_asked", "proposals_shown"]);
  });

  test("an answer that comes when another case is open shows nothing there", async () => {
    const { room, openCase, kinds } = opened();
    const asked = askForProposals(room);
    const next = openCase("next");
    room.state.isAskingAi.value = true; // the next case's own question
    await asked;
    expect(next.ai.value).toEqual(NOT_ASKED);
    expect(room.state.areProposalsShown.value).toBe(false);
    expect(room.state.isAskingAi.value).toBe(true);
    expect(kinds()).toEqual(["proposals_asked"]);
  });

  test("taken over or signed during the wait: nothing is shown, and no word of a silent server", async () => {
    const { room, open, flush, packet, kinds } = opened();
    flush.mockImplementation(() => {
      open.isReadOnly.value = true;
      return Promise.resolve(1);
    });
    const ready = (): Promise<unknown> => Promise.resolve({ ai: READY });
    const answers = [() => Promise.resolve({ ai: NOT_ASKED }), ready, refuse(409, "reads.submitted")];
    for (const answer of answers) {
      packet.mockImplementationOnce(answer);
      open.isReadOnly.value = false;
      await askForProposals(room);
      expect(room.state.notice.value).toBeNull();
      expect(room.state.areProposalsShown.value).toBe(false);
      expect(room.state.isAskingAi.value).toBe(false);
    }
    expect(kinds()).toEqual(answers.map(() => "proposals_asked"));
  });

  test("an expired session: after the password it goes on by itself, the event first", async () => {
    const { room, open, packet, order, kinds } = opened();
    packet.mockImplementationOnce(refuse(401, "signed_out"));
    const asked = askForProposals(room);
    await vi.waitFor(() => expect(room.state.needsSignIn.value).toBe(true));
    expect(room.state.notice.value).toBeNull();
    await room.signIn("rae", "secret", "");
    await asked;
    expect(order).toEqual(["flush", "flush", "packet"]);
    expect(open.ai.value).toEqual(READY);
    expect(kinds()).toEqual(["proposals_asked", "proposals_shown"]);
  });

  test("no answer, or the event is not there yet: it may be asked again, and says so", async () => {
    const { room, open, packet } = opened();
    for (const answer of [refuse(0, "network"), refuse(503, "http"), () => Promise.resolve({ ai: NOT_ASKED })]) {
      packet.mockImplementationOnce(answer);
      await askForProposals(room);
      expect(room.state.notice.value).toBe(t("ai.not_reached"));
      expect(open.ai.value).toEqual(NOT_ASKED);
    }
    await askForProposals(room);
    expect(room.state.notice.value).toBeNull();
    expect(open.ai.value).toEqual(READY);
  });

  test("a refusal says what it is: the server's words, or those that stand already", async () => {
    const { room, packet } = opened();
    packet.mockImplementationOnce(refuse(404, "unknown", "There is no such read."));
    await askForProposals(room);
    expect(room.state.notice.value).toBe("There is no such read.");
    room.state.setback.value = "A batch was refused.";
    packet.mockImplementationOnce(() => Promise.resolve({ ai: NOT_ASKED }));
    await askForProposals(room);
    expect(room.state.notice.value).toBeNull();
  });
});
