import { DurableStore } from "./durable";
import { MemoryStore } from "./memory";
import type { OutboxStore } from "./records";

/** The opened store, and whether one with records in it had to be given up. */
export interface Opened {
  store: OutboxStore;
  wasLost: boolean;
}

/**
 * Open the outbox. A broken database is thrown away and made anew (it never heals by itself); a
 * browser without one gets a store in memory.
 */
export async function openOutbox(
  open: () => Promise<OutboxStore> = () => DurableStore.open(),
  destroy: () => Promise<void> = () => DurableStore.destroy(),
): Promise<Opened> {
  try {
    return { store: await open(), wasLost: false };
  } catch {
    return reopen(open, destroy);
  }
}

async function reopen(
  open: () => Promise<OutboxStore>,
  destroy: () => Promise<void>,
): Promise<Opened> {
  try {
    await destroy();
    return { store: await open(), wasLost: true };
  } catch {
    return { store: new MemoryStore(), wasLost: false };
  }
}
