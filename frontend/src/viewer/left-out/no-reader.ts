/** Stands in for vtk.js' readers of surface files: nothing here shows surfaces. */
const reader = {
  newInstance(): never {
    throw new Error("This build reads no surface files.");
  },
};

export default reader;
