import { Api } from "../api/calls";
import { Client } from "../api/client";

/**
 * On the page that says that nobody was signed in: hand in what ended accounts' windows left (D3).
 * Not before: who may sign in has a room that sends, and that asks its database first.
 */
export function handInOnRefusal(): void {
  if (document.querySelector("[data-hand-in]") === null) return;
  void import("../outbox/left-over").then(async ({ handInLeftOver }) => {
    const taken = await handInLeftOver(new Api(new Client()));
    document.documentElement.dataset.handedIn = String(taken); // for browser tests
  });
}
