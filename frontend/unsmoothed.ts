import type { Plugin } from "vite";

const NORM16 = 'getContext("webgl2")';
const UNSMOOTHED = 'getContext("webgl2", { antialias: false })';
const GIVEN_UP = 'getExtension("EXT_texture_norm16");\n\t\tif (!ext) ';

/** Modules of vtk.js that ask for WebGL contexts, and what of each is written anew. */
const MENDS: readonly { module: RegExp; words: readonly (readonly [string, string])[] }[] = [
  {
    module: /@kitware\/vtk\.js\/Rendering\/OpenGL\/RenderWindow\.js$/,
    words: [
      ['powerPreference: "high-performance"', 'powerPreference: "high-performance", antialias: false'],
    ],
  },
  {
    // It looks once, at the first picture, whether textures of 16 bits are blended; where there are
    // none it left its context behind.
    module: /@kitware\/vtk\.js\/Rendering\/OpenGL\/Texture\/supportsNorm16Linear\.js$/,
    words: [
      [NORM16, UNSMOOTHED],
      [GIVEN_UP, `${GIVEN_UP}gl.getExtension("WEBGL_lose_context")?.loseContext();\n\t\tif (!ext) `],
    ],
  },
];

/**
 * Asks for WebGL contexts without smoothed edges, which vtk.js has no setting for: a picture fills its
 * pane and has no edge to smooth, and without a graphics processor smoothing is a good part of the
 * work of each slice. Inside a picture nothing changes: samples are blended by the texture.
 */
export function unsmoothed(): Plugin {
  const met = new Set<RegExp>();
  return {
    name: "unsmoothed",
    transform: {
      filter: { id: MENDS.map(({ module }) => module) },
      handler(code, id) {
        const mend = MENDS.find(({ module }) => module.test(id));
        if (!mend || !mend.words.every(([before]) => code.includes(before))) return null;
        met.add(mend.module);
        return { code: mend.words.reduce((all, [before, now]) => all.replace(before, now), code), map: null };
      },
    },
    buildEnd(error) {
      const unmet = MENDS.filter(({ module }) => !met.has(module));
      if (!error && unmet.length > 0) {
        this.error(`vtk.js no longer asks for its contexts as it did: ${unmet.map((each) => each.module.source).join(", ")}`);
      }
    },
  };
}
