/**
 * Stands in for Cornerstone's list of viewports: stacks, and rebuilt planes once they are loaded
 * (`../volumes`). The others (video, electrocardiograms, slides, surfaces, and the next generation
 * of all of them) stay out.
 */
import { Enums, StackViewport, type VolumeViewport } from "@cornerstonejs/core";

type Viewport = typeof StackViewport | typeof VolumeViewport;

const added = new Map<string, Viewport>();

function find(type: string): Viewport | undefined {
  return type === (Enums.ViewportType.STACK as string) ? StackViewport : added.get(type);
}

export function isRegisteredViewportType(type: string): boolean {
  return find(type) !== undefined;
}

export function registerViewportType(named: { type: string; ViewportClass: Viewport }): void {
  added.set(named.type, named.ViewportClass);
}

export function getViewportClassForInput({ type }: { type: string }): Viewport {
  const found = find(type);
  if (!found) throw new Error(`This build shows no viewport of type ${type}.`);
  return found;
}

const viewportTypeToViewportClass: Readonly<Record<string, Viewport>> = {};

export default viewportTypeToViewportClass;
