/**
 * Stands in for Cornerstone's list of viewports: stacks and rebuilt planes. The others (video,
 * electrocardiograms, slides, surfaces, and the next generation of all of them) stay out.
 */
import { Enums, StackViewport, VolumeViewport } from "@cornerstonejs/core";

type Viewport = typeof StackViewport | typeof VolumeViewport;

function listed(): Readonly<Record<string, Viewport>> {
  const { STACK, ORTHOGRAPHIC } = Enums.ViewportType;
  return { [STACK]: StackViewport, [ORTHOGRAPHIC]: VolumeViewport };
}

export function isRegisteredViewportType(type: string): boolean {
  return type in listed();
}

export function registerViewportType({ type }: { type: string }): never {
  throw new Error(`This build shows no viewport of type ${type}.`);
}

export function getViewportClassForInput({ type }: { type: string }): Viewport {
  const found = listed()[type];
  if (!found) throw new Error(`This build shows no viewport of type ${type}.`);
  return found;
}

const viewportTypeToViewportClass: Readonly<Record<string, Viewport>> = {};

export default viewportTypeToViewportClass;
