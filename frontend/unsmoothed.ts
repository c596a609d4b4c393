import type { Plugin } from "vite";

const MODULE = /@kitware\/vtk\.js\/Rendering\/OpenGL\/RenderWindow\.js$/;
const ASKED = /powerPreference: "high-performance"/;

/**
 * Asks for WebGL contexts without smoothed edges, which vtk.js has no setting for: a picture fills its
 * pane and has no edge to smooth, and without a graphics processor smoothing is a good part of the
 * work of each slice. Inside a picture nothing changes: samples are blended by the texture.
 */
export function unsmoothed(): Plugin {
  let isMet = false;
  return {
    name: "unsmoothed",
    transform: {
      filter: { id: MODULE },
      handler(code) {
        isMet = ASKED.test(code);
        return { code: code.replace(ASKED, "$&, antialias: false"), map: null };
      },
    },
    buildEnd(error) {
      if (!error && !isMet) this.error("vtk.js no longer asks for its contexts as it did");
    },
  };
}
