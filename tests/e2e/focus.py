"""R12: what has the keys is seen to have them (WCAG 2.2, 2.4.7 and 2.4.13)."""

from playwright.sync_api import Page

# What keys reach, of the dialog that is open or of the page, and that shows no outline of two
# pixels in the colour of the focus: on itself or, where what follows stands for it, on that.
_UNSEEN = """() => {
  const colour = document.body.appendChild(document.createElement('i'));
  colour.style.color = 'var(--focus)';
  const wanted = getComputedStyle(colour).color;
  colour.remove();
  const what = 'a[href], button, input, select, textarea, summary, [tabindex]';
  const within = document.querySelector('dialog[open]') ?? document;
  const last = document.activeElement;
  const reached = [...within.querySelectorAll(what)].filter((each) => each.tabIndex >= 0
    && !each.disabled && !each.closest('[inert]')
    && each.checkVisibility({ visibilityProperty: true }));
  const isDrawn = (each) => {
    const { width, height } = each.getBoundingClientRect();
    return width >= 8 && height >= 8 && getComputedStyle(each).opacity > 0.5;
  };
  const isRinged = (each) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(each);
    return outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2 && outlineColor === wanted;
  };
  const unseen = reached.flatMap((each) => {
    const drawn = [each, each.nextElementSibling].find((one) => one && isDrawn(one));
    document.activeElement?.blur();
    const before = drawn && isRinged(drawn);
    each.focus();
    const isSeen = document.activeElement === each && drawn && !before && isRinged(drawn);
    return isSeen ? [] : [`no focus seen: ${each.outerHTML.slice(0, 120)}`];
  });
  document.querySelector('[data-testid=pane-0]')?.focus(); // the active pane is the one before
  document.activeElement?.blur();
  last?.focus();
  return reached.length > 1 ? unseen : ['nothing is reached by keys'];
}"""


def unseen(page: Page) -> list[str]:
    """What keys reach on the page, or in the dialog that is open, without being seen there."""
    page.keyboard.press("Shift")  # keys are at work: a mouse leaves no outline
    found: list[str] = page.evaluate(_UNSEEN)
    return found
