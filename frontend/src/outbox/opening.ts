import { DurableStore } from "./durable";
import { MemoryStore } from "./memory";
import type { OutboxStore } from "./records";

/** The opened store, and whether one with records in it had to be given up. */
export interface Opened {
  store: OutboxStore;
  wasLost: boolean;
}

const MARK = "readerstudy.outbox";

/**
 * Open the outbox. A broken database is thrown away and made anew (it never heals by itself); a
 * browser without one gets a store in memory. Browsers also throw a broken one away by themselves,
 * without a word: one that is new where there was one before was lost, too.
 */
export async function openOutbox(
  open: () => Promise<OutboxStore> = () => DurableStore.open(),
  destroy: () => Promise<void> = () => DurableStore.destroy(),
  notes: Pick<Storage, "getItem" | "setItem"> = localStorage,
): Promise<Opened> {
  const wasThere = notes.getItem(MARK) !== null;
  const opened = await firstOrSecond(open, destroy);
  if (!opened.store.isDurable) return opened;
  notes.setItem(MARK, "made");
  return { ...opened, wasLost: opened.wasLost || (wasThere && opened.store.isNew) };
}

async function firstOrSecond(
  open: () => Promise<OutboxStore>,
  destroy: () => Promise<void>,
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
