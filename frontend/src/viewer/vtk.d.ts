/** vtk.js's look, once a page, at whether textures of 16 bits are blended: it makes a context for it. */
declare module "@kitware/vtk.js/Rendering/OpenGL/Texture/supportsNorm16Linear" {
  export default function supportsNorm16Linear(): boolean;
}

/** How vtk.js paints a volume by WebGL: what a table of such nodes takes. */
declare module "@kitware/vtk.js/Rendering/OpenGL/Volume" {
  const node: { newInstance: (initialValues?: object) => unknown };
  export default node;
}
