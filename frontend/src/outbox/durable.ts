import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from "idb";

import { inOrder, type Holder, type OutboxRecord, type OutboxStore } from "./records";

const NAME = "readerstudy-outbox";
const VERSION = 1;
// Chrome's default since 121 is "relaxed": a power cut could take what we believe to be kept.
const STRICT = { durability: "strict" } as const;

interface Schema extends DBSchema {
  events: { key: string; value: OutboxRecord; indexes: { by_user: string } };
  holders: { key: [string, string]; value: Holder };
  preflight: { key: string; value: number };
}

/** Keeps records in IndexedDB, written through to the disk. */
export class DurableStore implements OutboxStore {
  readonly isDurable = true;

  private constructor(
    private readonly database: IDBPDatabase<Schema>,
    readonly isNew: boolean,
  ) {}

  /**
   * Open the store and try a durable write.
   *
   * @throws whatever IndexedDB throws where it is missing, full or broken.
   */
  static async open(name = NAME): Promise<DurableStore> {
    let isNew = false;
    const database = await openDB<Schema>(name, VERSION, {
      upgrade(fresh) {
        isNew = true;
        fresh.createObjectStore("events", { keyPath: "event_id" }).createIndex("by_user", "user");
        fresh.createObjectStore("holders", { keyPath: ["user", "read"] });
        fresh.createObjectStore("preflight");
      },
      blocking: () => database.close(),
    });
    const trial = database.transaction("preflight", "readwrite", STRICT);
    await trial.store.put(Date.now(), "written");
    await trial.done;
    return new DurableStore(database, isNew);
  }

  /** The store if there is one: none is made or mended here, so that a loss is still noticed. */
  static async existing(name = NAME): Promise<DurableStore | null> {
    try {
      const there = await indexedDB.databases();
      if (!there.some((each) => each.name === name)) return null;
      const database = await openDB<Schema>(name, VERSION, {
        upgrade: (_fresh, _before, _now, change) => change.abort(),
        blocking: () => database.close(),
      });
      return new DurableStore(database, false);
    } catch {
      return null; // missing, broken, or of another version
    }
  }

  /** Throw the store away: one whose files are broken never heals by itself. */
  static async destroy(name = NAME): Promise<void> {
    await deleteDB(name);
  }

  async add(record: OutboxRecord): Promise<void> {
    const change = this.database.transaction("events", "readwrite", STRICT);
    await Promise.all([change.store.put(record), change.done]);
  }

  async remove(eventIds: readonly string[]): Promise<void> {
    const change = this.database.transaction("events", "readwrite", { durability: "relaxed" });
    await Promise.all([...eventIds.map((id) => change.store.delete(id)), change.done]);
  }

  async of(user: string): Promise<OutboxRecord[]> {
    return inOrder(await this.database.getAllFromIndex("events", "by_user", user));
  }

  async setHolder(holder: Holder): Promise<void> {
    await this.database.put("holders", holder);
  }

  async holder(read: string, user: string): Promise<Holder | null> {
    return (await this.database.get("holders", [user, read])) ?? null;
  }

  /** Everybody who has held a read in this browser. */
  async users(): Promise<string[]> {
    const keys = await this.database.getAllKeys("holders");
    return [...new Set(keys.map(([user]) => user))];
  }

  close(): void {
    this.database.close();
  }
}
