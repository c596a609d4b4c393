import type { Plugin } from "vite";

const NORM16 = 'getContext("webgl2")';
const UNSMOOTHED = 'getContext("webgl2", { antialias: false })';
const MADE_FLOAT = "pixData.push(new Float32Array(dataArrayToCopy));";
const FLOATS = `
const floats = new Map();
function floatsOf(values) {
  const kept = floats.get(values.length) ?? new Float32Array(values.length);
  if (values.length <= 2 ** 20) floats.set(values.length, kept);
  kept.set(values);
  return kept;
}
`;
const LOOKED = "!supportsNorm16LinearCached()";

/** Modules that make WebGL contexts and textures, and what of each is written anew. */
const MENDS: readonly { module: RegExp; words: readonly (readonly [string, string])[] }[] = [
  {
    module: /@kitware\/vtk\.js\/Rendering\/OpenGL\/RenderWindow\.js$/,
    words: [
      ['powerPreference: "high-performance"', 'powerPreference: "high-performance", antialias: false'],
    ],
  },
  {
    // It looks once, at the first picture, whether textures of 16 bits are blended.
    module: /@kitware\/vtk\.js\/Rendering\/OpenGL\/Texture\/supportsNorm16Linear\.js$/,
    words: [[NORM16, UNSMOOTHED]],
  },
  {
    // A slice becomes floats where textures of 16 bits are not blended: in an array that is used
    // again, as WebGL copies it at once. Four panes left a megabyte a step to be collected.
    module: /@kitware\/vtk\.js\/Rendering\/OpenGL\/Texture\.js$/,
    words: [
      // Where there are no such textures it need not make a context to see whether they are blended.
      [LOOKED, `(!model.oglNorm16Ext || ${LOOKED})`],
      [MADE_FLOAT, "pixData.push(depth || data.length > 1 ? new Float32Array(dataArrayToCopy) : floatsOf(dataArrayToCopy));"],
      ["function vtkOpenGLTexture(publicAPI, model) {", `${FLOATS}function vtkOpenGLTexture(publicAPI, model) {`],
    ],
  },
  {
    // Its contexts are made when they are asked for: all at once they hold up the page's first calls.
    module: /@cornerstonejs\/core\/.*\/WebGLContextPool\.js$/,
    words: [
      ["for (let i = 0; i < count; i++) {", "this.count = count;\n        this.make = (i) => {"],
      ["if (index >= 0 && index < this.contexts.length) {", "while (index < this.count && index >= this.contexts.length) this.make(this.contexts.length);\n        if (index >= 0 && index < this.contexts.length) {"],
    ],
  },
  {
    module: /@cornerstonejs\/core\/.*\/ContextPoolRenderingEngine\.js$/,
    // A stack paints in the context that it is given (`viewer/stage.ts`).
    words: [["this._viewports.size % contexts.length", "defaultOptions.paintsIn ?? 0"]],
  },
];

/**
 * Has WebGL contexts made as vtk.js and Cornerstone have no setting for. Without smoothed edges: a
 * picture fills its pane and has no edge to smooth, and without a graphics processor smoothing is a
 * good part of the work of each slice; inside a picture nothing changes, samples are blended by the
 * texture. And one at a time, when they are first asked for (`viewer/warming.ts`).
 */
export function mendContexts(): Plugin {
  const met = new Set<RegExp>();
  return {
    name: "mend-contexts",
    transform: {
      filter: { id: MENDS.map(({ module }) => module) },
      handler(code, id) {
        const mend = MENDS.find(({ module }) => module.test(id));
        if (!mend?.words.every(([before]) => code.includes(before))) return null;
        met.add(mend.module);
        return { code: mend.words.reduce((all, [before, now]) => all.replace(before, now), code), map: null };
      },
    },
    buildEnd(error) {
      const unmet = MENDS.filter(({ module }) => !met.has(module));
      if (!error && unmet.length > 0) {
        this.error(`Contexts are no longer made as they were: ${unmet.map((each) => each.module.source).join(", ")}`);
      }
    },
  };
}
