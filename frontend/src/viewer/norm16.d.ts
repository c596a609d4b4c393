/** vtk.js's look, once a page, at whether textures of 16 bits are blended: it makes a context for it. */
declare module "@kitware/vtk.js/Rendering/OpenGL/Texture/supportsNorm16Linear" {
  export default function supportsNorm16Linear(): boolean;
}
