/** A page of the flow: how it is fetched, and how it takes the place of the one that is shown. */

const OFF = "not all"; // media that no screen is: a style sheet that is loaded, and rests

/** An answer that does not belong in this document: the browser has to go there itself. */
export class Elsewhere extends Error {
  /** @param address Where the server led to instead; null: nowhere else. */
  constructor(readonly address: string | null) {
    super("This page is none of the flow.");
  }
}

/** A page as it came, and the address that it is of. */
export interface Fetched {
  page: Document;
  address: string;
}

/** What the shown page says of its flow: the folder of its pages, and which build they are of. */
export function flowOf(page: Document): { root: string; build: string } | null {
  const mark = page.querySelector<HTMLMetaElement>("meta[name=flow]");
  return mark && { root: mark.content, build: mark.dataset.build ?? "" };
}

/**
 * Ask for a page of the flow.
 *
 * @param filledIn What a form sends; null: the page is only asked for.
 * @throws Elsewhere for a page that is none of it (sign-in, a refusal) or of another build, and what
 *   `fetch` throws.
 */
export async function fetchPage(
  address: string,
  filledIn: FormData | null,
  signal: AbortSignal,
): Promise<Fetched> {
  // As a form without files sends it.
  const body = filledIn && new URLSearchParams([...filledIn].map(([key, value]) => [key, value as string]));
  const headers = { Accept: "text/html" };
  const response = await fetch(address, { method: body ? "POST" : "GET", body, headers, signal });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const isOurs = flowOf(page)?.build === flowOf(document)?.build; // scripts of two builds do not mix
  if (!flowOf(page) || !isOurs) throw new Elsewhere(response.redirected ? response.url : null);
  return { page, address: response.url };
}

/** Load the style sheets of a page that is not shown yet; rejects where one does not come. */
export async function loadSheets(page: Document): Promise<void> {
  const here = new Set(sheetsOf(document).map(addressOf));
  const missing = sheetsOf(page).map(addressOf).filter((each) => !here.has(each));
  await Promise.all(missing.map((href) => come(Object.assign(
    document.createElement("link"), { rel: "stylesheet", media: OFF, href },
  ))));
}

/** Put a page in the place of the one that is shown: what is in it, how it looks, what it is called. */
export function show(page: Document): void {
  const wanted = new Set(sheetsOf(page).map(addressOf));
  for (const sheet of sheetsOf(document)) sheet.media = wanted.has(addressOf(sheet)) ? "" : OFF;
  takeAttributes(document.documentElement, page.documentElement);
  takeAttributes(document.body, page.body);
  document.title = page.title;
  document.body.replaceChildren(...page.body.childNodes);
  scrollTo(0, 0);
  focusOn(document.querySelector("h1, #reading-room"));
}

/** Run the scripts of a page that have not run in this document; rejects where one does not come. */
export async function runScripts(page: Document): Promise<void> {
  const here = new Set(scriptsOf(document));
  const missing = scriptsOf(page).filter((each) => !here.has(each));
  await Promise.all(missing.map((src) => come(Object.assign(
    document.createElement("script"), { type: "module", src },
  ))));
}

function sheetsOf(page: Document): HTMLLinkElement[] {
  return [...page.head.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")];
}

function addressOf(link: HTMLLinkElement): string {
  return link.getAttribute("href") ?? "";
}

function scriptsOf(page: Document): string[] {
  return [...page.head.querySelectorAll("script[src]")].map((each) => each.getAttribute("src") ?? "");
}

/** Have the browser fetch what an element of the head names; one that fails is not left there. */
function come(element: HTMLElement): Promise<void> {
  return new Promise((resolve, reject) => {
    element.onload = () => resolve();
    element.onerror = () => {
      element.remove();
      reject(new Error("A part of the page did not come."));
    };
    document.head.append(element);
  });
}

function takeAttributes(to: Element, from: Element): void {
  for (const name of to.getAttributeNames()) {
    if (!from.hasAttribute(name)) to.removeAttribute(name);
  }
  for (const { name, value } of from.attributes) to.setAttribute(name, value);
}

/** Whoever cannot see that the page is another one hears what it is, and goes on from there. */
function focusOn(start: HTMLElement | null): void {
  if (!start) return;
  start.tabIndex = -1;
  start.focus({ preventScroll: true });
}
