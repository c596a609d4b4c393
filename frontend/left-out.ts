import { fileURLToPath } from "node:url";

import type { Plugin } from "vite";

/**
 * Modules of Cornerstone and vtk.js that the reading room never runs, and what stands in for each:
 * a browser that waits for its first picture should not wait for them. Whoever updates Cornerstone
 * looks at `npm run build` afterwards: a stand-in that no longer meets its module is an error.
 */
const STAND_INS: readonly (readonly [RegExp, string])[] = [
  // It also pulls a CommonJS XML library and Node's `events`, which break the page at run time.
  [/@kitware\/vtk\.js\/IO\/XML\/XMLPolyDataReader\.js$/, "no-reader"],
  [/@kitware\/vtk\.js\/IO\/Geometry\/(PLY|STL)Reader\.js$/, "no-reader"],
  [/@kitware\/vtk\.js\/IO\/Misc\/(OBJ|MTL)Reader\.js$/, "no-reader"],
  [/@kitware\/vtk\.js\/Rendering\/WebGPU\/Profiles\/\w+\.js$/, "no-webgpu"],
  [/@kitware\/vtk\.js\/Rendering\/Core\/ColorTransferFunction\/ColorMaps\.json\.js$/, "no-colours"],
  [/@cornerstonejs\/metadata\/dist\/esm\/utilities\/Tags\.js$/, "no-tags"],
  [/\/dcmjs\/build\/dcmjs\.es\.js$/, "no-dcmjs"],
  [/@cornerstonejs\/core\/.*\/viewportTypeToViewportClass\.js$/, "viewports"],
  [/@cornerstonejs\/core\/.*\/renderingCapabilities\.js$/, "graphics"],
];

/** Leaves out what is never run. */
export function leaveOut(): Plugin {
  const met = new Set<string>();
  return {
    name: "leave-out",
    load: {
      filter: { id: STAND_INS.map(([module]) => module) },
      handler(id) {
        const found = STAND_INS.find(([module]) => module.test(id));
        if (!found) return null;
        met.add(found[0].source);
        const name = new URL(`./src/viewer/left-out/${found[1]}.ts`, import.meta.url);
        const path = JSON.stringify(fileURLToPath(name));
        const hasDefault = !["no-webgpu", "no-tags", "graphics"].includes(found[1]);
        return `export * from ${path};${hasDefault ? `export { default } from ${path};` : ""}`;
      },
    },
    buildEnd(error) {
      const unmet = STAND_INS.filter(([module]) => !met.has(module.source));
      if (!error && unmet.length > 0) {
        this.error(`No module is met by ${unmet.map(([module]) => module.source).join(", ")}`);
      }
    },
  };
}
