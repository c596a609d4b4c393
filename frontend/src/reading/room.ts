import { batch } from "@preact/signals";

import { asProblem, type ApiProblem } from "../api/problem";
import type { Packet } from "../api/types";
import { EVENTS_SCHEMA } from "../outbox/records";
import type { Setback } from "../outbox/sender";
import { t } from "../i18n";
import { cameWithProposals } from "./asking";
import { Bursts } from "./bursts";
import { OpenCase } from "./case";
import { DailyCheck } from "./display";
import { askRatings, tellWhole } from "./following";
import { allOf, gone, inHangingOrder } from "./hanging";
import { Loading } from "./loading";
import { followHeat } from "./heat";
import { forgetOutcome, showOutcome } from "./outcome";
import { Outgoing } from "./outgoing";
import { Parts } from "./parts";
import type { Ports } from "./ports";
import { Presence } from "./presence";
import { Recorder } from "./recorder";
import { phaseAfter, wordsOf } from "./refusals";
import { Sitting } from "./sitting";
import { createState, type State } from "./state";
import { Tour } from "./tour";
import { Viewing } from "./viewing";
import { viewingHost } from "./viewing-host";
import { watchPage } from "./watch";
import { viewIn } from "./where";
import { watchWindow } from "./window-size";

/** The reading room: from sign-in to the last case, one after the other, without a page load. */
export class Room {
  readonly state: State = createState();
  readonly loading: Loading;
  readonly tour = new Tour(this);
  readonly parts = new Parts(this);
  readonly bursts = new Bursts((...told) => this.record(...told), () => this.state.openCase.peek()?.settle());
  readonly outgoing: Outgoing;
  private readonly sitting = new Sitting(this);
  private readonly ends: (() => void)[] = [];
  private readonly left = new AbortController();
  private presence: Presence | null = null;
  private hasRendered = false;
  private hasSigned = false;
  private isIn = false;
  private signedIn: (() => void) | null = null;
  private displayAnswered: ((seen: boolean) => void) | null = null;
  private submitKey: string | null = null;

  constructor(
    readonly study: string,
    readonly ports: Ports,
    /** Where the reader's own page is. */
    readonly home = "/reading/",
  ) {
    const renewToken = async (read: string): Promise<string> =>
      (await ports.api.packet(read, this.tab)).token;
    this.loading = new Loading(renewToken, ports.streamPack, ports.line);
    this.outgoing = new Outgoing(ports, this.state, (setback) => this.onSetback(setback));
    this.ends.push(tellWhole(this), askRatings(this));
  }

  get tab(): string {
    return this.ports.lifeline.tab;
  }

  /** Everything a reader does goes through here. */
  readonly record = (kind: string, payload: Readonly<Record<string, unknown>> = {}): void => {
    this.state.openCase.peek()?.record(kind, payload);
  };

  /** Whether the case's clock stands still: on a break, or on the tour. */
  private get isAway(): boolean {
    return this.state.isOnBreak.peek() || this.tour.stop.peek() !== null;
  }

  async start(): Promise<void> {
    this.ports.lifeline.hold();
    this.watch();
    await this.guarded(() => this.enter());
  }

  /**
   * Let go of the page, for another one in its place. What was done is told and sent; what is under
   * way ends where it next waits for an answer.
   */
  async leave(): Promise<void> {
    const { openCase, viewing } = this.state;
    viewing.peek()?.cine.stop();
    this.bursts.flush();
    this.record("hidden"); // as of a page that goes: the time until the case is opened again is a gap (R8)
    openCase.peek()?.recorder.seal();
    this.left.abort();
    this.ends.forEach((end) => end());
    viewing.peek()?.close();
    this.loading.close();
    await this.outgoing.close();
    this.ports.close();
  }

  /** Try again after a refusal that may pass. */
  async retry(): Promise<void> {
    await this.guarded(() => (this.isIn ? this.openNext() : this.enter()));
  }

  /** All that comes before the first case; what was done before a try that failed stays. */
  private async enter(): Promise<void> {
    // On their way while the page's first WebGL context is made; awaited below.
    const knows = this.signedInFor(() => this.ports.api.me());
    knows.catch(() => undefined);
    this.outgoing.openStore().catch(() => undefined);
    const renderer = await this.ports.rendererName();
    if (renderer === null) {
      this.state.phase.value = { name: "refused", words: t("display.no_webgl"), canRetry: false };
      return;
    }
    const { id } = (this.state.me.value = await knows);
    const check = new DailyCheck(id);
    const begins = check.isDone ? this.sitting.begin(renderer, "seen") : null;
    begins?.catch(() => undefined); // awaited below, once what earlier tabs left is sent
    if (begins) this.ports.makeContexts().catch(() => undefined); // the case that opens says what fails
    await this.outgoing.open(id);
    await (begins ?? this.checkDisplay(check, renderer));
    await this.openNext();
  }

