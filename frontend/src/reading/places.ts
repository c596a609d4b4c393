/** The parts of the room in the order in which one key leads through them; each is one landmark. */
const PLACES = ["[data-panes]", ".panel", ".foot", ".bar"] as const;
const REACHED = "button, input, select, textarea, a[href], [tabindex]";

/**
 * Give the keys to the next part of the room, or the one before: to the active pane, or to the first
 * that can be operated. In the pictures Tab goes from pane to pane, so that this is the way out of
 * them (WCAG 2.2, 2.1.2); what is hidden is passed over.
 */
export function goToPlace(step: 1 | -1): void {
  const now = PLACES.findIndex((each) => document.activeElement?.closest(each));
  for (let away = 1; away <= PLACES.length; away += 1) {
    const at = (Math.max(now, 0) + step * away + PLACES.length) % PLACES.length;
    const found = firstIn(PLACES[at] ?? PLACES[0]);
    if (!found) continue;
    found.focus();
    return;
  }
}

function firstIn(place: string): HTMLElement | undefined {
  const active = document.querySelector<HTMLElement>(`${place} .pane.is-active`);
  const all = [...document.querySelectorAll<HTMLElement>(`${place} :is(${REACHED})`)];
  return active ?? all.find((each) => !each.matches(":disabled") && each.checkVisibility({ visibilityProperty: true }));
}
