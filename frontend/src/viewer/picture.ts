/** Resolves when what has been asked to be painted is. */
export function aPicture(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}
