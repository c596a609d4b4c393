/**
 * After a click by the mouse the keys belong to the pictures again; whoever came by the keyboard
 * stays where they are.
 */
export function letGo(event: MouseEvent): void {
  const wasMouse = event.detail > 0;
  if (wasMouse && event.currentTarget instanceof HTMLElement) event.currentTarget.blur();
}
