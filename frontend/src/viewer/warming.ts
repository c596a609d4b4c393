import type { RenderingEngine } from "@cornerstonejs/core";

/** Where an engine keeps the contexts that it paints with: it has no door to them. */
interface Inside {
  _implementation: { contextPool: { getContextByIndex: (at: number) => { context: Made } } };
}
interface Made {
  getOpenGLRenderWindow: () => { get3DContext: () => RenderingContext };
}

const NAME_LENGTH = 200; // as much of it as the server keeps

/** One of an engine's WebGL contexts, made now if it is not yet (`frontend/contexts.ts`). */
export function contextOf(engine: RenderingEngine, at: number): RenderingContext {
  const { contextPool } = (engine as unknown as Inside)._implementation;
  return contextPool.getContextByIndex(at).context.getOpenGLRenderWindow().get3DContext();
}

/** What a context paints with, as the browser tells it; null when it is not of WebGL 2. */
export function nameOf(context: RenderingContext | null): string | null {
  if (!(context instanceof WebGL2RenderingContext)) return null;
  const details = context.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = context.getParameter(
    details ? details.UNMASKED_RENDERER_WEBGL : context.RENDERER,
  );
  return String(name).slice(0, NAME_LENGTH);
}
