import { effect } from "@preact/signals";

import type { Packet } from "../api/types";
import { MemoryStore } from "../outbox/memory";
import type { Opened } from "../outbox/opening";
import type { OutboxRecord, OutboxStore } from "../outbox/records";
import { Sender, type Setback } from "../outbox/sender";
import type { Ports } from "./ports";
import type { State } from "./state";

const LAST_WORDS_MS = 2_000;

/** How a read came to be open in this tab, when it was open in another one before. */
export type Recovery = "reload" | "crash_recovered" | null;

/** What leaves this browser: the outbox, its sender, and the lease on a read. */
export class Outgoing {
  /** The outbox was broken and had to be made anew. */
  wasLost = false;
  private store: OutboxStore = new MemoryStore();
  private sender: Sender | null = null;
  private user = "";
  private opened: Promise<Opened> | null = null;

  constructor(
    private readonly ports: Ports,
    private readonly state: State,
    private readonly onSetback: (setback: Setback) => void,
  ) {}

  /** Have the outbox opened while it is not yet known whose it is. */
  openStore(): Promise<Opened> {
    this.opened ??= this.ports.openOutbox().catch((error: unknown) => {
      this.opened = null; // so that asking again tries again
      throw error;
    });
    return this.opened;
  }

  /** Open the outbox of a user and send what earlier tabs left, before any read is opened. */
  async open(user: string): Promise<void> {
    const { store, wasLost } = await this.openStore();
    this.user = user;
    this.store = store;
    this.wasLost = wasLost;
    this.state.isDurable.value = store.isDurable;
    this.sender = new Sender(this.ports.api, store, {
      user,
      onState: (state, unsent) => (this.state.saved.value = { state, unsent }),
      onSetback: this.onSetback,
      onUnkept: () => (this.state.isDurable.value = false),
    });
    await this.drain(this.sender);
  }

  put(record: OutboxRecord, isUrgent: boolean): void {
    this.sender?.put(record, isUrgent);
  }

  /** @returns how many events could not be sent. */
  async flush(): Promise<number> {
    await this.sender?.flush();
    return this.sender?.unsent ?? 0;
  }

  tryNow(): void {
    this.sender?.tryNow();
  }

  sendLastWords(): void {
    this.sender?.sendLastWords();
  }

  /**
   * Send what is left before another page is shown, and wait for it, though not long: what is not
   * sent by then goes on being sent, and the next room finds it where this device keeps it.
   */
  async close(): Promise<void> {
    const isSent = this.flush().then((unsent) => {
      if (unsent === 0) void this.opened?.then(({ store }) => store.close(), () => undefined);
    });
    await Promise.race([isSent, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
  }

  /** Remember that this tab has the read, for a tab that comes after a crash. */
  hold(packet: Packet): Promise<void> {
    const { id: read, fence, late_key: lateKey } = packet.read;
    const holder = { read, user: this.user, tab: this.ports.lifeline.tab, fence, lateKey };
    return this.store.setHolder(holder).catch(() => undefined); // only comfort is lost
  }

  /**
   * The packet under a lease of this tab, where that is safe: a tab of this same browser that held
   * the read and is gone has crashed or was reloaded. Else another window may be at work.
   */
  async claim(packet: Packet): Promise<{ packet: Packet; from: Recovery }> {
    const { tab } = this.ports.lifeline;
    const before = await this.store.holder(packet.read.id, this.user);
    if (!before || before.tab === tab) return { packet, from: null };
    const from = this.ports.wasReloaded ? "reload" : "crash_recovered";
    if (!packet.read.read_only) return { packet, from };
    const living = await this.ports.lifeline.living();
    const isOurs = before.fence === packet.read.fence;
    if (!isOurs || living === null || living.has(before.tab)) return { packet, from: null };
    await this.ports.api.takeOver(packet.read.id, tab);
    return { packet: await this.ports.api.packet(packet.read.id, tab), from };
  }

  private async drain(sender: Sender): Promise<void> {
    const { lifeline } = this.ports;
    const living = (await lifeline.living()) ?? new Set([lifeline.tab]);
    const left = (await this.store.of(this.user)).filter((record) => !living.has(record.tab));
    if (left.length === 0) return;
    this.state.phase.value = { name: "draining" };
    sender.adopt(left);
    await sender.flush();
    await this.emptied();
  }

  private emptied(): Promise<void> {
    return new Promise((resolve) => {
      const stop = effect(() => {
        if (this.state.saved.value.unsent > 0) return;
        queueMicrotask(() => {
          stop();
          resolve();
        });
      });
    });
  }
}
