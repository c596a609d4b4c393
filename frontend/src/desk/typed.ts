/**
 * What was typed into a form that was refused stands in it again.
 *
 * A refusal leads back to the form's page, which shows what is stored. The browser keeps what was
 * sent until then, in this tab alone; nothing of a form that confirms by a password or a code.
 */
const KEPT = "typed";
const UNTYPED = new Set(["password", "file", "hidden", "submit", "button"]);
const CONFIRMS = "input[type=password], [autocomplete=one-time-code]";

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

interface Typed {
  page: string;
  /** Which form it was: where it leads, and what its hidden fields say it is about. */
  form: string;
  values: readonly (readonly [name: string, at: number, value: string, isChecked: boolean])[];
}

/** Begin to keep what forms send, and put back what the last one sent if it was refused. */
export function keepTyped(storage: Storage = sessionStorage): void {
  const kept = storage.getItem(KEPT);
  storage.removeItem(KEPT);
  if (kept !== null && document.querySelector(".alert-danger[role]") !== null) putBack(kept);
  document.addEventListener("submit", ({ target }) => {
    if (!(target instanceof HTMLFormElement) || target.method !== "post") return;
    // A page of the reader's flow shows by itself what was sent, and none is loaded after it.
    if (target.querySelector(CONFIRMS) !== null || document.querySelector("meta[name=flow]")) return;
    storage.setItem(KEPT, JSON.stringify(typedIn(target)));
  });
}

function typedIn(form: HTMLFormElement): Typed {
  const values = placed(form).map(
    ([field, at]) => [field.name, at, field.value, isChecked(field)] as const,
  );
  return { page: location.pathname, form: identity(form), values };
}

/** Nothing where the form is no longer there, or is not the only one of its kind. */
function putBack(kept: string): void {
  const typed = JSON.parse(kept) as Typed;
  const alike = [...document.querySelectorAll("form")].filter((each) => identity(each) === typed.form);
  const [form] = alike;
  if (typed.page !== location.pathname || !form || alike.length > 1) return;
  const fields = new Map(placed(form).map(([field, at]) => [`${field.name} ${at}`, field]));
  for (const [name, at, value, wasChecked] of typed.values) {
    const field = fields.get(`${name} ${at}`);
    if (!field || field.disabled) continue;
    if (isChoice(field)) field.checked = wasChecked;
    else if (!(field instanceof HTMLSelectElement) || has(field, value)) field.value = value;
  }
}

/** Where a form leads and what it is about: forms of a list differ in it, whatever their order. */
function identity(form: HTMLFormElement): string {
  const hidden = [...form.querySelectorAll<HTMLInputElement>("input[type=hidden]")]
    .filter(({ name }) => name !== "csrfmiddlewaretoken")
    .map(({ name, value }) => [name, value]);
  const names = placed(form).map(([{ name }]) => name);
  return JSON.stringify([form.getAttribute("action") ?? "", hidden, [...new Set(names)]]);
}

/** The fields that a person fills, each with its place among those of its name. */
function placed(form: HTMLFormElement): [Field, number][] {
  const seen = new Map<string, number>();
  const fields = [...form.elements].filter(
    (each): each is Field => isField(each) && each.name !== "" && !UNTYPED.has(each.type),
  );
  return fields.map((field) => {
    const at = seen.get(field.name) ?? 0;
    seen.set(field.name, at + 1);
    return [field, at];
  });
}

function isField(element: Element): element is Field {
  return (
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  );
}

function isChoice(field: Field): field is HTMLInputElement {
  return field.type === "checkbox" || field.type === "radio";
}

function isChecked(field: Field): boolean {
  return isChoice(field) && field.checked;
}

function has(select: HTMLSelectElement, value: string): boolean {
  return [...select.options].some((each) => each.value === value);
}
