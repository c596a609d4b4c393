import type { PackEncoding } from "../packs/line";
import type { Client } from "./client";
import type {
  Display,
  HeatMaps,
  Known,
  Me,
  NextImages,
  Packet,
  ReadEvent,
  ReadingRoomSettings,
  Receipt,
  Sitting,
  Submitted,
} from "./types";

export interface EventBatch {
  tab: string;
  fence: number;
  schema: number;
  events: readonly ReadEvent[];
}

export interface Signing {
  tab: string;
  fence: number;
  last_seq: number;
  password: string;
  meaning: string;
}

/** The calls of docs/architecture.md, one function each. */
export class Api {
  constructor(readonly client: Client) {}

  async me(): Promise<Me> {
    return this.keepToken(await this.client.get<Me>("/api/me"));
  }

  async signIn(username: string, password: string, code: string): Promise<Me> {
    const body = { username, password, code };
    return this.keepToken(await this.client.post<Me>("/api/sign-in", { body }));
  }

  setReadingRoom(settings: ReadingRoomSettings): Promise<ReadingRoomSettings> {
    return this.client.post("/api/me/reading-room", { body: settings });
  }

  /** Keep the language with the user: their pages, here and on other machines, are in it too. */
  async setLanguage(language: "en" | "zh-hans"): Promise<void> {
    await this.client.post("/api/me/language", { body: { language } });
  }

  startSession(study: string, display: Display): Promise<Sitting> {
    return this.client.post(`/api/studies/${study}/sessions`, { body: { display } });
  }

  openNext(study: string, session: string | null, tab: string): Promise<Packet> {
    return this.client.post(`/api/studies/${study}/reads`, { body: { session_id: session, tab } });
  }

  packet(read: string, tab: string): Promise<Packet> {
    return this.client.get(`/api/reads/${read}?tab=${tab}`);
  }

  async takeOver(read: string, tab: string): Promise<number> {
    const path = `/api/reads/${read}/take-over`;
    return (await this.client.post<{ fence: number }>(path, { body: { tab } })).fence;
  }

  sendEvents(read: string, batch: EventBatch, keepalive = false): Promise<Receipt> {
    return this.client.post(`/api/reads/${read}/events`, { body: batch, keepalive });
  }

  /** What could not be sent before the account ended: needs no session, only the read's key. */
  sendLateEvents(read: string, batch: EventBatch, late_key: string): Promise<Receipt> {
    return this.client.post(`/api/reads/${read}/late-events`, { body: { ...batch, late_key } });
  }

  submit(read: string, signing: Signing, key: string): Promise<Submitted> {
    const headers = { "Idempotency-Key": key };
    return this.client.post(`/api/reads/${read}/submit`, { body: signing, headers });
  }

  nextImages(read: string): Promise<NextImages> {
    return this.client.get(`/api/reads/${read}/next-images`);
  }

  heatMaps(read: string): Promise<{ heat_maps: HeatMaps }> {
    return this.client.get(`/api/reads/${read}/heat-maps`);
  }

  knownLesions(read: string): Promise<Known> {
    return this.client.get(`/api/reads/${read}/known-lesions`);
  }

  async reportProblem(read: string, words: string): Promise<void> {
    await this.client.post(`/api/reads/${read}/problem`, { body: { words } });
  }

  private keepToken(me: Me): Me {
    this.client.csrfToken = me.csrf_token;
    return me;
  }
}

export function packAddress(token: string, series: string, encoding: PackEncoding): string {
  return `/imaging/${token}/series/${series}/pack?encoding=${encoding}`;
}
