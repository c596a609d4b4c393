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
  [/@kitware\/vtk\.js\/Rendering\/Core\/ColorTransferFunction\/ColorMaps\.json\.js$/, "no-colours"],
  [/@kitware\/vtk\.js\/Rendering\/Profiles\/\w+\.js$/, "no-profile"],
  [/@cornerstonejs\/core\/.*\/constants\/cpuColormaps\.js$/, "no-colours"],
  [/@cornerstonejs\/metadata\/dist\/esm\/utilities\/Tags\.js$/, "no-tags"],
  [/\/dcmjs\/build\/dcmjs\.es\.js$/, "no-dcmjs"],
  [/@cornerstonejs\/core\/.*\/viewportTypeToViewportClass\.js$/, "viewports"],
  [/@cornerstonejs\/core\/.*\/renderingCapabilities\.js$/, "graphics"],
];

/**
 * Cornerstone's table of what draws what in vtk.js. A slice needs these of it; a rebuilt plane adds
 * its own as it is loaded (`src/viewer/volumes.ts`), and nothing else is ever drawn.
 */
const NODES = /@cornerstonejs\/core\/.*\/vtkStreamingOpenGLViewNodeFactory\.js$/;
const OF_SLICES = ["vtkCamera", "vtkImageMapper", "vtkImageSlice", "vtkRenderer", "vtkTexture"];
const ENTRY = /^ *registerOverride\('(\w+)', (\w+)\.newInstance\);\n/gm;

/** Leaves all but a slice's nodes out of the table. */
export function leaveOutNodes(): Plugin {
  let kept = 0;
  return {
    name: "leave-out-nodes",
    transform: {
      filter: { id: NODES },
      handler(code) {
        let slim = code;
        for (const [entry, drawn = "", by = ""] of code.matchAll(ENTRY)) {
          if (OF_SLICES.includes(drawn)) kept += 1;
          else slim = slim.replace(entry, "").replace(new RegExp(`^import ${by} from .*\\n`, "m"), "");
        }
        return { code: slim, map: null };
      },
    },
    buildEnd(error) {
      if (!error && kept !== OF_SLICES.length) this.error("Cornerstone's table of nodes is another one.");
    },
  };
}

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
        const hasDefault = !["no-profile", "no-tags", "graphics"].includes(found[1]);
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
