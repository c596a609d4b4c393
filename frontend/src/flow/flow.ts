/**
 * Goes from page to page of a reader (worklist, start of a session, room) within one document.
 *
 * The pages stay whole ones of the server: each has an address, can be loaded, and says that it is
 * of the flow (`{% flow %}`). What cannot be followed here (another build, an expired sign-in, a
 * refusal, no answer) the browser does as it would have done.
 */
import { Elsewhere, fetchPage, flowOf, loadSheets, runScripts, show } from "./page";

/** Ends what was begun on a page; the next page waits for it. */
type End = () => Promise<void>;
type Begin = () => End | undefined;

interface Step {
  address: string;
  /** The form that is sent, and the button that sends it. */
  form?: HTMLFormElement;
  by?: HTMLElement | null;
  /** The browser's history has gone there already. */
  isBack?: boolean;
}

/** A step that is being taken. */
interface Going {
  step: Step;
  stop: AbortController;
  /** Whether the page that is shown is being ended for it. */
  isLeaving: boolean;
}

const begins: Begin[] = [];
let ends: End[] = [];
let shown = placeOf(location.href);
let hasTurned = false;
let going: Going | null = null;
let leaving: Promise<unknown> = Promise.resolve();
let isGivenUp = false;

/** Do something on the page that is shown, and on each that takes its place; what it returns ends it. */
export function onEachPage(begin: Begin): void {
  begins.push(begin);
  start(begin);
}

/** Whether the page that is shown is the one that the browser has loaded. */
export function isAsLoaded(): boolean {
  return !hasTurned;
}

/** Follow the links and forms of the flow's pages, and the browser's history; asked again, it does nothing. */
export function followFlow(): void {
  document.addEventListener("click", clicked);
  document.addEventListener("submit", sent);
  addEventListener("popstate", wentBack);
}

function wentBack(): void {
  if (!flowOf(document)) return;
  const isHere = placeOf(location.href) === shown;
  if (!isHere || going?.isLeaving) void go({ address: location.href, isBack: true });
  else if (going?.step.isBack) going.stop.abort(); // back and forth: what is shown was not left yet
}

function clicked(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
  const isOther = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (!link || isOther || event.defaultPrevented || link.target !== "" || link.hasAttribute("download")) return;
  if (!isOfFlow(link.href) || link.hash !== "") return;
  event.preventDefault();
  void go({ address: link.href });
}

function sent(event: SubmitEvent): void {
  const form = event.target;
  if (event.defaultPrevented || isGivenUp || !(form instanceof HTMLFormElement)) return;
  // By attributes: a question's field may be called "action" or "method".
  const address = new URL(form.getAttribute("action") ?? "", location.href).href;
  if (form.getAttribute("method") !== "post" || !isOfFlow(address)) return;
  event.preventDefault();
  if (!going?.step.form) void go({ address, form, by: event.submitter });
}

function isOfFlow(address: string): boolean {
  const flow = flowOf(document);
  const { origin, pathname } = new URL(address);
  return flow !== null && origin === location.origin && pathname.startsWith(flow.root);
}

/** The last step that was asked for is the one that is taken. */
async function go(step: Step): Promise<void> {
  going?.stop.abort();
  const mine = { step, stop: new AbortController(), isLeaving: false };
  going = mine;
  document.documentElement.dataset.going = "";
  try {
    await turn(mine);
  } catch (error) {
    if (!mine.stop.signal.aborted) giveUp(step, error);
  } finally {
    if (going === mine) {
      going = null;
      delete document.documentElement.dataset.going;
    }
  }
}

async function turn(mine: Going): Promise<void> {
  const { address, form, by, isBack = false } = mine.step;
  const { signal } = mine.stop;
  const filledIn = form ? new FormData(form, by) : null;
  const next = await fetchPage(address, filledIn, signal);
  await loadSheets(next.page).catch(() => {
    throw new Elsewhere(next.address); // what a form sent has been taken: it is not sent again
  });
  signal.throwIfAborted();
  mine.isLeaving = true;
  await leave();
  signal.throwIfAborted();
  if (next.address !== location.href) {
    if (isBack) history.replaceState(null, "", next.address);
    else history.pushState(null, "", next.address);
  }
  shown = placeOf(next.address);
  hasTurned = true;
  show(next.page);
  begins.forEach(start);
  await runScripts(next.page).catch(() => location.reload()); // it has the page's own address by now
}

function start(begin: Begin): void {
  const end = begin();
  if (end) ends.push(end);
}

/** End what was begun on the page that is shown; a step that is asked for meanwhile waits for it, too. */
function leave(): Promise<unknown> {
  const ended = ends.map((end) => end());
  ends = [];
  leaving = Promise.allSettled([leaving, ...ended]);
  return leaving;
}

/** As the browser would have gone by itself. */
function giveUp({ address, form, by, isBack }: Step, error: unknown): void {
  const other = error instanceof Elsewhere ? error.address : null;
  if (other !== null) location.assign(other);
  else if (form) sendAway(form, by);
  else if (isBack) location.reload();
  else location.assign(address);
}

function sendAway(form: HTMLFormElement, by?: HTMLElement | null): void {
  isGivenUp = true;
  HTMLFormElement.prototype.requestSubmit.call(form, by);
  isGivenUp = false;
}

/** An address without its place on the page. */
function placeOf(address: string): string {
  const { pathname, search } = new URL(address);
  return pathname + search;
}