  async openNext(): Promise<void> {
    this.left.signal.throwIfAborted();
    this.isIn = true;
    this.state.phase.value = { name: "opening" };
    forgetOutcome(this.state);
    const stage = this.ports.loadStage(); // Cornerstone loads while the server answers
    const opening = this.signedInFor(() =>
      this.ports.api.openNext(this.study, this.sitting.id, this.tab),
    );
    this.loading.fetchFirst();
    const packet = await opening;
    if (this.hasSigned && packet.read.events_schema !== EVENTS_SCHEMA) {
      await this.outgoing.hold(packet); // the page that comes knows that the case is its own
      location.reload(); // the platform was renewed: between two reads, never within one (C15)
      return;
    }
    this.loading.ahead(packet); // the pixels are on their way before Cornerstone is
    const opened = await this.outgoing.claim(packet);
    await this.show(opened.packet, stage, opened.from);
  }

  /** Make this window the one that may write (fault C10). */
  async takeOver(): Promise<void> {
    const read = this.state.openCase.value?.packet.read.id;
    if (read === undefined) return;
    await this.guarded(async () => {
      await this.signedInFor(() => this.ports.api.takeOver(read, this.tab));
      const packet = await this.ports.api.packet(read, this.tab);
      await this.show(packet, this.ports.loadStage(), "take_over");
    });
  }

  /** What the server has against it; null where it has nothing. */
  async signIn(username: string, password: string, code: string): Promise<ApiProblem | null> {
    try {
      const me = await this.ports.api.signIn(username, password, code);
      const before = this.state.me.value;
      if (before && before.id !== me.id) {
        location.reload(); // another person: what is open is not theirs to see (fault C12)
        return null;
      }
      this.state.me.value = me;
      this.state.needsSignIn.value = false;
      this.signedIn?.();
      this.outgoing.tryNow();
      return null;
    } catch (error) {
      return asProblem(error);
    }
  }

  answerDisplayCheck(seen: boolean): void {
    this.displayAnswered?.(seen);
  }

  takeBreak(): void {
    if (this.state.isOnBreak.value || this.state.openCase.value?.isReadOnly.value) return;
    this.bursts.flush();
    this.record("pause");
    this.state.isOnBreak.value = true;
  }

  endBreak(): void {
    this.state.isOnBreak.value = false;
    this.record("resume");
    this.presence?.input();
  }

  /** Sign the open read; the next case follows at once, after a training case the truth does. */
  async submit(password: string): Promise<void> {
    const open = this.state.openCase.value;
    if (!open || this.state.isSubmitting.value) return;
    this.state.isSubmitting.value = true;
    this.state.submitError.value = null;
    try {
      await this.sign(open, password);
    } catch (error) {
      this.state.submitError.value = wordsOf(asProblem(error));
    } finally {
      this.state.isSubmitting.value = false;
    }
  }

  /** Called after a pane has painted: the clock starts when every one has. */
  paneDone(): void {
    const { openCase, viewing } = this.state;
    const views = viewing.value?.views.value ?? []; // null where the picture that hangs has not painted
    if (this.hasRendered || views.includes(null) || openCase.value === null) return;
    this.hasRendered = true;
    this.record("first_render", { panes: views.length, is_window_small: this.state.isWindowSmall.peek() });
    if (cameWithProposals(openCase.value.packet)) this.record("proposals_shown", { at: "open" });
    this.tour.offer();
  }

  private async sign(open: OpenCase, password: string): Promise<void> {
    this.bursts.flush();
    this.record("submit_asked");
    const unsent = await this.outgoing.flush();
    if (unsent > 0) {
      this.state.submitError.value = t("submit.unsent", { count: unsent });
      return;
    }
    this.submitKey ??= crypto.randomUUID(); // the same for every try of this signature (fault A1)
    const { read, meaning } = open.packet;
    const { currentFence: fence, lastSeq: last_seq } = open.recorder;
    const signing = { tab: this.tab, fence, last_seq, password, meaning };
    const key = this.submitKey;
    const done = await this.signedInFor(() => this.ports.api.submit(read.id, signing, key));
    this.submitKey = null;
    this.hasSigned = true;
    open.recorder.seal();
    open.isReadOnly.value = true;
    this.state.dialog.value = null;
    if (!showOutcome(this.state, done)) await this.guarded(() => this.openNext());
  }

  private async checkDisplay(check: DailyCheck, renderer: string): Promise<void> {
    this.state.phase.value = { name: "display" };
    this.ports.loadStage().catch(() => undefined); // ready meanwhile; the case that opens says what fails
    const seen = await new Promise<boolean>((resolve) => (this.displayAnswered = resolve));
    if (seen) check.done();
    await this.sitting.begin(renderer, seen ? "seen" : "not_seen");
  }

