// @vitest-environment jsdom
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { followFlow, isAsLoaded, onEachPage } from "./flow";

const MARK = `<meta name="flow" content="/reading/" data-build="one">`;
const WORKLIST = `<html lang="en" data-bs-theme="light"><head>${MARK}<title>My reading</title>
  <link rel="stylesheet" href="/desk.css"><script type="module" src="/desk.js"></script></head>
  <body class="desk"><h1>My reading</h1><a id="go" href="/reading/study/">Continue</a>
  <a id="sum" href="/reading/study/#sum">Sum</a><a id="other" href="/studies/">Studies</a>
  <a id="tab" target="_blank" href="/reading/study/">Continue there</a></body></html>`;
const ROOM = `<html lang="zh-hans"><head>${MARK}<title>Reading room</title>
  <link rel="stylesheet" href="/room.css"><script type="module" src="/room.js"></script></head>
  <body class="room"><div id="reading-room" data-study="study"></div><a id="home" href="/reading/">Home</a></body></html>`;
const START = ROOM.replace(/<body[^]*/, `<body><a id="home" href="/reading/">Home</a><h1>Start</h1><form method="post"><input name="action" value="yes">
  <input name="method" value="no"><button name="skip" value="1">Skip</button></form></body></html>`);

const real = window.location; // what the flow sees of it can go nowhere

interface Answer { html: string; url?: string; fails?: boolean }

/** What the server answers, by address; of each request what it was. */
let answers: Record<string, Answer> = {};
let asked: string[] = [];
let broken = "";
const assign = vi.fn<(address: string) => void>();
const reload = vi.fn();
const begun: string[] = [];

let ending: Promise<void>; // of what was begun on a page
const SLOW = { timeout: 10_000 }; // the document's history moves when it has time
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const element = (selector: string): HTMLElement => document.querySelector(selector) as HTMLElement;
const media = (): Record<string, string> => Object.fromEntries(
  [...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")].map((each) => [each.getAttribute("href") ?? "", each.media]),
);

function click(selector: string, init: MouseEventInit = {}): boolean {
  return element(selector).dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ...init }));
}

function answer(address: string, init: RequestInit = {}): Promise<object> {
  asked.push([init.method ?? "GET", address, init.body instanceof URLSearchParams ? init.body.toString() : ""].join(" ").trim());
  const known = answers[new URL(address, real.href).pathname];
  if (!known || known.fails) return Promise.reject(new TypeError("network"));
  const url = new URL(known.url ?? address, real.href).href;
  return new Promise((resolve, reject) => {
    init.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    setTimeout(() => resolve({ url, redirected: known.url !== undefined, text: () => Promise.resolve(known.html) }), 1);
  });
}

/** jsdom loads nothing: what is put into the head comes, or does not. */
function loads({ addedNodes }: MutationRecord): void {
  for (const each of addedNodes) {
    const address = each instanceof HTMLElement ? (each.getAttribute("href") ?? each.getAttribute("src")) : null;
    if (address !== null) each.dispatchEvent(new Event(address === broken ? "error" : "load"));
  }
}

beforeAll(() => {
  vi.stubGlobal("location", {
    get href() { return real.href; },
    get origin() { return real.origin; },
    get pathname() { return real.pathname; },
    assign,
    reload,
  });
  vi.stubGlobal("scrollTo", vi.fn());
  vi.stubGlobal("fetch", answer);
  new MutationObserver((records) => records.forEach(loads)).observe(document.head, { childList: true });
  history.replaceState(null, "", "/reading/");
  document.documentElement.innerHTML = new DOMParser().parseFromString(WORKLIST, "text/html").documentElement.innerHTML;
  new MutationObserver((records) => records.forEach(loads)).observe(document.head, { childList: true });
  followFlow();
  followFlow(); // as the scripts of a second page do
  onEachPage(() => {
    const name = document.title;
    begun.push(`+${name}`);
    return () => {
      begun.push(`-${name}`);
      return ending;
    };
  });
});
beforeEach(async () => {
  answers = { "/reading/": { html: WORKLIST }, "/reading/study/": { html: ROOM }, "/reading/study/start/": { html: START } };
  broken = "";
  ending = Promise.resolve();
  if (document.title !== "My reading") click("#home");
  await settle();
  asked = [];
  begun.length = 0;
  vi.clearAllMocks();
});

