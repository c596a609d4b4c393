/** Stands in for vtk.js' WebGPU side: Cornerstone paints with WebGL. */
export {};
