// @vitest-environment jsdom
import { afterEach, describe, expect, it } from "vitest";

import { keepTyped } from "./typed";

const PAGE = `<form method="post"><input name="other" value="stored"></form>
  <form method="post" id="asked"><input type="hidden" name="csrfmiddlewaretoken" value="token"><input type="hidden" name="reader" value="R01">
  <input name="name" value="stored"><input name="name" value="stored too">
  <input type="checkbox" name="is" value="1">
  <select name="kind"><option>a</option><option>b</option></select><textarea name="why"></textarea></form>`;
const REFUSED = `<div class="alert alert-danger" role="status">No.</div>`;

const field = (selector: string): HTMLInputElement =>
  document.querySelector(`#asked ${selector}`) as HTMLInputElement; // or what has the same members
const values = (): string[] =>
  [...document.querySelectorAll<HTMLInputElement>("#asked [name]")].map(({ value }) => value);

function fillAndSend(page = PAGE): void {
  document.body.innerHTML = page;
  keepTyped();
  field("[name=name]").value = "typed";
  field("[name=is]").checked = true;
  field("select").value = "b";
  field("textarea").value = "because";
  field("textarea").form?.dispatchEvent(new Event("submit", { bubbles: true }));
}

function comeTo(page: string, address = "/"): void {
  history.replaceState(null, "", address);
  document.body.innerHTML = page;
  keepTyped();
}

afterEach(() => {
  history.replaceState(null, "", "/");
  sessionStorage.clear();
});

describe("a form that was refused", () => {
  it("has what was typed again", () => {
    fillAndSend();
    comeTo(REFUSED + PAGE);
    expect(values()).toEqual(["token", "R01", "typed", "stored too", "1", "b", "because"]);
    expect(field("[name=is]").checked).toBe(true);
    expect(document.querySelector<HTMLInputElement>("[name=other]")?.value).toBe("stored");
  });

  it("has what is stored where it was not refused, and later on", () => {
    fillAndSend();
    comeTo(PAGE);
    expect(values()[2]).toBe("stored");
    comeTo(REFUSED + PAGE);
    expect(values()[2]).toBe("stored");
  });

  it("fills no other page's form", () => {
    fillAndSend();
    comeTo(REFUSED + PAGE, "/other/");
    expect(values()[2]).toBe("stored");
  });

  it("fills neither another's form nor one of two that are alike", () => {
    fillAndSend();
    comeTo(REFUSED + PAGE.replace("R01", "R02"));
    expect(values()[2]).toBe("stored");
    fillAndSend();
    comeTo(REFUSED + PAGE + PAGE);
    expect(values()[2]).toBe("stored");
  });

  it.each([
    `<input type="password" name="password">`,
    `<input name="code" autocomplete="one-time-code">`,
  ])("is not kept where it confirms: %s", (secret) => {
    fillAndSend(PAGE.replace("<textarea", `${secret}<textarea`));
    expect(sessionStorage.getItem("typed")).toBeNull();
  });
});