describe("a link of the flow", () => {
  test("has the other page in this one's place: what it shows, how it looks, who is told", async () => {
    expect(click("#go")).toBe(false);
    expect(document.documentElement.dataset.going).toBe("");
    await settle();
    expect(asked).toEqual(["GET http://localhost:3000/reading/study/"]);
    expect(real.pathname).toBe("/reading/study/");
    expect([document.title, document.documentElement.lang, document.body.className]).toEqual(["Reading room", "zh-hans", "room"]);
    expect(document.documentElement.getAttributeNames()).toEqual(["lang"]);
    expect(media()).toEqual({ "/desk.css": "not all", "/room.css": "" });
    expect(document.activeElement?.id).toBe("reading-room");
    expect(begun).toEqual(["-My reading", "+Reading room"]);
    expect(isAsLoaded()).toBe(false);
  });

  test("leads there and back as often as one likes; scripts and styles come once", async () => {
    for (const selector of ["#go", "#home", "#go", "#home"]) {
      click(selector);
      await settle();
    }
    expect(asked).toHaveLength(4);
    expect(media()).toEqual({ "/desk.css": "", "/room.css": "not all" });
    expect([...document.querySelectorAll("script")].map((each) => each.getAttribute("src"))).toEqual(["/desk.js", "/room.js"]);
    expect(document.activeElement?.textContent).toBe("My reading");
    expect(begun.filter((each) => each === "+Reading room")).toHaveLength(2);
    expect(begun.filter((each) => each === "-Reading room")).toHaveLength(2);
  });

  test("waits for the page that is being left, and so does a step that is asked for meanwhile", async () => {
    let free = (): void => undefined;
    ending = new Promise((resolve) => (free = resolve));
    for (let time = 0; time < 2; time += 1) {
      click("#go");
      await settle();
      expect([document.title, begun]).toEqual(["My reading", ["-My reading"]]);
    }
    free();
    await settle();
    expect([document.title, begun]).toEqual(["Reading room", ["-My reading", "+Reading room"]]);
  });

  test.each<[string, string, MouseEventInit]>([
    ["another tab's", "#tab", {}],
    ["one with Ctrl", "#go", { ctrlKey: true }],
    ["one with Shift", "#go", { shiftKey: true }],
    ["one of the middle button", "#go", { button: 1 }],
    ["one to elsewhere", "#other", {}],
    ["one to a place on a page", "#sum", {}],
  ])("is left to the browser: %s", async (_name, selector, init) => {
    expect(click(selector, init)).toBe(true);
    await settle();
    expect([asked, begun]).toEqual([[], []]);
  });

  test("that is clicked last is the one that is followed", async () => {
    answers["/reading/second/"] = { html: START };
    click("#go");
    element("#go").setAttribute("href", "/reading/second/");
    click("#go");
    await settle();
    expect([document.title, real.pathname, begun]).toEqual(["Reading room", "/reading/second/", ["-My reading", "+Reading room"]]);
  });
});

describe("what cannot be followed is gone to", () => {
  test.each<[string, Answer, string]>([
    ["a sign-in that has expired", { html: "<h1>Sign in</h1>", url: "/sign-in/?next=/reading/study/" }, "http://localhost:3000/sign-in/?next=/reading/study/"],
    ["a refusal", { html: "<h1>No</h1>" }, "http://localhost:3000/reading/study/"],
    ["a page of another build", { html: ROOM.replace("one", "two") }, "http://localhost:3000/reading/study/"],
    ["a cut line", { html: "", fails: true }, "http://localhost:3000/reading/study/"],
  ])("%s", async (_name, given, to) => {
    answers["/reading/study/"] = given;
    click("#go");
    await settle();
    expect(assign.mock.calls).toEqual([[to]]);
    expect([document.title, begun, real.pathname]).toEqual(["My reading", [], "/reading/"]);
    expect(document.documentElement.dataset.going).toBeUndefined();
  });

  test("a page of which a part does not come", async () => {
    broken = "/start.css";
    answers["/reading/study/"] = { html: ROOM.replace("/room.css", broken) };
    click("#go");
    await settle();
    expect(assign).toHaveBeenCalledOnce();
    broken = "/start.js";
    answers["/reading/study/"] = { html: ROOM.replace("/room.js", broken) };
    click("#go");
    await settle();
    expect(reload).toHaveBeenCalledOnce(); // at the page's own address
  });
});