  private async show(packet: Packet, stage: ReturnType<Ports["loadStage"]>, from: string | null): Promise<void> {
    this.left.signal.throwIfAborted();
    const ordered = inHangingOrder(packet.series, packet.hanging.roles);
    this.state.began_ms.value = Date.now() - 1000 * packet.session.elapsed_s;
    this.state.sittingLimit_min.value = packet.session.limit_min;
    const before = this.state.openCase.peek()?.packet;
    const open = this.openCase(packet);
    this.note(open, from);
    if (packet.hanging.layout === "planes") await this.ports.loadPlanes(); // its first picture needs it
    this.left.signal.throwIfAborted();
    this.resetFor(packet);
    batch(() => { // at once: what is whole is then this case, and not the one before
      this.loading.begin(packet);
      this.state.openCase.value = open;
    });
    this.state.phase.value = { name: "reading" };
    const viewing = this.state.viewing.value ?? (await this.makeViewing(stage));
    if (before) viewing.stage.forget(gone(allOf(before), allOf(packet)));
    this.hasRendered = false;
    await viewing.open(ordered, packet.hanging, packet.prior);
    await this.loading.settled();
    this.left.signal.throwIfAborted();
    this.parts.fetch();
    void this.prefetch(packet.read.id);
  }

  private openCase(packet: Packet): OpenCase {
    const recorder = new Recorder({
      user: this.state.me.value?.id ?? "",
      read: packet.read.id,
      tab: this.tab,
      fence: packet.read.fence,
      lastSeq: this.lastSeqOf(packet),
      clock: this.ports.clock,
      put: (record, isUrgent) => this.outgoing.put(record, isUrgent),
    });
    return new OpenCase(packet, recorder, () => viewIn(this.state.viewing.peek()));
  }

  /** What this tab has told so far of the read, sent or not. */
  private lastSeqOf(packet: Packet): number {
    const open = this.state.openCase.peek();
    const here = open?.packet.read.id === packet.read.id ? open.recorder.lastSeq : 0;
    return Math.max(packet.draft.last_seq[this.tab] ?? 0, here);
  }

  private note(open: OpenCase, from: string | null): void {
    open.record("load_start", { series: open.packet.series.length });
    if (from === "reload" || from === "crash_recovered") open.record(from);
    if (this.outgoing.wasLost && !open.packet.read.read_only) {
      open.record("outbox_lost", { server_last: this.lastSeqOf(open.packet) });
      this.outgoing.wasLost = false;
    }
    if (!open.packet.read.read_only) void this.outgoing.hold(open.packet);
  }

  private resetFor(packet: Packet): void {
    const { state } = this;
    state.rating.value = null;
    state.notice.value = null;
    state.dialog.value = null;
    state.setback.value = null;
    forgetOutcome(state);
    state.isOnBreak.value = packet.read.state === "paused";
    state.areProposalsShown.value = cameWithProposals(packet);
    state.isAskingAi.value = false;
    this.submitKey = null;
    const limit_ms = packet.read.idle_limit_s * 1000;
    this.presence = new Presence(this.ports.clock, limit_ms, this.record);
  }

  private async makeViewing(stage: ReturnType<Ports["loadStage"]>): Promise<Viewing> {
    const openStage = await stage;
    this.left.signal.throwIfAborted();
    let viewing: Viewing | null = null;
    const made = openStage(this.loading.framesOf, {
      onPaint: (pane, view) => viewing?.painted(pane, view),
      onContext: (state) => {
        this.state.areGraphicsLost.value = true; // also when they are back: the pictures are not
        this.record("tool", { graphics: state });
      },
    });
    viewing = new Viewing(made, viewingHost(this));
    this.state.viewing.value = viewing;
    return viewing;
  }

  private async prefetch(read: string): Promise<void> {
    if (this.loading.hasFailed.value) return;
    try {
      const { series, token } = await this.ports.api.nextImages(read);
      this.left.signal.throwIfAborted();
      this.loading.prefetch(series, token);
    } catch {
      // Only speed is lost: the next case fetches its images when it opens.
    }
  }

  private onSetback(setback: Setback): void {
    const open = this.state.openCase.peek();
    if (setback.kind === "signed_out") {
      this.state.needsSignIn.value = true;
    } else if (setback.read === open?.packet.read.id) {
      if (setback.kind !== "refused") {
        open.recorder.seal();
        open.isReadOnly.value = true;
      }
      if (setback.kind !== "taken_over") this.state.setback.value = setback.words;
    }
  }

  /** Do it; when the session has expired, ask for the password over the case and do it again. */
  async signedInFor<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      try {
        const answer = await call();
        this.left.signal.throwIfAborted();
        return answer;
      } catch (error) {
        if (this.left.signal.aborted || asProblem(error).status !== 401) throw error;
        this.state.needsSignIn.value = true;
        await new Promise<void>((resolve) => (this.signedIn = resolve));
      }
    }
  }

  private async guarded(steps: () => Promise<void>): Promise<void> {
    try {
      await steps();
    } catch (error) {
      if (!this.left.signal.aborted) this.state.phase.value = phaseAfter(error);
    }
  }

  private watch(): void {
    const stopWatching = watchPage({
      record: this.record,
      presence: () => (this.isAway ? null : this.presence),
      settle: () => this.bursts.flush(),
      leaving: () => {
        this.bursts.flush();
        this.outgoing.sendLastWords();
      },
      restored: () => location.reload(),
      online: () => this.outgoing.tryNow(),
    });
    this.ends.push(watchWindow(this), followHeat(this), stopWatching);
  }
}
