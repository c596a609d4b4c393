/**
 * Tells one tab of this browser whether another one still lives: each holds a Web Lock for as long
 * as it exists, and a crash lets go of it. Only for comfort: the server's lease decides.
 */
export class Lifeline {
  /** It no longer lives, though its page does. */
  letGo: () => void = () => undefined;
  private readonly gone = new Promise<void>((resolve) => (this.letGo = resolve));

  constructor(
    readonly tab: string,
    private readonly locks: LockManager | undefined = navigator.locks,
  ) {}

  hold(): void {
    void this.locks?.request(lockOf(this.tab), () => this.gone).catch(() => undefined);
  }

  /** The tabs of this browser that live, this one among them; null when that cannot be known. */
  async living(): Promise<ReadonlySet<string> | null> {
    if (!this.locks) return null;
    const { held = [] } = await this.locks.query();
    const names = held.map((lock) => lock.name ?? "");
    return new Set(names.filter((name) => name.startsWith(PREFIX)).map((n) => n.slice(PREFIX.length)));
  }
}

const PREFIX = "readerstudy-tab-";

function lockOf(tab: string): string {
  return `${PREFIX}${tab}`;
}
