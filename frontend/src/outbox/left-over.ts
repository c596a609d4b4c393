import type { Api } from "../api/calls";
import { acknowledgedIn, batchOf, firstGroup } from "./batches";
import { DurableStore } from "./durable";

type Store = Pick<DurableStore, "users" | "of" | "holder" | "remove" | "close">;

/**
 * Hand in what windows that are gone had not sent, where their readers' accounts have ended (fault
 * D3). Nobody is signed in: each read's own key, kept beside its records, is all there is. Of a
 * reader who may sign in the server takes nothing; that stays for the reading room.
 *
 * @returns how many events were taken.
 */
export async function handInLeftOver(
  api: Pick<Api, "sendLateEvents">,
  open: () => Promise<Store | null> = () => DurableStore.existing(),
): Promise<number> {
  const store = await open();
  if (store === null) return 0;
  try {
    let taken = 0;
    for (const user of await store.users()) taken += await handIn(api, store, user);
    return taken;
  } finally {
    store.close();
  }
}

async function handIn(
  api: Pick<Api, "sendLateEvents">,
  store: Store,
  user: string,
): Promise<number> {
  let left = await store.of(user);
  let taken = 0;
  for (let group = firstGroup(left); group.length > 0; group = firstGroup(left)) {
    const sent = new Set(group.map((each) => each.event_id));
    left = left.filter((each) => !sent.has(each.event_id));
    const read = (group[0] as (typeof group)[number]).read;
    const key = (await store.holder(read, user))?.lateKey;
    if (key === undefined) continue;
    try {
      const named = acknowledgedIn(await api.sendLateEvents(read, batchOf(group), key));
      await store.remove([...named]);
      taken += named.size;
    } catch {
      // The account has not ended, or more than a day ago, or nobody answers: it stays.
    }
  }
  return taken;
}
