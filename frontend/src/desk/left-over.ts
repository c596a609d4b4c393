import { Api } from "../api/calls";
import { Client } from "../api/client";

/** On the page where nobody is signed in yet: hand in what ended accounts' windows left (D3). */
export function handInOnSignIn(): void {
  if (document.querySelector("[data-hand-in]") === null) return;
  void import("../outbox/left-over").then(async ({ handInLeftOver }) => {
    const taken = await handInLeftOver(new Api(new Client()));
    document.documentElement.dataset.handedIn = String(taken); // for browser tests
  });
}
