/** Stands in for vtk.js' XMLPolyDataReader, which drags Node modules into the bundle. */
const reader = {
  newInstance(): never {
    throw new Error("This build reads no VTK XML files.");
  },
};

export default reader;
