import { inOrder, type Holder, type OutboxRecord, type OutboxStore } from "./records";

/** A store for browsers that can keep nothing (private mode, full disk): it dies with the tab. */
export class MemoryStore implements OutboxStore {
  readonly isDurable = false;
  readonly isNew = true;
  private readonly records = new Map<string, OutboxRecord>();
  private readonly holders = new Map<string, Holder>();

  add(record: OutboxRecord): Promise<void> {
    this.records.set(record.event_id, record);
    return Promise.resolve();
  }

  remove(eventIds: readonly string[]): Promise<void> {
    eventIds.forEach((id) => this.records.delete(id));
    return Promise.resolve();
  }

  of(user: string): Promise<OutboxRecord[]> {
    return Promise.resolve(inOrder([...this.records.values()].filter((r) => r.user === user)));
  }

  setHolder(holder: Holder): Promise<void> {
    this.holders.set(`${holder.user} ${holder.read}`, holder);
    return Promise.resolve();
  }

  holder(read: string, user: string): Promise<Holder | null> {
    return Promise.resolve(this.holders.get(`${user} ${read}`) ?? null);
  }

  close(): void {
    // It goes with whoever has it.
  }
}
