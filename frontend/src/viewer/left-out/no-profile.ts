/**
 * Stands in for vtk.js' lists of what it can draw, by WebGL and by WebGPU: Cornerstone has a list of
 * its own (`leaveOutNodes`).
 */
export {};
