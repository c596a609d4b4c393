/**
 * A scale shows no place on it before it is answered, as in the reading room: one would suggest an
 * answer. Pressing its middle changes nothing for the browser, yet answers.
 */
export function hideUnanswered(page: Document = document): void {
  for (const kind of ["input", "pointerdown"]) {
    page.addEventListener(kind, ({ target }) => {
      if (target instanceof HTMLInputElement) target.classList.remove("is-unanswered");
    });
  }
}
