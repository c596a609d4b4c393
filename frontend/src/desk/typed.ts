/**
 * What was typed into a form that was refused stands in it again.
 *
 * A refusal leads back to the form's page, which shows what is stored. The browser keeps what was
 * sent until then, in this tab alone; never a password, a signed token or a file.
 */
const KEPT = "typed";
const PRIVATE = new Set(["password", "file", "hidden", "submit", "button"]);

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

interface Typed {
  page: string;
  /** The form's place among the page's forms, and each field's value by name and place. */
  form: number;
  values: readonly [name: string, at: number, value: string, isChecked: boolean][];
}

/** Begin to keep what forms send, and put back what the last one sent if it was refused. */
export function keepTyped(storage: Storage = sessionStorage): void {
  const kept = storage.getItem(KEPT);
  storage.removeItem(KEPT);
  if (kept !== null && document.querySelector(".alert-danger[role]") !== null) putBack(kept);
  document.addEventListener("submit", ({ target }) => {
    if (!(target instanceof HTMLFormElement) || target.method !== "post") return;
    storage.setItem(KEPT, JSON.stringify(typedIn(target)));
  });
}

function typedIn(form: HTMLFormElement): Typed {
  const values = placed(form).map(
    ([field, at]) => [field.name, at, field.value, isChecked(field)] as const,
  );
  return {
    page: location.pathname,
    form: forms().indexOf(form),
    values: values as unknown as Typed["values"],
  };
}

function putBack(kept: string): void {
  const typed = JSON.parse(kept) as Typed;
  const form = forms()[typed.form];
  if (typed.page !== location.pathname || !form) return;
  const fields = new Map(placed(form).map(([field, at]) => [`${field.name} ${at}`, field]));
  for (const [name, at, value, wasChecked] of typed.values) {
    const field = fields.get(`${name} ${at}`);
    if (!field || field.disabled) continue;
    if (field instanceof HTMLInputElement && isChoice(field)) field.checked = wasChecked;
    else field.value = value;
  }
}

function forms(): HTMLFormElement[] {
  return [...document.querySelectorAll("form")];
}

/** The fields that a person fills, each with its place among those of its name. */
function placed(form: HTMLFormElement): [Field, number][] {
  const seen = new Map<string, number>();
  const fields = [...form.elements].filter(
    (each): each is Field => isField(each) && each.name !== "" && !PRIVATE.has(each.type),
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

function isChoice(field: Field): boolean {
  return field.type === "checkbox" || field.type === "radio";
}

function isChecked(field: Field): boolean {
  return field instanceof HTMLInputElement && field.checked;
}