describe("a form of the flow", () => {
  beforeEach(async () => {
    element("#go").setAttribute("href", "/reading/study/start/");
    click("#go");
    await settle();
    asked = [];
  });
  const send = (): void => element("form").dispatchEvent(
    new SubmitEvent("submit", { bubbles: true, cancelable: true, submitter: element("button") }),
  ) as unknown as void;

  test("is sent once, with its button, to its own address, and the answer takes its place", async () => {
    answers["/reading/study/start/"] = { html: ROOM, url: "/reading/study/" };
    send();
    send();
    await settle();
    expect(asked).toEqual(["POST http://localhost:3000/reading/study/start/ action=yes&method=no&skip=1"]);
    expect([document.title, real.pathname]).toEqual(["Reading room", "/reading/study/"]);
  });

  test("that was refused shows so, as the server has it", async () => {
    answers["/reading/study/start/"] = { html: START.replace("Start", "Answer first") };
    send();
    await settle();
    expect([element("h1").textContent, real.pathname]).toEqual(["Answer first", "/reading/study/start/"]);
  });

  test.each<[string, Answer, number, number]>([
    ["without an answer the browser sends it", { html: "", fails: true }, 1, 0],
    ["what was taken, and led away, is not sent again", { html: "", url: "/sign-in/" }, 0, 1],
    ["nor where the page that comes has no looks", { html: ROOM.replace("/room.css", "/gone.css"), url: "/reading/study/" }, 0, 1],
  ])("%s", async (_name, given, sentAway, gone) => {
    broken = "/gone.css";
    answers["/reading/study/start/"] = given;
    const submit = vi.spyOn(HTMLFormElement.prototype, "requestSubmit").mockImplementation(send);
    send();
    await settle();
    expect([submit.mock.calls.length, assign.mock.calls.length, asked.length]).toEqual([sentAway, gone, 1]);
  });
});

describe("the browser's history", () => {
  test("Back shows the page anew, and adds nothing", async () => {
    click("#go");
    await settle();
    const { length } = history;
    history.back();
    await vi.waitFor(() => expect([document.title, real.pathname]).toEqual(["My reading", "/reading/"]), SLOW);
    expect(history.length).toBe(length);
    expect(asked.at(-1)).toBe("GET http://localhost:3000/reading/");
  });

  test("Back and Forward at once leave the page that is shown as it is", async () => {
    click("#go");
    await settle();
    begun.length = 0;
    for (const place of ["/reading/", "/reading/study/"]) {
      history.replaceState(null, "", place);
      dispatchEvent(new PopStateEvent("popstate"));
    }
    await settle();
    expect([document.title, real.pathname, begun]).toEqual(["Reading room", "/reading/study/", []]);
  });

  test("Forward, once Back has begun to leave, comes back", async () => {
    click("#go");
    await settle();
    let free = (): void => undefined;
    ending = new Promise((resolve) => (free = resolve));
    history.replaceState(null, "", "/reading/");
    dispatchEvent(new PopStateEvent("popstate"));
    await settle();
    history.replaceState(null, "", "/reading/study/");
    dispatchEvent(new PopStateEvent("popstate"));
    begun.length = 0;
    free();
    await settle();
    await settle();
    expect([document.title, real.pathname, begun]).toEqual(["Reading room", "/reading/study/", ["+Reading room"]]);
  });

  test("without an answer it is loaded as the browser would", async () => {
    click("#go");
    await settle();
    answers["/reading/"] = { html: "", fails: true };
    history.back();
    await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce(), SLOW);
  });

  test("a place on the page is no other page", async () => {
    history.pushState(null, "", "#content");
    dispatchEvent(new PopStateEvent("popstate"));
    await settle();
    expect(asked).toEqual([]);
    history.replaceState(null, "", real.pathname);
  });
});
