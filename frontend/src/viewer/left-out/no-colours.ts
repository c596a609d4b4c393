/** Stands in for vtk.js' colour maps: pictures here are grey. */
const colourMaps: readonly never[] = [];

export default colourMaps;
