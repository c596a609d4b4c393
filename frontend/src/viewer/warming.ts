import type { RenderingEngine } from "@cornerstonejs/core";
import supportsNorm16Linear from "@kitware/vtk.js/Rendering/OpenGL/Texture/supportsNorm16Linear";

/** Where an engine keeps the contexts that it paints with: it has no door to them. */
interface Inside {
  _implementation: {
    contextPool: { getContextByIndex: (at: number) => { context: Made }; contexts: readonly Made[] };
  };
}
interface Made {
  getOpenGLRenderWindow: () => { get3DContext: () => RenderingContext };
}

// What vtk.js asks a context for at its first picture: each first question waits until the graphics
// process has done all that it was told, the other panes' pictures among it.
const ASKED_FOR = ["OES_texture_float_linear", "WEBGL_debug_renderer_info"];
const OF_16_BITS = "EXT_texture_norm16";
const NAME_LENGTH = 200; // as much of it as the server keeps

/** One of an engine's WebGL contexts, made now if it is not yet (`frontend/contexts.ts`). */
export function contextOf(engine: RenderingEngine, at: number): RenderingContext {
  const { contextPool } = (engine as unknown as Inside)._implementation;
  return contextPool.getContextByIndex(at).context.getOpenGLRenderWindow().get3DContext();
}

/** Those that an engine has made. */
export function contextsOf(engine: RenderingEngine): RenderingContext[] {
  const { contexts } = (engine as unknown as Inside)._implementation.contextPool;
  return contexts.map((each) => each.getOpenGLRenderWindow().get3DContext());
}

/** Browsers give a page sixteen contexts; one that nothing paints in counts until it is collected. */
export function lose(context: RenderingContext): void {
  if (context instanceof WebGL2RenderingContext) context.getExtension("WEBGL_lose_context")?.loseContext();
}

/** Ask now, while nothing is painted, what is asked at a context's first picture. */
export function askAhead(context: RenderingContext): void {
  if (!(context instanceof WebGL2RenderingContext)) return;
  for (const name of ASKED_FOR) context.getExtension(name);
  // Kept for the page; it makes a context of its own to see.
  if (context.getExtension(OF_16_BITS)) supportsNorm16Linear();
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
